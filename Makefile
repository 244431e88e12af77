# `make` alone says what there is. Everything runs in .venv, which `make setup` makes and keeps up to date.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
DIR ?= /usr/share
# What YES=1 allows: installing what is missing through sudo, without a question
CONSENT := $(if $(YES),--yes)
PROVISION = $(PYTHON) optimizer/cli/provision.py $(CONSENT)

##@ Start

.PHONY: help
help:  ## Show this help
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n%s\n' 'YES=1 lets setup, demo, up, test, bench-storage, bench-api and chaos install missing Debian packages through sudo without asking.'

.PHONY: setup
setup: .venv/stamp  ## Make .venv with .venv/bin/hro (PYTHON=python3.12 to choose one, 3.11 or newer)

.PHONY: demo
demo: .venv/stamp  ## Show what the service finds below a folder, and change nothing (DIR=/usr/share)
	@$(BIN)/hro demo $(CONSENT) -- '$(subst ','\'',$(DIR))'

.PHONY: up
up: .venv/stamp  ## Run the service here until Ctrl-C, on http://127.0.0.1:11110
	@exec $(BIN)/hro up $(CONSENT)

##@ Develop

.PHONY: test
test: .venv/stamp  ## Run all tests, with servers of their own (T='tests/unit -k walk' for some)
	@$(PROVISION) redis-server rabbitmq-server curl e2fsprogs btrfs-progs xfsprogs iproute2
	$(BIN)/pytest $(T)

.PHONY: check
check: .venv/stamp  ## Check style, types and the directions of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/architecture

.PHONY: lock
lock:  ## Write both lock files anew from pyproject.toml
	@.ci/lock

##@ Measure

# The trees need some 9 GB there at SCALE=1, and stay for the next time
BENCH_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/hro-bench
PEERS = jdupes rdfind fdupes rmlint util-linux gdu ncdu

.PHONY: bench-storage
bench-storage: .venv/stamp  ## Measure dupes and usage beside other tools (SCALE= ROUNDS= ONLY= COLD=1 MILLION=1 GOALS=1)
	@$(PROVISION) $(PEERS)
	@$(BIN)/python -m benchmarks.storage --dir '$(subst ','\'',$(BENCH_DIR))' \
		$(if $(SCALE),--scale $(SCALE)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(WAIT),--wait $(WAIT)) \
		$(if $(BENCH_PYTHON),--python '$(subst ','\'',$(BENCH_PYTHON))') $(if $(ONLY),--only $(ONLY)) \
		$(if $(COLD),--cold) $(if $(MILLION),--million) $(if $(GOALS),--enforce-goals)

.PHONY: bench-api
bench-api: .venv/stamp  ## Measure what accepting a job costs beside an empty route and a bare one (ROUNDS=5 SECONDS=5 GOALS=1)
	@$(PROVISION) redis-server
	@$(BIN)/python -m benchmarks.api --out '$(subst ','\'',$(BENCH_DIR))/api.json' \
		$(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(WAIT),--wait $(WAIT)) \
		$(if $(GOALS),--enforce-goals)

.PHONY: chaos
chaos: .venv/stamp  ## Kill every part while jobs flow, then account for each (SECONDS=600 SEED=1 JOBS=5000 KEEP=1 PROVE=1)
	@$(PROVISION) redis-server rabbitmq-server
	@$(BIN)/python -m benchmarks.chaos --out '$(subst ','\'',$(BENCH_DIR))/chaos.json' \
		$(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(JOBS),--jobs $(JOBS)) \
		$(if $(KEEP),--keep) $(if $(PROVE),--prove-accounting)

##@ Containers

.PHONY: test-containers
test-containers: .venv/stamp  ## Bring the stack up on the engine that DOCKER_HOST names, and test it (IMAGE= to use a built one)
	@IMAGE='$(IMAGE)' $(BIN)/pytest -s -o norecursedirs='.*' -o addopts='--import-mode=importlib -ra' $(or $(T),tests/containers)

# --- .venv: made anew where its Python is gone, filled again when a lock or pyproject.toml has changed ----------

.venv/stamp: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'hro: $(PYTHON) is missing or older than 3.11. Name another one: make PYTHON=python3.12' >&2; exit 1; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || { $(PROVISION) python3-venv && $(PYTHON) -m venv --clear .venv; }
	@echo 'Filling .venv, which takes about a minute the first time …'
	@$(BIN)/python -u -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r $< | $(PROGRESS)
	@$(BIN)/pip install --disable-pip-version-check -q --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $@

# One line that pip's many become: the packages so far, of those that the lock names. Nothing where nobody watches
PROGRESS = awk -v all=$$(grep -c '==' $<) -v tty=$$([ -t 2 ] && echo 1) \
	'tty && /^Collecting / { printf "\r\033[K  %d of %d: %s", ++n, all, $$2 > "/dev/stderr"; fflush("/dev/stderr") } \
	END { if (n) print "" > "/dev/stderr" }'
