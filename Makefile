# Two commands do everything from a fresh clone: `make demo` and `make test`. PYTHON chooses the interpreter.
PYTHON ?= python3
BIN := .venv/bin
USABLE := .venv/usable
CLIPS := .venv/clips
READY := .venv/ready
# pip would compile all 380 MB of source; Python compiles the eighth that is used, and keeps it unless it is told not to.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt
unexport PYTHONDONTWRITEBYTECODE
SUPPORTED := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lddu needs Python 3.11 or newer; say make PYTHON=python3.11")'

.PHONY: demo test tests-but-slow test-slow lint format clean

demo: $(CLIPS)
	$(BIN)/lddu predict default --text "What a wonderful surprise, I love it!" --text "We lost everything, and I cry at night." --text "Please send me the report by Friday."
	$(BIN)/lddu data talking --clips 1 --out runs/demo-clips --force
	$(BIN)/lddu predict default runs/demo-clips --html runs/demo-page --force
	$(BIN)/lddu train --training.epochs 5 --out runs/demo --force

# Types are checked on one processor while the tests, which take longer, use what is left of two.
test: $(READY)
	@$(MAKE) --no-print-directory --jobs 2 lint tests-but-slow

# In the order of their names the files end with the shortest, docs and docstrings, so that no worker waits for the other.
tests-but-slow: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

test-slow: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest --hypothesis-profile thorough -m "slow or hypothesis"

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
	@$(SUPPORTED)
	@echo "Setting up .venv, once: PyTorch, lddu and what it needs. About 1.5 GB (several more where pip takes PyTorch's GPU build); some minutes."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(INSTALL) --editable .
	@touch $@

$(CLIPS): $(USABLE)
	@echo "Adding what reads clips and serves a page, once. About 1.1 GB more; a minute or two."
	@$(INSTALL) --editable ".[clips,serve]"
	@touch $@

# All at once, and not after what the demo needs: pip looks for versions and builds lddu once.
$(READY): pyproject.toml constraints.txt
	@$(SUPPORTED)
	@echo "Setting up .venv with all extras and the tools for tests, once. About 3.2 GB (several more where pip takes PyTorch's GPU build); some minutes."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(INSTALL) --editable ".[dev,mosei,clips,speech,remote,search,serve,ray]"
	@touch $(USABLE) $(CLIPS) $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
