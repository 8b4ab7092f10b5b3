#!/bin/sh
# Starts MLflow's tracking server with logins. Expects, in the environment:
#
#   MLFLOW_BACKEND_STORE_URI        runs, metrics, models: postgresql+psycopg2://...
#   MLFLOW_AUTH_DATABASE_URI        logins and permissions, a database of their own
#   MLFLOW_AUTH_ADMIN_PASSWORD      of the user admin, read only while there is no such user
#   MLFLOW_FLASK_SERVER_SECRET_KEY  of the pages' forms
#   MLFLOW_SERVER_ALLOWED_HOSTS     every name by which the server is called, or it answers 403
#   MLFLOW_ARTIFACTS_DESTINATION    a folder, or s3://bucket/path
set -eu
umask 077
# MLflow takes the address of the logins' database from this file alone. Everybody may read what others have written;
# who made an experiment or a model may change it.
cat >"$MLFLOW_AUTH_CONFIG_PATH" <<EOF
[mlflow]
default_permission = READ
database_uri = $MLFLOW_AUTH_DATABASE_URI
admin_username = admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 60
EOF
python /opt/tracking/migrate.py
exec mlflow server --app-name login-first --host 0.0.0.0 --port 5000 --workers "${MLFLOW_WORKERS:-2}" --serve-artifacts
