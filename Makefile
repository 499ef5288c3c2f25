# Everything runs in .venv, which is made from requirements.lock.  All paths are relative, so
# that a checkout may lie anywhere.
#
#   make demo          the demo experiment, from nothing; prints its table
#   make plan          what a run would do, why, how long and how much disk; changes nothing
#   make resume        go on after a run was killed
#   make test          the tests: PYTEST_ARGS="-k pooling"
#   make soak          tests that take long: many more kills
#   make fuzz          damaged archives and YAML by the thousand: FUZZ="archives --inputs 5000 --seed 2"
#   make bench         measure speed, memory and disk against their budgets: BENCH="render features"
#   make bench-full    the same, whole where that scales up from a part
#   make lint          formats, types, the workflow's own lint
#   make environment   only .venv
#   make lock          new versions of everything: writes requirements.lock
#
# VENV=/elsewhere is the place of .venv, for a checkout whose path has a space.
# Another experiment, fewer cores: make resume CORES=4 SNAKEMAKE_ARGS="--configfile experiments/NAME.yaml"

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
CORES ?= all
SNAKEMAKE_ARGS ?=
PYTEST_ARGS ?= -n 3 --dist loadfile --no-loadscope-reorder
BENCH ?=
FUZZ ?=

PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq
SNAKEFILES := Snakefile workflow/rules

# A stamp is named after the content of what it was installed from: no other content matches it.
PINS := requirements.lock requirements.in requirements-dev.in
KEY := $(shell cat $(PINS) | cksum | cut -d " " -f 1)
RUN := $(VENV)/run-$(KEY)
DEV := $(VENV)/dev-$(KEY)

.PHONY: demo plan resume test soak fuzz bench bench-full lint environment lock
.DELETE_ON_ERROR:

demo: $(RUN)
	$(PY) -m snakemake --cores $(CORES)
	@cat results/demo/tables/summary.md

plan: $(RUN)
	@$(PY) -m workflow.preview --cores $(CORES) $(SNAKEMAKE_ARGS)

resume: $(RUN)
	@$(PY) workflow/resume.py --cores $(CORES) $(SNAKEMAKE_ARGS)

test: $(DEV)
	$(PY) -m pytest $(PYTEST_ARGS)

soak: $(DEV)
	$(PY) -m pytest -m soak $(PYTEST_ARGS)

fuzz: $(DEV)
	nice $(PY) -m tests.fuzz $(FUZZ)

bench: $(DEV)
	$(PY) -m benchmarks $(BENCH)

bench-full: $(DEV)
	$(PY) -m benchmarks --full $(BENCH)

lint: $(DEV)
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m snakefmt --check $(SNAKEFILES)
	$(PY) -m snakemake --lint
	$(PY) -m mypy

environment: $(RUN)

# The lock constrains and does not list: a run needs no compiler for the test oracles.
$(RUN):
	@$(call check_python)
	@echo "Installing what a run needs into $(VENV) (a few minutes)"
	@"$(PYTHON)" -m venv $(VENV)
	@rm -f $(VENV)/run-* $(VENV)/dev-*
	@$(PIP) install -r requirements.in -c requirements.lock
	@touch $@

$(DEV): | $(RUN)
	@echo "Installing what tests and lint need into $(VENV) (a few minutes)"
	@$(PIP) install -r requirements-dev.in -c requirements.lock
	@touch $@

# A version without its local part (+cpu), so that each user gets the build of their machine;
# without what torch brings along for one kind of GPU.
lock:
	@$(call check_python)
	rm -rf build/lock
	"$(PYTHON)" -m venv build/lock
	build/lock/bin/python -m pip --disable-pip-version-check install -r requirements-dev.in
	@{ echo "# Every package of .venv, exactly: made by \`make lock\` from requirements-dev.in."; \
	   build/lock/bin/python -m pip freeze --all | sed 's/+.*//' \
	   | grep -Eiv '^(pip|wheel|triton|(nvidia|cuda)[-_a-z0-9]*)==' | LC_ALL=C sort -f; } > build/lock.txt
	mv build/lock.txt requirements.lock

# Snakemake calls the Python that runs it without quotes, so that its path can have no space.
define check_python
case "$(VENV)" in /*) ;; *) case "$(CURDIR)" in *" "*) echo "make: '$(CURDIR)' has a space in it, which Snakemake's scripts cannot run from: move the checkout, or make VENV=/path/without/spaces" >&2; exit 1;; esac;; esac; \
"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null \
|| { echo "make: '$(PYTHON)' is no Python 3.11 or later: install it, or make PYTHON=/path/to/python3.11" >&2; exit 1; }; \
"$(PYTHON)" -c 'import ensurepip, venv' 2> /dev/null \
|| { echo "make: '$(PYTHON)' has no venv: install python3-venv (Debian, Ubuntu) and make again" >&2; exit 1; }
endef
