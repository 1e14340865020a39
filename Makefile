# Two commands do everything from a fresh clone: `make demo` and `make test`. PYTHON chooses the interpreter.
PYTHON ?= python3
BIN := .venv/bin
USABLE := .venv/usable
READY := .venv/ready

.PHONY: demo test test-slow lint format clean

demo: $(USABLE)
	$(BIN)/lddu train --training.epochs 14 --out runs/demo --force

test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile -m "not slow"

test-slow: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest -m slow

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry src
	$(BIN)/codespell src tests docs benchmarks *.md

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

$(USABLE): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lddu needs Python 3.11 or newer; say make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(READY): $(USABLE)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,mosei,clips,speech,remote,search,distributed,ray]"
	touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
