# Every command of the README is a target here. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export UV_VERSION := 0.13.9
UV := .tools/bin/uv
PY := .venv/bin/python
CDK := node_modules/.bin/cdk
export PYTHONPATH := $(CURDIR)
export PYTHONUNBUFFERED := 1
# onnxruntime reports its use over the network unless told not to.
export ORT_DISABLE_TELEMETRY := 1
# A wheel folder that pip is told of is told to uv too (an air-gapped or CPU-only mirror, say).
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS := $(PIP_FIND_LINKS)
endif

SERVICE ?= tickets

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

setup:  ## install everything that is pinned, into this folder only
	@bash local/setup.sh

# Not in the lock: from PyPI it would bring 2 GB of CUDA to everyone on Linux. The CPU build is enough.
ENCODER_PACKAGES := torch==2.13.0 transformers==5.23.0 onnxscript==0.7.2
setup-encoders: setup  ## PyTorch and transformers too, for ENCODER=hf:<model> (CPU only, about 1 GB)
	@$(UV) pip install --python $(PY) $(if $(UV_FIND_LINKS),,--torch-backend cpu) $(ENCODER_PACKAGES)

# ---- on a laptop ------------------------------------------------------------------------------
up: setup  ## the whole system on this machine: train, deploy into the embedded AWS, publish, call [STREAM=kafka]
	@$(PY) -m local up $(if $(STREAM),--stream $(STREAM))

down:  ## stop what `make up` started; its state is kept
	@if [ -x $(PY) ]; then $(PY) -m local down; else echo "Nothing is set up here, so nothing is running."; fi

reset:  ## stop it and forget what the embedded AWS held; your models are kept
	@if [ -x $(PY) ]; then $(PY) -m local reset; else echo "Nothing is set up here, so there is nothing to forget."; fi

inbox: setup  ## the mails of alarms and alerts a user would have got
	@$(PY) -m local inbox

stream: setup  ## put transactions on the stream: CSV=my.csv [TO=kafka SHIFT=1 LIMIT=1000]
	@$(PY) -m local stream $(if $(CSV),"$(CSV)") $(if $(TO),--to $(TO)) $(if $(SHIFT),--shift) \
	  $(if $(LIMIT),--limit $(LIMIT))

redrive: setup  ## what the stream could not decide, and why; GO=1 sends it back [AWS=1: of your account]
	@$(PY) -m local redrive $(if $(GO),--go) $(if $(AWS),--aws)

reviewer: setup  ## an account for a reviewer: EMAIL=ana@example.com [LEAD=1] [AWS=1: in your account]
	@if [ -z "$(EMAIL)" ]; then echo 'triage: say who: make reviewer EMAIL=ana@example.com' >&2; exit 1; fi
	@$(PY) -m local reviewer "$(EMAIL)" $(if $(LEAD),--lead) $(if $(AWS),--aws)

drill: setup  ## break each dependency of the running stack on purpose: who notices, what is lost [DRILL=storage]
	@$(PY) -m local drill $(DRILL)

prometheus: setup  ## what a Prometheus of yours needs to scrape the stack: configuration, alerts, key [AWS=1]
	@$(PY) -m local prometheus $(if $(AWS),--aws)

logs: setup  ## what the functions wrote, newest last
	@$(PY) -m local logs

status: setup  ## what runs, where, and which models answer
	@$(PY) -m local status

