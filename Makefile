# `make demo` serves the explorer, `make test` checks everything. Both set themselves up: they need Python and make.

VENV ?= .venv
PORT ?= 8050
ROWS ?= 0
# The first of these that is new enough.
PYTHON ?= python3.13 python3.12 python3.11 python3 python
RUN := $(VENV)/bin
# Where the oldest releases are, some of which were never built for the newest Python.
OLDEST := $(VENV)-oldest
OLDEST_PYTHON := python3.11 python3.12 python3.13 python3 python
# The tests of what goes through Dash, pandas or pyarrow, and which take a second each or less.
OLDEST_TESTS := tests/callbacks tests/transforms tests/http tests/store

.PHONY: help demo test test-oldest lint bench docs pictures clean

help:
	@echo "make demo      serve examples/explorer.py: PORT=$(PORT) ROWS=$(ROWS)"
	@echo "make test      run the linters and every test, those in the browser too; ARGS= goes to pytest"
	@echo "make test-oldest  run the tests of callbacks, transforms and the store with the oldest Dash and pandas"
	@echo "make lint      run ruff, mypy and pyright"
	@echo "make bench     measure, and print ratios"
	@echo "make docs      build the documentation's site"
	@echo "make pictures  take the pictures in docs/images anew"
	@echo "make clean     remove the virtual environments"

demo: $(VENV)/demo.stamp
	@echo "The explorer is at http://127.0.0.1:$(PORT)/ (Ctrl+C ends it)."
	@PORT=$(PORT) $(RUN)/python examples/explorer.py --rows $(ROWS)

test: lint
	@sh tests/install_programs.sh
	$(RUN)/python -m pytest -m "not browser" -n auto --dist loadfile $(ARGS)
	@# By themselves, since what they wait for takes longer beside tests that keep every core busy.
	$(RUN)/python -m pytest -m browser -n auto --dist load $(ARGS)

test-oldest:
	@$(MAKE) --no-print-directory VENV="$(OLDEST)" $(if $(filter file default,$(origin PYTHON)),PYTHON="$(OLDEST_PYTHON)") \
	  $(OLDEST)/oldest.stamp
	$(OLDEST)/bin/python -m pytest -m "not browser and not server" -n auto --dist loadfile $(OLDEST_TESTS) $(ARGS)

lint: $(VENV)/test.stamp
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/pyright --pythonpath $(RUN)/python

bench: $(VENV)/bench.stamp
	@for file in tests/bench/bench_*.py; do echo "== $$file"; $(RUN)/python $$file $(ARGS) || exit 1; done

docs: $(VENV)/docs.stamp
	NO_MKDOCS_2_WARNING=1 $(RUN)/mkdocs build --strict
	@echo "Open site/index.html."

pictures: $(VENV)/test.stamp $(VENV)/docs.stamp
	@sh tests/install_programs.sh
	$(RUN)/python docs/take_pictures.py

clean:
	rm -rf $(VENV) $(OLDEST)

# A stamp says what was installed, so that a second run starts at once; a change of pyproject.toml makes it anew.

$(VENV)/python.stamp:
	@for python in $(PYTHON); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
	  found="$$found$$($$python -V 2>/dev/null | sed 's/^/ /')"; python=; \
	done; \
	test -n "$$python" || { \
	  echo "Python 3.11 or newer is needed; found:$${found:- no Python}."; \
	  echo "Install one, or say where it is: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }; \
	echo "Making $(VENV) with $$($$python -V). The first time, this takes a minute or two."; \
	$$python -m venv --clear $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "$$python can't make a virtual environment. On Debian: apt-get install python3-venv"; exit 1; }
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@touch $@

$(VENV)/demo.stamp: pyproject.toml | $(VENV)/python.stamp
	@$(RUN)/python -m pip install --quiet --editable ".[demo]"
	@touch $@

$(VENV)/test.stamp: pyproject.toml | $(VENV)/python.stamp
	@echo "Installing what the tests need."
	@$(RUN)/python -m pip install --quiet --editable . --group test
	@touch $@

$(VENV)/oldest.stamp: pyproject.toml | $(VENV)/python.stamp
	@echo "Installing the oldest releases."
	@$(RUN)/python -m pip install --quiet --editable . --group suite --group oldest
	@touch $@

$(VENV)/bench.stamp: pyproject.toml | $(VENV)/test.stamp
	@$(RUN)/python -m pip install --quiet --group bench
	@touch $@

$(VENV)/docs.stamp: pyproject.toml | $(VENV)/python.stamp
	@$(RUN)/python -m pip install --quiet --editable . --group docs
	@touch $@
