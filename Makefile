# One command each: demo, test, check, bench. Each installs what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check bench parts

demo: parts
	$(BIN)/deployer lab demo

test: parts
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: parts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/ansible-lint --offline
	$(BIN)/yamllint --strict playbooks inventories tests

bench: parts
	$(BIN)/python -m tests.bench

# What Debian and PyPI bring, once; the stamp is made anew when the list changes.
parts: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml .ci/packages
	.ci/packages
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@
