# Everything runs in .venv, made here from the lock files; nothing needs to be installed by hand
# beyond make, cargo and Python. `make PYTHON=...` names an interpreter.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-rust test-python fuzz fuzz-rust fuzz-python fuzz-plans bench coverage docs check build \
    lock clean toolchain

CARGO ?= cargo
# Any python3.N on the path, the newest first, then python3. A version manager may leave commands that only complain,
# so each candidate is tried; names like python3.13-config and python3.13t are passed over.
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell { IFS=:; for place in $$PATH; do ls "$$place" 2>/dev/null; done \
    | sed -n 's/^python3\.\([1-9][0-9]*\)$$/\1/p' | sort -rnu | sed 's/^/python3./'; echo python3; } \
    | while read -r name; do \
    if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' </dev/null >/dev/null 2>&1; then echo $$name; break; fi; \
    done)
endif

BIN := .venv/bin
# Cargo looks for an interpreter on its own otherwise, and may find one that is too old.
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python
unexport PYTHONPATH PYTHONHOME CONDA_PREFIX
unexport MAKEFLAGS MFLAGS

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -o -name Cargo.toml)

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

demo: .venv/.native ## the front of twenty million plans, on the screen
	$(BIN)/isoflop pareto examples/moe_quality.toml

test: test-rust test-python ## every test, Rust then Python

# Not a debug build: clever and plain ways are compared over many random spaces.
test-rust: | toolchain
	$(CARGO) test --profile checked --locked --package isoflop-core

test-python: .venv/.native | test-rust
	$(BIN)/python -m pytest

# How many random cases `make fuzz` asks: in Rust so many times as many as the tests do (7,500), and in Python.
# Something is planted in each of them. Another seed each time, which is printed; `make fuzz FUZZ_SEED=` asks the
# same again.
FUZZ_RUST_TIMES ?= 27
FUZZ_CASES ?= 300000
ifeq ($(origin FUZZ_SEED),undefined)
FUZZ_SEED := $(shell date +%s)
endif

fuzz: fuzz-rust fuzz-python fuzz-plans ## random questions against brute force: FUZZ_RUST_TIMES=, FUZZ_CASES=, FUZZ_SEED=

fuzz-rust: | toolchain
	@echo "fuzz: $(FUZZ_RUST_TIMES) times 7,500 cases of seed $(FUZZ_SEED) by rust/core/tests/sweep"
	PLANTED=always PROPTEST_RNG_SEED=$(FUZZ_SEED) FUZZ=$(FUZZ_RUST_TIMES) \
	    $(CARGO) test --profile checked --locked --package isoflop-core --test sweep
	@echo "fuzz: $(FUZZ_RUST_TIMES) times 7,500 cases of seed $(FUZZ_SEED): nothing differs"

fuzz-python: .venv/.native | fuzz-rust
	$(BIN)/python tests/fuzz.py --cases $(FUZZ_CASES) --seed $(FUZZ_SEED)

FUZZ_PLANS ?= 500

fuzz-plans: .venv/.native | fuzz-python
	$(BIN)/python tests/fuzz_plans.py --cases $(FUZZ_PLANS) --seed $(FUZZ_SEED)

bench: .venv/.native .venv/.bench ## the yardsticks against their rivals
	$(BIN)/python -m benches

docs: .venv/.native ## every page of docs/ that is made: laws, accounting, sweep files, rules of thumb, quality
	$(BIN)/python tools/docs/build.py

COVERAGE_SIMULATIONS ?= 2000

coverage: .venv/.native ## how often intervals of fits hold the truth: COVERAGE_SIMULATIONS=
	$(BIN)/python -m benches.tools.coverage --simulations $(COVERAGE_SIMULATIONS)

check: .venv/.native ## formatting, lints, types, stubs: warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict
	$(BIN)/python -m mypy.stubtest isoflop._native --allowlist .stubtest-allowlist

build: .venv/.native ## the engine and all that tests need, without running them

# Stamps: each stands for a step that is done, and is as old as what the step was done with.

.venv/.python: | toolchain
	$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.lock
	@touch $@

.venv/.native: $(RUST_SOURCES) pyproject.toml README.md .venv/.dev | toolchain
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/maturin develop --release --locked
	@touch $@

# After the engine: two pips at once would write over each other.
.venv/.bench: requirements-bench.lock | .venv/.native
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-bench.lock
	@touch $@

lock: | toolchain ## write the lock files anew from Cargo.toml and pyproject.toml
	$(CARGO) update
	rm -rf target/lock
	$(PYTHON) -m venv target/lock
	# pip is locked too: older ones do not know dependency groups.
	target/lock/bin/python -m pip install --quiet 'pip>=25.1'
	target/lock/bin/python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	    print(*project["dependencies"], *project["optional-dependencies"]["cli"], sep="\n")' > target/lock/runtime.txt
	target/lock/bin/pip install --quiet --requirement target/lock/runtime.txt --group dev
	target/lock/bin/pip freeze --all --exclude setuptools --exclude wheel > requirements-dev.lock
	target/lock/bin/pip install --quiet --constraint requirements-dev.lock --group bench
	target/lock/bin/pip freeze --all --exclude setuptools --exclude wheel > requirements-bench.lock
	rm -rf target/lock

clean: ## remove everything that was built
	rm -rf .venv target .hypothesis .pytest_cache .mypy_cache .ruff_cache
	rm -f python/isoflop/_native*.so python/isoflop/_native*.pyd
	find python tests benches tools examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# What is missing or too old, in one line. Looked at anew by every target that builds.

minimum_python := $(shell sed -n 's/^requires-python = ">=\(.*\)"/\1/p' pyproject.toml)
minimum_rust := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
python_version = $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
python_venv = $(shell $(PYTHON) -c 'import ensurepip, venv; print("venv")' 2>/dev/null)
cargo_version = $(shell $(CARGO) --version 2>/dev/null | awk '{ print $$2 }')
# $(call older,HAVE,NEED) is "older" if version HAVE comes before NEED.
older = $(shell echo $(1) $(2) | awk '{ split($$1, have, "."); split($$2, need, "."); \
    if (have[1] * 1000 + have[2] < need[1] * 1000 + need[2]) print "older" }')
get_python = isoflop needs Python $(minimum_python) or newer: install it, or name one with make PYTHON=/path/to/python
get_rust = isoflop needs cargo $(minimum_rust) or newer: get it from https://rustup.rs (or run rustup update)

toolchain:
	$(if $(PYTHON),,$(error $(get_python)))
	$(if $(python_version),,$(error $(PYTHON) does not run; $(get_python)))
	$(if $(call older,$(python_version),$(minimum_python)),$(error $(PYTHON) is $(python_version); $(get_python)))
	$(if $(python_venv),,$(error $(PYTHON) has no venv module: install it (on Debian and Ubuntu, package python3-venv)))
	$(if $(cargo_version),,$(error $(CARGO) does not run; $(get_rust)))
	$(if $(call older,$(cargo_version),$(minimum_rust)),$(error $(CARGO) is $(cargo_version); $(get_rust)))
