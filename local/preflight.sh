#!/usr/bin/env bash
# Checks what has to be there before anything is installed: Python, Node, npm, disk.
# Prints the Python to use on standard output; every problem found, and what to do, on standard error.
# Plain bash 3.2 and POSIX tools, as macOS has them.
set -u
cd "$(dirname "$0")/.." || exit 1

NEED_GB=3        # the Python packages, compiled on first use, the CDK CLI, and the caches beside them
NEED_AGAIN_GB=1  # when they are there already
problems=0

problem() {
  problems=$((problems + 1))
  printf 'triage: %s\n' "$1" >&2
}

find_python() {
  local name newest=""
  for name in python3 python3.13 python3.12 python3.11 python3.14; do
    command -v "$name" >/dev/null 2>&1 || continue
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      if "$name" -c 'import ensurepip, venv' 2>/dev/null; then
        # The interpreter itself: not a shim in front of it, nor the virtual environment of another project.
        "$name" -c 'import sys; print(getattr(sys, "_base_executable", "") or sys.executable)'
        return
      fi
      newest="$name cannot make virtual environments: install its venv module (Debian, Ubuntu: apt-get install python3-venv)."
    elif [ -z "$newest" ]; then
      newest="$("$name" --version 2>&1) is too old: install Python 3.11 or newer (https://www.python.org/downloads/)."
    fi
  done
  problem "${newest:-Python is missing: install Python 3.11 or newer (https://www.python.org/downloads/).}"
  return 1
}

check_node() {
  local version
  if ! command -v node >/dev/null 2>&1; then
    problem "Node is missing, and the CDK CLI runs on it: install Node 18 or newer (https://nodejs.org/en/download)."
    return
  fi
  version=$(node --version 2>/dev/null)
  case "${version#v}" in
    [0-9]*) ;;
    *) problem "node does not tell its version ('$version'): install Node 18 or newer (https://nodejs.org/en/download)."
       return ;;
  esac
  version=${version#v}
  if [ "${version%%.*}" -lt 18 ]; then
    problem "Node $version is too old for the CDK CLI: install Node 18 or newer (https://nodejs.org/en/download)."
  fi
  if ! command -v npm >/dev/null 2>&1; then
    problem "npm is missing: it comes with Node from https://nodejs.org/en/download (Debian, Ubuntu: apt-get install npm)."
  fi
}

check_disk() {
  local free need=$NEED_GB
  [ -e .venv/.stamp ] && need=$NEED_AGAIN_GB
  free=$(df -Pk . 2>/dev/null | awk 'NR == 2 { print $4 }')
  case "$free" in '' | *[!0-9]*) return ;; esac
  if [ "$free" -lt $((need * 1000 * 1000)) ]; then
    problem "only $((free / 1000)) MB of disk are free here, $need GB are needed: make room, or move this folder."
  fi
}

python=$(find_python)
found_python=$?
[ $found_python -eq 0 ] || problems=$((problems + 1))
check_node
check_disk
[ $problems -eq 0 ] || exit 1
printf '%s\n' "$python"
