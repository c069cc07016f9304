PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# Nothing leaves this machine but what `fetch` asks for.
export MLFLOW_DISABLE_TELEMETRY := true
export GX_ANALYTICS_ENABLED := false
export DVC_NO_ANALYTICS := true

.DEFAULT_GOAL := help
.PHONY: help install repro test lint test-slow bench ui lock clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

install: $(VENV)/.installed  ## Create .venv with the locked environment

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "Python 3.11 to 3.13 is needed. Received: $$($(PYTHON) --version)"; \
	       echo "Name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; } >&2
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip --disable-pip-version-check install --quiet uv
	$(VENV)/bin/uv pip sync --quiet --compile-bytecode --python $(VENV)/bin/python requirements.lock
	@$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python \
	  --no-deps --no-build-isolation --editable .
	@touch $@

repro: install  ## Run the stages of params.yaml that are out of date
	@pedigree check
	@dvc repro

test: install lint  ## Lint, types, import contracts and tests
	pytest -m "not slow" --numprocesses auto --dist loadgroup

lint: install  ## Lint, types and import contracts alone
	ruff check .
	ruff format --check .
	mypy
	lint-imports

test-slow: install  ## The tests that take more than a minute
	pytest -m slow --numprocesses auto --dist loadgroup

bench: install  ## Measure the pipeline, trainings, the proof of leaves, lineage, serving and searches
	python bench/overhead.py
	python bench/training.py
	python bench/leaves.py
	python bench/lineage.py
	python bench/serving.py
	python bench/search.py

ui: install  ## Open the MLflow UI on 127.0.0.1
	@pedigree ui

lock: install  ## Resolve requirements.lock anew
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --extra dev --upgrade \
	  pyproject.toml --output-file requirements.lock

clean:  ## Remove the environment and the caches of tools, no result
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
