# One Makefile, nothing else to learn.  `make` alone lists what there is.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SERVE  ?= 1
PORT   ?= 8000
TOPIC  ?= demo
DEMO   ?= workspaces
JOBS   ?= 3
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test prove lint format bench docs lock clean

help: ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(VENV)/.run ## a real shop and a simulated service: install, run, open the dashboard (SERVE=0: run only)
	@$(BIN)/cip demo $(DEMO) --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve,)

test: $(VENV)/.dev ## every test that this machine can run; what it lacks is listed at the end
	@$(BIN)/python -m pytest -m "not proof" -n $(JOBS) --dist loadfile --no-loadscope-reorder

prove: $(VENV)/.dev ## the long statistical proofs at full counts; writes docs/proofs.md
	@$(BIN)/python -m scripts.prove

lint: $(VENV)/.dev ## format, style, types, import directions, house rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q tests/test_house.py

format: $(VENV)/.dev ## let ruff set the format and mend what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## make bench TOPIC=demo: figures of one topic against its peers (FULL=1: the heavy ones too)
	@$(BIN)/python -m bench.$(TOPIC)

docs: $(VENV)/.dev ## write the reference pages that come from the code
	@$(BIN)/python -m scripts.reference

lock: $(VENV)/.dev ## resolve the lock files anew, for all platforms, with hashes and without a registry's name
	@$(BIN)/python -m scripts.lock

clean: ## remove the environment and the demo's workspace
	rm -rf $(VENV) workspaces

$(VENV)/.run: requirements/run.txt pyproject.toml scripts/preflight.py
	@$(PYTHON) scripts/preflight.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what CIP needs into $(VENV) (once; about a minute)"
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "installing the test tools into $(VENV) (once; about a minute)"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
