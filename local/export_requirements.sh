#!/usr/bin/env bash
# Writes the two requirements files from uv.lock, with hashes: requirements.txt for everything, and
# lambdas/requirements.txt for what a function imports. Below the folder given, or in the checkout.
set -eu -o pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.tools/bin/uv}
into=${1:-.}

export_to() {  # export_to <file> <what it is> <uv's options>...
  local file=$into/$1 what=$2
  shift 2
  mkdir -p "$(dirname "$file")"
  {
    echo "# $what Made from uv.lock by \`make lock\`: do not edit."
    "$uv" export --quiet --frozen --no-emit-project --no-header --no-annotate "$@"
  } >"$file"
}

export_to requirements.txt "Everything: serving, training, infrastructure, the laptop, tests." --all-groups
export_to lambdas/requirements.txt "What a decision function imports." --no-default-groups
