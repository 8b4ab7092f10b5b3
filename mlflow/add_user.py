"""Makes the account that the steps use, or gives it the password of the environment.

It is no administrator: it may change what it has made itself, and read the rest. Expects MLFLOW_TRACKING_URI,
MLFLOW_AUTH_ADMIN_PASSWORD, MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.error
import urllib.request

ALREADY_EXISTS = "RESOURCE_ALREADY_EXISTS"


def call(method: str, path: str, body: dict[str, str]) -> str:
    """The error code of MLflow's answer, "" where it did as told; raises URLError where the server does not answer."""
    login = base64.b64encode(f"admin:{os.environ['MLFLOW_AUTH_ADMIN_PASSWORD']}".encode()).decode()
    request = urllib.request.Request(
        f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/users/{path}",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Basic {login}", "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=30):
            return ""
    except urllib.error.HTTPError as error:
        answer = error.read().decode("utf-8", "replace")
        try:
            return str(json.loads(answer)["error_code"])
        except (ValueError, KeyError, TypeError):
            return f"HTTP {error.code}: {answer[:200]}"


if __name__ == "__main__":
    user = os.environ["MLFLOW_TRACKING_USERNAME"]
    account = {"username": user, "password": os.environ["MLFLOW_TRACKING_PASSWORD"]}
    problem = call("POST", "create", account)
    if problem == ALREADY_EXISTS:
        problem = call("PATCH", "update-password", account)
    if problem:
        sys.exit(f"MLflow did not take the account {user}: {problem}; was MLFLOW_ADMIN_PASSWORD changed in .env?")
