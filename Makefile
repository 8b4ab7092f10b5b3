# Two commands do everything on a fresh machine: `make demo` and `make test`. Both create .venv themselves.
PYTHON  ?= $(shell command -v python3.11 || command -v python3)
PROFILE ?= tiny
RECIPE  ?= querysmith
DATA    ?= bundled
SEED    ?= 42
EXIT    ?=
ARGS    ?=
WORKERS ?= 2

BIN := .venv/bin
# The stamp carries the constraints' digest: nothing is installed again until they change.
INSTALLED := .venv/.installed-$(shell sha256sum constraints.txt | cut -c1-16)

export HF_HUB_OFFLINE ?= 1
export MLFLOW_DISABLE_TELEMETRY ?= true

.PHONY: demo test lint clean install

demo: $(INSTALLED)  ## the whole pipeline on this machine: make demo [PROFILE=smoke] [DATA=folder] [EXIT=1]
	@$(BIN)/querysmith demo --profile $(PROFILE) --recipe $(RECIPE) --data "$(DATA)" --seed $(SEED) $(if $(EXIT),--exit)

# Whole files beside each other, for their tests share fixtures; then, with nothing beside them, those that measure.
test: $(INSTALLED)  ## import contracts and all tests, or some: make test [ARGS=tests/sql] [WORKERS=2]
	$(BIN)/lint-imports
ifeq ($(strip $(ARGS)),)
	$(BIN)/python -m pytest -m "not alone" -n $(WORKERS) --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m pytest -m alone
else
	$(BIN)/python -m pytest $(ARGS)
endif

lint: $(INSTALLED)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(INSTALLED)

# pip, also where uv is at hand: only pip finds the CPU build of torch where a machine is configured to have one.
$(INSTALLED):
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the pinned packages into .venv; this takes some minutes, once."
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[train,embeddings,airflow,dev]'
	@rm -f .venv/.installed-* && touch $@

clean:  ## remove the environment and everything that runs have left
	rm -rf .venv .querysmith .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info
