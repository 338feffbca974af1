# Sandbox: every branch of an R app live at its own URL; release is a traffic switch.
# The first two targets are all that a newcomer needs: `make run`, then `make test`.

.DEFAULT_GOAL := help
.PHONY: help run stop clean lint test bench lock

PYTHON := .venv/bin/python
# Two test files at a time, each as a whole: half of the time is waiting.
AT_ONCE := -n 2 --dist loadfile --no-loadscope-reorder
# HAProxy and iptables live where not every user's PATH leads.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

help: ## Show this list
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1	\2/p' Makefile

run: ## Install what is missing, start the platform, publish a first app
	@./deploy/setup.sh run
	@$(PYTHON) -m deploy.local.run

stop: ## Stop the platform; apps and data stay, `make run` brings them back
	@./deploy/with-venv.sh -m deploy.local.stop

clean: ## Remove all that is ours from this machine: platform, apps, data, .venv
	@./deploy/with-venv.sh -m deploy.local.clean
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/browser/node_modules

lint: ## Check style, types and the direction of imports
	@./deploy/setup.sh lint
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/mypy -p deploy
	.venv/bin/lint-imports

test: ## Run every check and every test, real engine and browser included
	@./deploy/setup.sh test
	@$(MAKE) --no-print-directory lint
	@$(PYTHON) -m deploy.local.prepare
	$(PYTHON) -m pytest $(AT_ONCE) --tb=short

bench: ## Measure against docker build, nginx and our own limits; writes docs/benchmarks.md
	@./deploy/setup.sh bench
	@$(PYTHON) -m deploy.local.prepare
	$(PYTHON) -m tests.bench

lock: ## Renew the three lock files of Python packages from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra server --extra postgres --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" -q -o requirements.lock
	uv pip compile --group dev --universal --python-version 3.11 -c requirements.lock \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" -q -o requirements-dev.lock
	uv pip compile --group npm --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" -q -o requirements-npm.lock
