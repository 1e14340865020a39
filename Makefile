# Two commands do everything from a fresh clone: `make demo` and `make test`. PYTHON chooses the interpreter.
PYTHON ?= python3
BIN := .venv/bin
USABLE := .venv/usable
CLIPS := .venv/clips
READY := .venv/ready
# pip compiles one file after the other; afterwards all cores do it in half the time. Some packages hold files that do not compile.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt
COMPILE := $(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true

.PHONY: demo test tests-but-slow test-slow lint format clean

demo: $(CLIPS)
	$(BIN)/lddu predict default --text "What a wonderful surprise, I love it!" --text "We lost everything, and I cry at night." --text "The meeting is at ten."
	$(BIN)/lddu data talking --clips 1 --out runs/demo-clips --force
	$(BIN)/lddu predict default runs/demo-clips --html runs/demo-page --force
	$(BIN)/lddu train --training.epochs 5 --out runs/demo --force

# Types are checked on one processor while the tests, which take longer, use what is left of two.
test: $(READY)
	@$(MAKE) --no-print-directory --jobs 2 lint tests-but-slow

tests-but-slow: $(READY)
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
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lddu needs Python 3.11 or newer; say make PYTHON=python3.11")'
	@echo "Setting up .venv, once: PyTorch, lddu and what it needs. About 1.5 GB (several more where pip takes PyTorch's GPU build); some minutes."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(INSTALL) torch
	@$(INSTALL) --editable .
	@$(COMPILE)
	@touch $@

$(CLIPS): $(USABLE)
	@echo "Adding what reads clips and serves a page, once. About 1.1 GB more; a minute or two."
	@$(INSTALL) --editable ".[clips,serve]"
	@$(COMPILE)
	@touch $@

$(READY): $(CLIPS)
	@echo "Adding the extras and the tools for tests, once. About 0.8 GB more; some minutes."
	@$(INSTALL) --editable ".[dev,mosei,clips,speech,remote,search,serve,ray]"
	@$(COMPILE)
	@touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
