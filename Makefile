# Everything runs from one virtual environment in .venv; PYTHON picks the interpreter that makes it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := protocol net storage raft metadata client server controller broker cli testing tests bench
# As pip does for what is not editable: without it, where nobody may write bytecode, each start compiles everything.
COMPILE = $(BIN)/python -m compileall -q $(SOURCES)

.PHONY: run test lint simulate mutants interop bench format docs messages check clean

run: $(VENV)/installed
	$(BIN)/barnabas dev

# BARNABAS_SOAK=60 goes on with killing brokers and clients for so many seconds where transactions are to be exactly once
# (tests/cluster/test_transactions.py, and in make interop tests/interop/clients/test_client_transactions.py).
test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -q tests --ignore=tests/interop

# The whole cluster under simulated time and faults: SEEDS=200 many, or SEED=n one, with all that happens; for 40
# simulated seconds each, or SECONDS=600.
simulate: $(VENV)/installed-dev
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),100)) $(if $(SECONDS),--seconds $(SECONDS))

# Deliberate bugs, each of which the simulation must find: minutes.
mutants: $(VENV)/installed-dev
	BARNABAS_MUTANTS=1 $(BIN)/python -m pytest -q tests/simulation/test_mutants.py

# Beside Apache Kafka itself and with clients of other languages: needs a JDK (17), Maven, Go and Node with npm, kcat if
# there; what is missing is said and skipped.
interop: $(VENV)/installed-dev
	$(BIN)/python -m pytest -q -rs tests/interop

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

check: test lint interop

# Beside Apache Kafka, if Java is there; all takes a quarter of an hour. ONLY="NAME ..." runs some; docs/performance.md.
bench: $(VENV)/installed-dev
	$(COMPILE)
	$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(JSON),--json $(JSON))

format: $(VENV)/installed-dev
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

docs: $(VENV)/installed-dev
	$(BIN)/python tests/support/file_map.py

messages: $(VENV)/installed-dev
	$(BIN)/python -m barnabas.protocol.generate

clean:
	rm -rf $(VENV) .barnabas build dist *.egg-info src/*.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Barnabas needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	$(COMPILE)
	touch $@

$(VENV)/installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(COMPILE)
	touch $@ $(VENV)/installed
