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
.PHONY: help demo install labextension chromium lint types layers unit test bench screenshots clean

help:
	@sed -n '/^#   make/s/^#   //p' Makefile

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: see https://www.python.org/downloads/"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp per set of packages: pip runs again only when the metadata or the kernelspec changed.
# It builds the labextension where that is missing, and brings Node for it.
$(VENV)/.lab: $(BIN)/python pyproject.toml $(wildcard kernelspec/*)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[lab]'
	@$(LINK)
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml $(wildcard kernelspec/*)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@$(LINK)
	@touch $@ $(VENV)/.lab

# Apart, as it changes how every JupyterLab that finds it opens documents.
$(VENV)/rtc: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefix $@ 'jupyter-collaboration>=4'
	@touch $@

# What JupyterLab loads is the build in the checkout, not the copy of it that pip made.
LABEXTENSIONS := $(VENV)/share/jupyter/labextensions
LINK = rm -rf $(LABEXTENSIONS)/codex-kernel-labextension && mkdir -p $(LABEXTENSIONS) && \
	ln -s "$(CURDIR)/codex_kernel/labextension" $(LABEXTENSIONS)/codex-kernel-labextension

# Node and npm are those of the virtual environment.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix labextension
NODE_MODULES := labextension/node_modules/.package-lock.json
BUILT := codex_kernel/labextension/static/style.js

$(NODE_MODULES): labextension/package-lock.json $(VENV)/.test
	$(NPM) ci --silent
	@touch $@

$(BUILT): $(NODE_MODULES) $(wildcard labextension/*.json) \
		$(shell find labextension/src labextension/style labextension/schema -type f)
	$(NPM) run --silent build:prod
	@touch $@

labextension: $(BUILT)

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

lint: $(VENV)/.test $(NODE_MODULES)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(NPM) run --silent lint

types: $(VENV)/.test
	$(BIN)/pyright

layers: $(VENV)/.test
	$(BIN)/lint-imports

# Most tests wait for processes of their own: two files at a time take little more than half as long.
unit: $(VENV)/.test $(VENV)/rtc $(BUILT) chromium
	$(NPM) test
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile $(PYTEST_ARGS)

test: lint types layers unit

bench: $(VENV)/.test $(BUILT)
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/.test $(BUILT) chromium
	$(BIN)/python -m docs.screenshots

clean:
	rm -rf $(VENV) codex_kernel/labextension labextension/lib labextension/node_modules build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
