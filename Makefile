# Everything sets itself up: the environment in .venv is made and kept current by these targets.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench run soak pages translations clean
demo: .venv/installed
	@$(BIN)/python manage.py demo $(if $(ONCE),--once)

test: .venv/installed-dev
	@$(BIN)/python -m tests.both

check: .venv/installed-dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(BIN)/python manage.py makemigrations --check --dry-run

bench: .venv/installed-dev
	@$(BIN)/python -m benchmarks

run: .venv/installed
	@$(BIN)/python manage.py migrate --verbosity 0 && exec $(BIN)/python manage.py run

soak: .venv/installed-dev
	@$(BIN)/python -m tests.both --soak

# Every screen in every state, language, width and scheme as a picture in var/pages/, and the pictures of docs/pictures/.
pages: .venv/installed-dev
	@$(BIN)/python -m tests.chromium
	@PICTURES=$(CURDIR)/var/pages $(BIN)/python -m pytest -q -n 2 --dist load --timeout 3600 tests/web/test_browser_screens.py tests/web/test_browser_tours.py
	@echo "Look through them: file://$(CURDIR)/var/pages/index.html"

translations: .venv/installed-dev
	@$(BIN)/python manage.py translations

clean:
	rm -rf .venv var

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv .venv

.venv/installed: requirements.lock | .venv/bin/python
	@echo "Installing (once; about a minute) ..." && $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --requirement requirements.lock && touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --requirement requirements-dev.lock && touch $@
