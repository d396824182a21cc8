# make demo   the main job, from nothing: a show, an episode, a feed that was checked
# make test   all tests
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
endif

.DEFAULT_GOAL := help
.PHONY: help demo test test-quick windows lint format bench lock reference messages clean
# Pure modules, the stores, and what goes into pipes: for the hand while working.
QUICK := $(wildcard tests/unit/test_*.py) tests/contract/test_store.py tests/e2e/test_streams.py
# On Windows without what only computes: the judge of sound has no wheel there.
SOUND := assembly channels leveller likeness limiter loudness loudness_ebu mastering mixing survey \
	timeline truepeak turns
ON_WINDOWS := $(filter-out $(SOUND:%=tests/unit/test_%.py),$(QUICK))

help:
	@sed -n 's/^# make/make/p' Makefile
	@echo "make test-quick  the tests that need little time, for the hand while working"
	@echo "make windows     ngopi on Windows, under wine (Debian, Ubuntu)"
	@echo "make lint   style, types, layers"
	@echo "make bench  speed, measured against peers on this machine"

# The locks name everything: --no-deps keeps pip from looking for a newer release of what a
# package wants with an extra, which older pips do and then refuse as not locked.
$(VENV)/demo.stamp: pyproject.toml requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/demo.stamp requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	@touch $@

demo: $(VENV)/demo.stamp
	$(BIN)/ngopi demo demo

test: $(VENV)/dev.stamp
	$(BIN)/python hatch_build.py
	$(BIN)/python -m pytest -n auto --cov --cov-report=term:skip-covered

test-quick: $(VENV)/dev.stamp
	$(BIN)/python hatch_build.py
	$(BIN)/python -m pytest -q -n auto $(QUICK)

windows: $(VENV)/dev.stamp
	$(BIN)/python -P tools/windows.py --tests $(ON_WINDOWS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks

reference: $(VENV)/dev.stamp
	$(BIN)/python tools/make_reference.py

messages: $(VENV)/dev.stamp
	$(BIN)/python tools/update_messages.py
	$(BIN)/python hatch_build.py

lock: $(VENV)/dev.stamp
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 --group dev pyproject.toml -o requirements-dev.txt

clean:
	rm -rf $(VENV) demo dist build .coverage*
