#!/usr/bin/env bash
# Installs Debian's Chromium, as root, for the tests of the console. They call it where CI=true or
# TRIAGE_BROWSER_TEST=1; on a machine of yours it is yours to run.
set -eu -o pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
# Another installation may be under way: wait for its lock.
apt-get install --quiet=2 --yes --no-install-recommends -o DPkg::Lock::Timeout=300 \
  chromium fonts-inter fonts-dejavu-core >/dev/null
