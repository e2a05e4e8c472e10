# Every command of this project; `make help` lists them. Each builds first what it needs and does not build it twice.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PY := .venv/bin/python
RUNS := .venv/.runs-$(shell cat requirements.txt | sha256sum | cut -c1-16)
TESTS := .venv/.tests-$(shell cat requirements.txt tests/requirements.txt | sha256sum | cut -c1-16)
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --no-input

# $(call debian,packages): installs them where we may, else says in one sentence what to install.
define debian
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
  echo "Installing $(1)"; said=$$(mktemp); export DEBIAN_FRONTEND=noninteractive; \
  { apt-get -qq update && apt-get -qq -o Dpkg::Use-Pty=0 install --no-install-recommends $(1); } >"$$said" 2>&1 || { cat "$$said" >&2; exit 1; }; \
  rm "$$said"; \
else echo "Missing on this machine; please install it first: sudo apt-get install $(1)" >&2; exit 1; fi
endef

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | while IFS=$$'\t' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

# --- running ---

.PHONY: setup run serve htmx-local
setup: $(RUNS)  ## build .venv with what the product runs on
	@:

run: export HUB_MODE := demo
run: export FLASK_SKIP_DOTENV := 1
run: $(RUNS)  ## the whole demonstration on this machine: sandbox providers, demo people; ctrl-C stops it
	@exec $(PY) -m flask --app wsgi up

serve: export HUB_MODE := serve
serve: $(RUNS)  ## the same set for real use: no sandbox, settings from .env
	@exec $(PY) -m flask --app wsgi up

htmx-local: $(RUNS)  ## fetch the pinned htmx, prove its hash, and let run and serve hand it out themselves
	@$(PY) -m dashboard.vendored

# Once fetched, our own copy is used unless HTMX_URL says otherwise.
ifneq ($(wildcard static/vendor/htmx-*/htmx.min.js),)
run serve: export HTMX_URL ?= /$(lastword $(sort $(wildcard static/vendor/htmx-*/htmx.min.js)))
endif

# --- proving ---

.PHONY: test check format bench chaos
test: check $(TESTS) chromium  ## everything that CI runs
	@$(PY) -m pytest -q -n 2 --dist loadfile -m "not faults and not browser and not slow"
	@$(PY) -m pytest -q -n 2 -m "faults and not slow"
	@$(PY) -m pytest -q -m "browser and not slow"

check: $(TESTS)  ## form, lint, types, import contracts and templates; no tests
	@$(PY) -m ruff format --check --quiet . || { echo "Not formatted: make format" >&2; exit 1; }
	@$(PY) -m ruff check --quiet .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/djlint --quiet --lint templates

format: $(TESTS)  ## put the code into its form
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix --quiet .

bench: $(TESTS)  ## speed, requests, statements and memory, beside the floor measured in the same run
	@$(PY) -m tests.bench

chaos: $(TESTS)  ## the long fault tests
	@$(PY) -m pytest -q -m slow

.PHONY: chromium
chromium:  # with letters to write, and what Playwright's own node stands on
	@command -v chromium >/dev/null && [ -n "$(wildcard /usr/lib/*/libatomic.so.1 /usr/lib64/libatomic.so.1)" ] || { $(call debian,chromium fonts-liberation fonts-dejavu-core libatomic1); }

# --- building ---

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name it: make PYTHON=/path/to/python3 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(call debian,python3-venv); }
	@echo "Building .venv"
	@$(PYTHON) -m venv --clear .venv
	@touch $@

$(RUNS): .venv/.made
	@echo "Installing requirements.txt"
	@$(PIP) -r requirements.txt
	@rm -f .venv/.runs-*; touch $@

$(TESTS): $(RUNS)
	@echo "Installing tests/requirements.txt"
	@$(PIP) -r tests/requirements.txt
	@rm -f .venv/.tests-*; touch $@

.PHONY: lock clean
lock:  ## prove that requirements.txt names every package that it brings
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; $(PYTHON) -m venv "$$folder"; "$$folder/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt; \
	diff <(sed -nE 's/^([A-Za-z0-9_-]+==[^ ;]+).*/\1/p' requirements.txt | tr A-Z_ a-z- | sort) <("$$folder/bin/pip" freeze | tr A-Z_ a-z- | sort) && echo "Nothing drifts."

clean:  ## remove .venv, caches and what tests wrote; never the data folder
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache tests/out static/vendor
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
