# One command each: demo, test, check, bench. Each installs what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check bench

demo: $(VENV)/.ready
	$(BIN)/deployer lab demo

test: $(VENV)/.tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/ansible-lint --offline
	$(BIN)/yamllint --strict playbooks inventories tests

bench: $(VENV)/.tests
	$(BIN)/python -m tests.bench

# What Debian and PyPI bring, once; a stamp is made anew when its list changes.
$(VENV)/.ready: pyproject.toml .ci/packages
	.ci/packages
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.tests: $(VENV)/.ready
	.ci/packages test
	$(BIN)/python -m pip install --quiet --group dev
	touch $@
