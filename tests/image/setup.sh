#!/usr/bin/env bash
# Installs what builds and runs containers without a Docker engine, on Debian and as root. The tests
# of the image call it where CI=true or TRIAGE_IMAGE_TEST=1; on a machine of yours it is yours to run.
set -eu -o pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
# mmdebstrap and the keyring make the stand-in base; runc, because Debian's crun wants cgroups v2.
apt-get install --quiet=2 --yes --no-install-recommends \
  podman runc slirp4netns mmdebstrap debian-archive-keyring >/dev/null
