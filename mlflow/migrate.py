"""Makes or upgrades the databases of the tracking server and its administrator, before it starts several workers: they
would race for it, and be started again and again where a password or key is missing or too weak.

The addresses come from the environment: MLflow's own commands take them as arguments, which every user of the host
can read.
"""

from __future__ import annotations

import os

from mlflow.db import upgrade
from mlflow.server.auth import bootstrap_admin_user, get_flask_server_secret_key
from mlflow.server.auth.db.utils import migrate_if_needed
from sqlalchemy import create_engine

if __name__ == "__main__":
    if upgrade.callback is not None:
        upgrade.callback(os.environ["MLFLOW_BACKEND_STORE_URI"])
    migrate_if_needed(create_engine(os.environ["MLFLOW_AUTH_DATABASE_URI"]), "head")
    get_flask_server_secret_key()
    bootstrap_admin_user()
