# Leadapron: each target does what it says. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test lint accuracy bench soak lab fuzz docs lock clean

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SCENARIO ?= lab/department.toml
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

demo: .venv/.runs ## assess the bundled capture and write demo-report.html (lang=fr for French)
	$(BIN)/leadapron demo $(if $(lang),--lang $(lang)) --report demo-report.html

test: lint ## install, lint, run every test; what was left out is listed with its reason
	$(BIN)/python -m pytest -n 2 --dist loadfile -rs

lint: .venv/.develops ## style, types and architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

accuracy: .venv/.develops ## recall and precision on the captures with a known truth
	$(BIN)/python -m bench.accuracy

bench: .venv/.develops ## CPU and memory beside the peers that are installed
	$(BIN)/python -m bench
	$(BIN)/python -m bench.spread
	$(BIN)/python -m bench.cut
	$(BIN)/python -m bench.guard

soak: .venv/.develops ## thirty minutes of mixed load through the guard, with its memory curve
	$(BIN)/python -m bench.guard.soak --minutes 30

lab: .venv/.develops ## build a department in network namespaces and capture it (root; see lab/packages.txt)
	$(BIN)/python -m lab build $(SCENARIO) --out build/lab/$(basename $(notdir $(SCENARIO)))

fuzz: .venv/.fuzzes ## feed hostile bytes to every parser for a while
	$(BIN)/python -m tests.fuzz
	$(BIN)/python -m tests.guard.faults.storm 60

docs: .venv/.develops ## build the documentation in docs/_build, warnings are errors
	$(BIN)/sphinx-build -W -q -b html docs docs/_build

lock: .venv/.develops ## resolve the dependencies again into the hashed lock files
	$(LOCK) --extra build -o requirements.lock pyproject.toml
	$(LOCK) --extra build --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml
	$(LOCK) --extra build --extra dev --extra fuzz -c requirements-dev.lock -o requirements-fuzz.lock pyproject.toml

clean: ## remove everything make built, the virtual environment included
	rm -rf .venv build dist docs/_build demo-report.html .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis

# Three stamps for one environment: what running needs, what developing needs on top, and fuzzing (large). Only
# files whose hash is locked are installed; the project itself is built without fetching anything.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Leadapron needs Python 3.11 or later; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.runs: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.develops: requirements-dev.lock pyproject.toml | .venv/bin/python
	$(PIP) install --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ .venv/.runs

.venv/.fuzzes: requirements-fuzz.lock | .venv/.develops
	$(PIP) install --require-hashes -r requirements-fuzz.lock
	@touch $@