# ---- models -----------------------------------------------------------------------------------
# SERVICE=transactions takes CARD= MERCHANT= AMOUNT= TIME= LABEL= CATEGORY= PLACE=lat,long POSITIVE= instead of TEXT.
# SERVICE=content takes IMAGE= AUDIO= (columns with paths) beside TEXT or in its place, LABEL=toxic or
# LABEL=toxicity,threat, and POSITIVE= too.
DATA_OPTIONS = $(if $(CSV),--csv "$(CSV)") $(if $(TEXT),--text "$(TEXT)") \
  $(if $(LABEL),--label "$(LABEL)") $(if $(TIME),--time "$(TIME)") $(if $(GROUP),--group "$(GROUP)") \
  $(if $(TEST_CSV),--test-csv "$(TEST_CSV)") $(if $(DELIMITER),--delimiter "$(DELIMITER)") \
  $(if $(ENCODER),--encoder "$(ENCODER)") $(if $(CARD),--card "$(CARD)") \
  $(if $(MERCHANT),--merchant "$(MERCHANT)") $(if $(AMOUNT),--amount "$(AMOUNT)") \
  $(if $(CATEGORY),--category "$(CATEGORY)") $(if $(PLACE),--place "$(PLACE)") \
  $(if $(POSITIVE),--positive "$(POSITIVE)") $(if $(IMAGE),--image "$(IMAGE)") \
  $(if $(AUDIO),--audio "$(AUDIO)")
train: setup  ## train SERVICE=tickets [CSV=my.csv TEXT=subject,body LABEL=queue TIME= GROUP= TEST_CSV= DELIMITER= ENCODER=]
	@$(PY) -m model_build train $(SERVICE) $(DATA_OPTIONS) $(TRAIN_FLAGS)

publish: setup  ## make the newest bundle of SERVICE live [VERSION=], on the laptop or, with AWS=1, in your account
	@$(PY) -m local publish $(SERVICE) $(if $(AWS),--aws) $(if $(VERSION),--version "$(VERSION)") $(PUBLISH_FLAGS)

rollout: setup  ## a bundle takes over by steps and undoes itself [VERSION= STEPS=1,10,50,100 WAIT= LEAST= SHADOW=1 RESUME=1 FORCE=1 AWS=1]
	@$(PY) -m local rollout $(SERVICE) $(if $(AWS),--aws) $(if $(VERSION),--version "$(VERSION)") \
	  $(if $(STEPS),--steps "$(STEPS)") $(if $(WAIT),--wait "$(WAIT)") $(if $(LEAST),--least "$(LEAST)") \
	  $(if $(SHADOW),--shadow) $(if $(RESUME),--resume) $(if $(FORCE),--force) $(ROLLOUT_FLAGS)

rollback: setup  ## undo the rollout that runs, or the newest one, within seconds [AWS=1 FORCE=1]
	@$(PY) -m local rollback $(SERVICE) $(if $(AWS),--aws) $(if $(FORCE),--force)

ab: setup  ## two versions beside each other on live traffic: A= B= (those of the newest rollout) [SINCE=7d UNTIL= SHARE= AWS=1]
	@$(PY) -m local ab $(SERVICE) $(if $(A),--a "$(A)") $(if $(B),--b "$(B)") $(if $(SINCE),--since "$(SINCE)") \
	  $(if $(UNTIL),--until "$(UNTIL)") $(if $(SHARE),--share "$(SHARE)") $(if $(AWS),--aws)

fairness: setup  ## how a content model treats groups [VERSION= CSV= TEXT= LABEL= GROUPS=a,b MITIGATE=thresholds LIVE=1]
	@if [ -n "$(LIVE)" ]; then $(PY) -m local fairness $(if $(AWS),--aws); else \
	  $(PY) -m model_build fairness $(or $(filter-out tickets,$(SERVICE)),content) \
	  $(if $(VERSION),--version "$(VERSION)") $(if $(CSV),--csv "$(CSV)") $(if $(TEXT),--text "$(TEXT)") \
	  $(if $(LABEL),--label "$(LABEL)") $(if $(GROUPS),--groups "$(GROUPS)") \
	  $(if $(POSITIVE),--positive "$(POSITIVE)") $(if $(MITIGATE),--mitigate "$(MITIGATE)") $(FAIRNESS_FLAGS); fi

drift: setup  ## what has changed since SERVICE's model was trained: a report with plots [SINCE= UNTIL= AWS=1]
	@$(PY) -m local drift $(SERVICE) $(if $(SINCE),--since "$(SINCE)") $(if $(UNTIL),--until "$(UNTIL)") $(if $(AWS),--aws)

