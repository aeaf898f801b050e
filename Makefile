# The only entrance: `make help`. Needs Python 3.11+ and make; nothing else has to be installed.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
JOBS ?= auto

.PHONY: help setup demo test lint fix docs bench lock real

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: .make/installed ## Make .venv with remit and every tool, from the locked requirements

.make/installed: requirements/dev.txt pyproject.toml
	@mkdir -p .make
	@$(PYTHON) -c 'import sys; sys.exit("remit needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || { echo "making .venv ..."; $(PYTHON) -m venv .venv; }
	@echo "installing locked requirements (about a minute the first time) ..."
	@$(BIN)/python -m pip --disable-pip-version-check install -qq --require-hashes -r requirements/dev.txt 2>.make/pip.log || { cat .make/pip.log; exit 1; }
	@$(BIN)/python -m pip --disable-pip-version-check install -qq --no-deps --no-build-isolation -e . 2>.make/pip.log || { cat .make/pip.log; exit 1; }
	@touch $@

demo: setup ## Start a small company of real servers, tell the whole story on it, then serve (ARGS=--once, --no-story)
	@$(BIN)/remit demo $(ARGS)

test: setup lint ## Lint, then run every test that needs no server of its own
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not real" $(ARGS)

real: setup ## Run the suites that need real servers
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m real $(ARGS)

lint: setup ## ruff, mypy, import rules, dead code, file sizes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/python docs/generate.py --check

fix: setup ## Mend what can be mended by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## Generate the reference from the code
	$(BIN)/python docs/generate.py

bench: setup ## Measure speed beside peers, in the same run
	$(BIN)/python -m benchmarks $(ARGS)

lock: ## Renew the locked requirements (needs uv)
	uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header pyproject.toml -o requirements/runtime.txt
	uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header --group dev pyproject.toml -o requirements/dev.txt
