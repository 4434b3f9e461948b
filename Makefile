# Tamna: `make run` starts a living hospital, `make test` runs every test.
PYTHON ?= python3.11
VENV := .venv
PIP := $(VENV)/bin/python -m pip
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev

.PHONY: run test lint type unit e2e bench bench-check bench-lists screenshots torture load wheel messages clean

run: $(READY)
	$(VENV)/bin/tamna up

test: $(READY_DEV)
	$(VENV)/bin/python tools/debian.py
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile tests/unit tests/integration tests/golden
	$(VENV)/bin/python -m pytest tests/e2e

$(READY): pyproject.toml constraints.txt
	$(PYTHON) tools/make_venv.py $(VENV)
	$(PIP) install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(READY_DEV): $(READY)
	$(PIP) install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

lint: $(READY_DEV)
	$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/lint-imports

type: $(READY_DEV)
	$(VENV)/bin/mypy

unit: $(READY_DEV)
	$(VENV)/bin/python -m pytest tests/unit

e2e: $(READY_DEV)
	$(VENV)/bin/python tools/debian.py
	$(VENV)/bin/python -m pytest tests/e2e

bench: $(READY_DEV)
	$(VENV)/bin/python -m bench

bench-check: $(READY_DEV)
	$(PIP) install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(VENV)/bin/python -m bench.check

bench-lists: $(READY_DEV)
	$(VENV)/bin/python -m bench.lists

load: $(READY_DEV)
	$(VENV)/bin/python -m bench.load

torture: $(READY_DEV)
	$(VENV)/bin/python -m bench.torture

screenshots: $(READY_DEV)
	$(VENV)/bin/python tools/debian.py
	$(VENV)/bin/python -m tools.screenshots

messages: $(READY_DEV)
	$(VENV)/bin/python tools/messages.py

wheel: $(READY_DEV)
	$(PIP) wheel --quiet --no-deps -w dist .

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
