# Two commands do everything on a fresh machine: `make demo` and `make test`. Both create .venv themselves.
# `make up` and `make train` do it in containers, where there is a Docker engine; they need no .venv.
PYTHON  ?= $(shell command -v python3.11 || command -v python3)
PROFILE ?= tiny
RECIPE  ?= querysmith
DATA    ?= bundled
SEED    ?= 42
EXIT    ?=
ARGS    ?=
WORKERS ?= 2
SERVICE ?=
VOLUMES ?=
BACKUP  ?= backups/$(shell date -u +%Y%m%dT%H%M%SZ)

BIN := .venv/bin
# The stamp carries the constraints' digest: nothing is installed again until they change.
INSTALLED := .venv/.installed-$(shell sha256sum constraints.txt | cut -c1-16)

export HF_HUB_OFFLINE ?= 1
export MLFLOW_DISABLE_TELEMETRY ?= true

.PHONY: demo test lint clean install up down logs train preflight check-stack break-stack backup restore

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

# The stack of docker-compose.yml and the overlays that .env names, see docs/operations.md.
up:  ## the whole stack in containers: secrets into .env where there are none, images, services
	docker/make-env
	$(PYTHON) docker/build_images.py
	docker compose up --detach --wait --wait-timeout 900
	@docker/addresses

# First the scheduler, so that nothing starts another try; then its steps, which close their MLflow runs. A training that
# was running goes on from its last checkpoint after the next `make up`.
down:  ## stop the stack; what it knows stays: make down [VOLUMES=1, which deletes that, too]
	docker compose stop --timeout 5 airflow-scheduler
	@steps=$$(docker ps --all --quiet --filter label=querysmith.dag_id \
	  --filter network=$$(docker compose config | sed -n 's/^name: //p')_steps); \
	  [ -z "$$steps" ] || { docker stop -t 20 $$steps; docker rm --force --volumes $$steps; } >/dev/null
	docker compose down $(if $(VOLUMES),--volumes)

logs:  ## follow the services' logs: make logs [SERVICE=airflow-scheduler]
	docker compose logs --follow --tail 100 $(SERVICE)

train:  ## train on the running stack, and follow: make train [PROFILE=smoke] [RECIPE=sql_r1] [DATA=/data/samples-mysql]
	docker compose run --rm client querysmith trigger train_text2sql --set profile=$(PROFILE) --set recipe=$(RECIPE) \
	  --set "data=$(DATA)" --set seed=$(SEED)

preflight:  ## whether steps on the running stack have what a training needs: make preflight [PROFILE=...] [DATA=...]
	docker compose run --rm client querysmith trigger preflight --set profile=$(PROFILE) \
	  $(if $(filter command line,$(origin DATA)),--set "data=$(DATA)")

check-stack: $(INSTALLED)  ## after a training on the running stack: its doors, its step containers, its secrets
	QUERYSMITH_STACK=1 $(BIN)/python -m pytest tests/stack/test_running_stack.py

# It fills the disk, too, so COMPOSE_FILE=docker-compose.yml:tests/stack/compose.small-data.yml must hold from `make up` on.
break-stack: $(INSTALLED)  ## kill and restart what runs on a stack that nobody needs, and see its training succeed
	QUERYSMITH_STACK=1 QUERYSMITH_BREAK_STACK=1 $(BIN)/python -m pytest tests/stack/test_stack_survives.py

backup:  ## databases and artifacts of the running stack into a folder: make backup [BACKUP=folder]
	docker/backup "$(BACKUP)"

restore:  ## put a backup in the place of what the stack knows: make restore BACKUP=folder
	docker/restore "$(BACKUP)"
