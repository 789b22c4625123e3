# Everything a person or a CI job does here. Needs make and Python 3.11 or newer, nothing else;
# what is missing is installed into .venv by the first command that needs it.
#
#   make demo   try it: JupyterLab on a terminal, a headless run without one; no account needed
#   make test   every check: style, types, layers, tests
#   make bench  the benchmarks
#   make screenshots  the pictures of the README

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; \
	done)

.DEFAULT_GOAL := help
.PHONY: help demo install chromium lint types layers unit test bench screenshots clean

help:
	@sed -n '/^#   make/s/^#   //p' Makefile

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: see https://www.python.org/downloads/"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp per set of packages: pip runs again only when the metadata or the kernelspec changed.
$(VENV)/.lab: $(BIN)/python pyproject.toml $(wildcard kernelspec/*)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[lab]'
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml $(wildcard kernelspec/*)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@ $(VENV)/.lab

install: $(VENV)/.test

demo: $(VENV)/.lab
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/jupyter-codex demo; else $(BIN)/jupyter-codex demo --execute; fi

# The browser tests drive Chromium; where apt-get and root are at hand it is installed for them.
chromium:
	@if command -v chromium chromium-browser google-chrome >/dev/null 2>&1; then :; \
	elif command -v apt-get >/dev/null 2>&1 && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; \
	else $(BIN)/python -m playwright install chromium; fi

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/pyright

layers: $(VENV)/.test
	$(BIN)/lint-imports

unit: $(VENV)/.test chromium
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test: lint types layers unit

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/.test chromium
	$(BIN)/python -m docs.screenshots

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