retrain: setup  ## train again with people's verdicts, on the laptop's or, with AWS=1, your account's; takes CSV= ... as train
	@$(PY) -m local retrain $(SERVICE) $(if $(AWS),--aws) $(DATA_OPTIONS) $(RETRAIN_FLAGS)

value: setup  ## money and hours saved today and this month, by service [SERVICE= AWS=1 JSON=1]
	@$(PY) -m local value $(if $(filter file,$(origin SERVICE)),,$(SERVICE)) $(if $(AWS),--aws) $(if $(JSON),--json)

# ---- quality ----------------------------------------------------------------------------------
lint: setup  ## ruff, mypy, import-linter
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

test: setup  ## every test, end-to-end ones too
	@if [ -n "$${TRIAGE_ENCODER_TEST:-}" ]; then \
	  $(MAKE) setup-encoders || echo "PyTorch cannot be had here: the tests of hf: encoders skip themselves"; fi
	@$(MAKE) lint && .venv/bin/pytest

bench: setup  ## the benchmarks: prints the table and saves it in benchmarks/results/
	@$(PY) -m benchmarks

# ---- AWS --------------------------------------------------------------------------------------
synth: setup  ## the CloudFormation templates, offline
	@$(CDK) synth --quiet && echo "The templates are in cdk.out/"

# Each service by its name in capitals: TICKETS=50000, and so a new one.
COST_SERVICES = $(shell $(PY) -c "from cdk.services import SERVICES; print(*(s.name for s in SERVICES))")
cost: setup  ## what a month costs: DECISIONS=100000 [TICKETS= TRANSACTIONS= CONTENT= IMAGE_MB= ACCOUNT=new|old JSON=1]; docs/cost.md
	@$(PY) -m cdk.cost $(if $(DECISIONS),--decisions "$(DECISIONS)") \
	  $(foreach s,$(COST_SERVICES),$(if $($(shell echo $(s) | tr a-z- A-Z_)),--service $(s)=$($(shell echo $(s) | tr a-z- A-Z_)))) \
	  $(if $(IMAGE_MB),--set image_mb=$(IMAGE_MB)) $(if $(AUDIO_SECONDS),--set audio_seconds=$(AUDIO_SECONDS)) \
	  $(if $(ACCOUNT),--account $(ACCOUNT)) $(foreach each,$(SET),--set $(each)) \
	  $(foreach each,$(CONTEXT),--context $(each)) $(if $(PRICES),--prices "$(PRICES)") $(if $(JSON),--json)

deploy: setup  ## to your AWS account: ALARM_EMAIL=me@example.com [CDK_FLAGS="-c monthly_budget_usd=5"]
	@if [ -z "$(ALARM_EMAIL)" ]; then \
	  echo 'triage: say who gets the alarms: make deploy ALARM_EMAIL=me@example.com' >&2; exit 1; fi
	@$(CDK) bootstrap $(CDK_FLAGS)
	@$(CDK) deploy --all -c alarm_email="$(ALARM_EMAIL)" $(CDK_FLAGS)

# ---- upkeep -----------------------------------------------------------------------------------
openapi: setup  ## regenerate what is generated from the schemas
	@$(PY) -m cdk.openapi

lock: setup  ## resolve the pins again and rewrite every file made from them
	@$(UV) lock && bash local/export_requirements.sh

clean: down  ## delete what was made here: models, templates, the laptop's state, caches; not what was installed
	@rm -rf build cdk.out mlruns .local .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . \( -name .venv -o -name .tools -o -name node_modules \) -prune -o -type d -name __pycache__ -exec rm -rf {} +

.PHONY: help setup setup-encoders up down reset inbox stream redrive reviewer drill prometheus logs status train publish rollout rollback ab fairness drift retrain value lint test bench synth cost deploy openapi lock clean
