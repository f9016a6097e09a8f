# Everything that is done with this project; `make help` lists it.

# The first Python that is new enough. Another one: make run PYTHON=/path/to/python
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
WORKBENCH := $(BIN)/workbench
INSTALLED := $(VENV)/installed
CASE ?= fraud
TRIALS ?= 40
JOBS ?= 2
LIVE := tests/live notebooks/live

.DEFAULT_GOAL := help
.PHONY: help install run test test-live check bench soak lab lock

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## create .venv and install from the lock; once, and when the lock changes

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "There is no Python 3.11 or newer: install one, or name it with make PYTHON=..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# A study that was stopped goes on; one that is finished is made anew.
run: $(INSTALLED) ## replay, tune, report and export fraud (or CASE=...) on data/; says where each lies
	$(WORKBENCH) replay $(CASE) --stream data/$(CASE) --out runs/$(CASE)
	$(WORKBENCH) tune $(CASE) --stream data/$(CASE) --trials $(TRIALS) --jobs $(JOBS) --out studies/$(CASE) \
		$(if $(wildcard studies/$(CASE).partial),--resume)
	$(WORKBENCH) report $(CASE) --run studies/$(CASE)/runs/best
	$(WORKBENCH) export studies/$(CASE)/runs/best --out artifacts/$(CASE)
	$(WORKBENCH) verify artifacts/$(CASE)
	@printf '%-9s %s\n' run runs/$(CASE) study studies/$(CASE) reports reports/index.html \
		artifact artifacts/$(CASE)

test: $(INSTALLED) ## run the tests, the doctests and the notebooks, all but those that need servers
	$(BIN)/python -m pytest -n 2 --dist loadfile $(LIVE:%=--ignore=%)

test-live: $(INSTALLED) ## run the tests that need Kafka, RabbitMQ, search engines and other servers
	$(BIN)/python -m pytest -n 2 --dist loadfile $(LIVE)

check: $(INSTALLED) ## ruff and strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(INSTALLED) ## measure what the README says, beside what people use today
	$(BIN)/python -m benchmarks

soak: $(INSTALLED) ## kill every live process and server 25 times under load; nothing may differ
	$(BIN)/python -m benchmarks.live.soak

lab: $(INSTALLED) ## open JupyterLab on the notebooks
	$(WORKBENCH) lab

lock: ## pin every package anew in requirements.lock (needs uv: https://docs.astral.sh/uv)
	printf 'setuptools>=80\n' | uv pip compile pyproject.toml - --all-extras --universal \
		--python-version 3.11 --generate-hashes --upgrade --quiet \
		--custom-compile-command 'make lock' --output-file requirements.lock
