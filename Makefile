# Every command of the README is a target here. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.9
UV := .tools/bin/uv
PY := .venv/bin/python
CDK := node_modules/.bin/cdk
export PYTHONPATH := $(CURDIR)
export PYTHONUNBUFFERED := 1
# A wheel folder that pip is told of is told to uv too (an air-gapped or CPU-only mirror, say).
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS := $(PIP_FIND_LINKS)
endif

SERVICE ?= tickets

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# ---- set up -----------------------------------------------------------------------------------
$(UV):
	@bash local/preflight.sh
	@echo "==> installing uv $(UV_VERSION) into .tools"
	@python3 -m venv .tools && .tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.stamp: pyproject.toml uv.lock | $(UV)
	@echo "==> installing the pinned Python packages into .venv"
	@$(UV) sync --quiet --frozen --compile-bytecode && touch $@

node_modules/.stamp: package.json package-lock.json
	@bash local/preflight.sh
	@echo "==> installing the pinned CDK CLI into node_modules"
	@npm ci --silent --no-audit --no-fund && touch $@

setup: .venv/.stamp node_modules/.stamp  ## install everything that is pinned, into this folder only

# ---- on a laptop ------------------------------------------------------------------------------
up: setup  ## train, deploy into the embedded AWS, publish, call: the whole system on this machine
	@$(PY) -m local up

down:  ## stop what `make up` started
	@if [ -x $(PY) ]; then $(PY) -m local down; else echo "nothing is set up here, so nothing is running"; fi

inbox: setup  ## the alarm mails a user would have got
	@$(PY) -m local inbox

status: setup  ## what runs, where, and with which model
	@$(PY) -m local status

# ---- models -----------------------------------------------------------------------------------
train: setup  ## train SERVICE=tickets [CSV=my.csv TEXT=subject,body LABEL=queue TIME= GROUP= ENCODER=]
	@$(PY) -m model_build train $(SERVICE) $(if $(CSV),--csv "$(CSV)") $(if $(TEXT),--text "$(TEXT)") \
	  $(if $(LABEL),--label "$(LABEL)") $(if $(TIME),--time "$(TIME)") $(if $(GROUP),--group "$(GROUP)") \
	  $(if $(ENCODER),--encoder "$(ENCODER)") $(TRAIN_FLAGS)

publish: setup  ## publish the newest bundle of SERVICE to S3 and make it live
	@$(PY) -m model_build publish $(SERVICE) $(if $(VERSION),--version "$(VERSION)") $(PUBLISH_FLAGS)

# ---- quality ----------------------------------------------------------------------------------
lint: setup  ## ruff, mypy, import-linter
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

test: setup  ## every test, end-to-end ones too
	@$(MAKE) lint && .venv/bin/pytest

bench: setup  ## the benchmarks: prints the table and saves it in benchmarks/results/
	@$(PY) -m benchmarks

# ---- AWS --------------------------------------------------------------------------------------
synth: setup  ## the CloudFormation templates, offline
	@$(CDK) synth --quiet && echo "templates are in cdk.out/"

openapi: setup  ## regenerate what is generated from the schemas
	@$(PY) -m cdk.openapi

lock: $(UV)  ## resolve the pins again and rewrite every file made from them
	@$(UV) lock && bash local/export_requirements.sh

.PHONY: help setup up down inbox status train publish lint test bench synth openapi lock
