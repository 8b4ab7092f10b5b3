#!/bin/sh
# `airflow` with these arguments. The API server's login is written from the environment at each start, into a file
# system in memory: it is in no volume, and a new password in .env holds from the next start on.
set -eu
if [ -n "${AIRFLOW_ADMIN_PASSWORD:-}" ]; then
  umask 077
  printf '{"admin": "%s"}\n' "$AIRFLOW_ADMIN_PASSWORD" >"$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
  unset AIRFLOW_ADMIN_PASSWORD
fi
if [ "$1" = init ]; then # make or upgrade the database, then what the DAGs need in it
  airflow db migrate
  exec airflow pools import /opt/querysmith/dags/pools.json
fi
exec airflow "$@"
