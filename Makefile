# make run    set up (first time only) and serve a demo meeting
# make test   set up and run every check and test
# make setup  set up alone: .venv with pinned packages

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?= -n 2
LOCK := .ci/constraints.txt

.PHONY: run setup test setup-test clean

run: $(VENV)/.ready
	@exec $(BIN)/diemcau demo $(ARGS)

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: apt install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check -c $(LOCK) -e .
	@touch $@

setup-test: $(VENV)/.ready-test

$(VENV)/.ready-test: $(VENV)/.ready pyproject.toml web/package-lock.json .ci/packages
	bash .ci/packages
	$(BIN)/pip install --quiet --disable-pip-version-check -c $(LOCK) -e '.[dev]'
	cd web && npm ci --silent --no-audit --no-fund
	@touch $@

test: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd web && npx --no-install tsc --noEmit
	node --test tests/js/
	$(BIN)/pytest $(PYTEST_ARGS)

clean:
	rm -rf $(VENV) web/node_modules
