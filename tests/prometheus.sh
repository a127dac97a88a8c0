#!/usr/bin/env bash
# Unpacks Debian's Prometheus and promtool into the folder given. Nothing is installed; only where apt has no list of
# packages yet it is asked for one, which takes root. The tests of the exporter call this.
set -eu -o pipefail
into=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

update() {
  if [ "$(id -u)" = 0 ]; then apt-get update --quiet=2; else sudo --non-interactive apt-get update --quiet=2; fi
}

apt-get download --quiet=2 prometheus || { update && apt-get download --quiet=2 prometheus; }
dpkg -x prometheus_*.deb root
mkdir -p "$into"
# promtool last: who finds it finds both.
mv root/usr/bin/prometheus "$into/"
mv root/usr/bin/promtool "$into/"
