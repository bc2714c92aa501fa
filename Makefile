# `make run` and `make test` need Python 3.11 or newer with its venv module, and pip's package index.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PROMPT ?= a medieval stone castle
MAP ?= 1
WEB := clients/web
STAMP := $(VENV)/.installed

.PHONY: run test check check-web viewer format stubs clean

run: $(STAMP)
	@$(PY) scripts/build_viewer.py --optional
	@$(PY) scripts/run_job.py --map "$(MAP)" $(if $(OPEN),--open) "$(PROMPT)"

test: $(STAMP)
	@$(PY) -m pytest $(PYTEST_ARGS)

check: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PY) scripts/generate_stubs.py --check
	$(PY) scripts/write_reference.py --check
	@$(MAKE) --no-print-directory check-web

# The page that the server shows; `make run` makes it too.
viewer: $(STAMP)
	@$(PY) scripts/build_viewer.py

# Needs Node.js 20.19 or newer with npm, and npm's package index.
check-web: $(STAMP)
	@if command -v npm >/dev/null; then $(PY) scripts/build_viewer.py --packages && cd $(WEB) && npm run --silent check; \
		else echo "$(WEB) is not checked: there is no Node.js here (apt-get install nodejs npm)"; fi

format: $(STAMP)
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

stubs: $(STAMP)
	$(PY) scripts/generate_stubs.py
	@if command -v npm >/dev/null; then $(PY) scripts/build_viewer.py --packages && cd $(WEB) && npm run --silent stubs; \
		else echo "$(WEB)/src/gen is not made anew: there is no Node.js here (apt-get install nodejs npm)"; fi

$(STAMP): requirements.lock pyproject.toml proto/pyproject.toml clients/python/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "voxcore needs Python 3.11 or newer as $(PYTHON); set PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "voxcore needs Python's venv module: apt-get install python3-venv"; exit 1; }
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock || \
		{ echo "voxcore needs a package index that pip can reach to install requirements.lock"; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps -e proto -e clients/python -e .
	@$(PY) -m voxcore.warm_up
	@touch $@

clean:
	rm -rf $(VENV) build
