# Everything starts here. Needs python3 (3.11 or later) with venv, and make. Works from any directory:
# make -C PATH serve. The first run installs pinned packages into .venv; later runs need no network.

ROOT := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
PYTHON ?= python3
VENV := $(ROOT)/.venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.install-stamp
DEV_STAMP := $(VENV)/.dev-stamp
# `make serve PORT=9000` is an option of the command; a HOST or PORT that a shell happens to export is none.
# Without, the settings count: TOUSU_HOST, TOUSU_PORT, the file of TOUSU_CONFIG.
OPTIONS := $(if $(filter command,$(origin HOST)),--host $(HOST)) $(if $(filter command,$(origin PORT)),--port $(PORT))

.PHONY: help install serve test unit cover check check-wheel check-deps docs lock model bench chaos wheelhouse

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(ROOT)/Makefile | sed 's/:.*## /\t/' | expand -t 14

install: $(STAMP) ## the environment in .venv, pinned, with the command .venv/bin/tousu

$(STAMP): $(ROOT)/requirements.lock $(ROOT)/pyproject.toml
	@echo "Installing the pinned packages into .venv (about a minute) ..."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(ROOT)/requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e $(ROOT)
	$(BIN)/tousu doctor --warm
	@touch $(STAMP)

serve: $(STAMP) ## the service on 127.0.0.1:8000 (HOST=, PORT=)
	cd $(ROOT) && $(BIN)/tousu serve $(OPTIONS)

# What the tests need beside the product itself.
$(DEV_STAMP): $(STAMP) $(ROOT)/requirements-dev.lock
	@echo "Installing the pinned test packages into .venv ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(ROOT)/requirements-dev.lock
	@touch $(DEV_STAMP)

test: check ## style, types and every test
	cd $(ROOT) && $(BIN)/python -m pytest $(PARALLEL)

# A file of tests stays with one process: what its tests share is made once.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile

# Tests that start no server, no database, no browser and train no model of their own.
UNIT := tests/library tests/classifier tests/files tests/house
unit: $(DEV_STAMP) ## the quick tests: no server, no database
	cd $(ROOT) && $(BIN)/python -m pytest -q -m "not slow" $(UNIT)

cover: $(DEV_STAMP) ## every test, with the lines they reach; fails below the floor in pyproject.toml
	cd $(ROOT) && $(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=term:skip-covered

check: $(DEV_STAMP) ## style and types
	cd $(ROOT) && $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# The wheel in bare environments: the client alone, and everything. Needs a package index.
check-wheel: $(DEV_STAMP) ## the wheel, installed into bare environments
	cd $(ROOT) && $(BIN)/python -m tests.packaging

check-deps: $(DEV_STAMP) ## the quick tests with the lowest versions pyproject.toml allows
	cd $(ROOT) && $(BIN)/python -m tests.packaging.lowest $(UNIT)

docs: $(DEV_STAMP) ## the generated pages of docs/ and data/
	cd $(ROOT) && $(BIN)/python -m tests.house.pages

model: $(STAMP) ## the shipped model, trained again from data/
	cd $(ROOT) && $(BIN)/tousu train --corpus data/corpus --out models/tousu-zh

bench: $(DEV_STAMP) ## speed and quality against peers
	@command -v wrk >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -y -qq wrk >/dev/null; } || \
		echo "wrk, which loads the server, is not here: apt-get install wrk"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check fasttext-numpy2-wheel rjieba litserve
	cd $(ROOT) && $(BIN)/python -m bench

# The long proofs of durability: bounded in time, on loopback only.
chaos: $(DEV_STAMP) ## the long proofs of durability
	cd $(ROOT) && $(BIN)/python -m tests.chaos

# Everything an isolated machine needs, as wheels: pip install --no-index --find-links dist/wheelhouse 'tousu[all]'
wheelhouse: $(STAMP) ## everything an isolated machine needs, as wheels
	$(BIN)/python -m pip wheel --quiet --require-hashes -r $(ROOT)/requirements.lock -w $(ROOT)/dist/wheelhouse
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation -w $(ROOT)/dist/wheelhouse $(ROOT)

# Needs the network and uv; writes no index address into the locks.
LOCK = $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --extra all pyproject.toml

lock: $(STAMP) ## the lock files anew (needs the network)
	$(BIN)/python -m pip install --quiet uv
	cd $(ROOT) && $(LOCK) --group build -o requirements.lock && \
		$(LOCK) --group build --group dev -c requirements.lock -o requirements-dev.lock
