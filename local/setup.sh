#!/usr/bin/env bash
# Installs everything that is pinned, into this folder only: uv in .tools, the Python packages in .venv,
# the CDK CLI in node_modules. Does nothing, at once, when nothing has changed. Called by the Makefile.
set -eu -o pipefail
cd "$(dirname "$0")/.."
: "${UV_VERSION:?set by the Makefile}"
logs=.local/logs
uv_stamp=.tools/.uv-$UV_VERSION

fresh() {  # fresh <stamp> <what it was made from>...: true when the stamp is newer than all of them
  local stamp=$1 source
  [ -e "$stamp" ] || return 1
  shift
  for source in "$@"; do
    if [ "$source" -nt "$stamp" ]; then return 1; fi
  done
}

python_packages() {
  export UV_PYTHON_DOWNLOADS=never
  if [ ! -e "$uv_stamp" ] || [ ! -x .tools/bin/uv ]; then
    "$python" -m venv --clear .tools
    .tools/bin/pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
    touch "$uv_stamp"
  fi
  # uv takes a package for installed whose files it was still copying when it was stopped: begin again then.
  if [ -e .venv/.installing ]; then rm -rf .venv; fi
  if [ ! -e .venv ]; then .tools/bin/uv venv --python "$python" .venv; fi
  touch .venv/.installing
  # Not --compile-bytecode: it takes longer than all the rest, and most modules are never imported.
  # --inexact: what the user added (`make setup-encoders`) stays.
  .tools/bin/uv sync --frozen --inexact --python "$python"
  touch .venv/.stamp
  rm -f .venv/.installing
}

cdk_cli() {
  npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.stamp
}

fresh .venv/.stamp pyproject.toml uv.lock && need_python="" || need_python=yes
fresh node_modules/.stamp package.json package-lock.json && need_node="" || need_node=yes
if [ -z "$need_python$need_node" ]; then exit 0; fi

python=$(bash local/preflight.sh)
mkdir -p "$logs"

# Each job gets a process group of its own, so that all of it can be ended.
set -m
job_pids=() job_names=() job_logs=() job_codes=()
start() {  # start <name> <log> <function>
  "$3" >"$2" 2>&1 </dev/null &
  job_pids+=($!) job_names+=("$1") job_logs+=("$2") job_codes+=("")
}
end_jobs() {
  local i
  trap '' INT TERM HUP
  for i in "${!job_pids[@]}"; do
    if [ -z "${job_codes[$i]}" ]; then kill -TERM -- "-${job_pids[$i]}" 2>/dev/null || true; fi
  done
  wait 2>/dev/null || true
}
trap 'end_jobs; echo; echo "triage: set-up stopped; run the command again to go on" >&2; exit 130' INT TERM HUP

if [ -n "$need_python" ]; then start "the Python packages" "$logs/setup-python.log" python_packages; fi
if [ -n "$need_node" ]; then start "the CDK CLI" "$logs/setup-node.log" cdk_cli; fi

width=0
draw() {  # one line for all jobs, redrawn in place; nothing where there is no terminal
  [ -t 1 ] || return 0
  printf '\r%-*s' "$width" "$1"
  width=${#1}
}
for i in "${!job_names[@]}"; do
  if [ ! -t 1 ]; then echo "==> installing ${job_names[$i]}"; fi
done
SECONDS=0
running=${#job_pids[@]}
failed=""
while [ "$running" -gt 0 ] && [ -z "$failed" ]; do
  sleep 0.2
  line="installing:"
  for i in "${!job_pids[@]}"; do
    if [ -z "${job_codes[$i]}" ] && ! kill -0 "${job_pids[$i]}" 2>/dev/null; then
      code=0
      wait "${job_pids[$i]}" || code=$?
      job_codes[$i]=$code
      running=$((running - 1))
      if [ "$code" -ne 0 ]; then failed=$i; break; fi
      draw ""
      if [ -t 1 ]; then printf '\r'; fi
      echo "    ${job_names[$i]}: installed in $SECONDS s"
    fi
    if [ -z "${job_codes[$i]}" ]; then line="$line ${job_names[$i]} ($SECONDS s)"; fi
  done
  if [ "$running" -gt 0 ]; then draw "$line"; fi
done
if [ -n "$failed" ]; then
  end_jobs
  draw ""
  {
    echo
    echo "triage: installing ${job_names[$failed]} failed. The end of its log:"
    tail -n 15 "${job_logs[$failed]}" | sed 's/^/    /'
    echo "All of it: ${job_logs[$failed]}. Is the network there? Run the command again to go on."
  } >&2
  exit 1
fi
