"""The middleware that lets nobody see Airflow without a login; MLflow's is tried on a running stack."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from fastapi import HTTPException
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

SOURCE = Path(__file__).resolve().parents[2] / "docker" / "airflow_login_first.py"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A server that answers everything, behind the middleware; the one valid token is "valid"."""
    spec = importlib.util.spec_from_file_location("airflow_login_first", SOURCE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    async def resolve(token: str | None) -> str:
        if token != "valid":
            raise HTTPException(401)
        return "admin"

    monkeypatch.setattr("airflow.api_fastapi.core_api.security.resolve_user_from_token", resolve)
    everything = Route("/{path:path}", lambda request: PlainTextResponse("behind the door"), methods=["GET", "POST"])
    app = Starlette(routes=[everything])
    [plugged] = module.LoginFirstPlugin.fastapi_root_middlewares
    app.add_middleware(plugged["middleware"])
    return TestClient(app, follow_redirects=False)


CLOSED = """
    / /dags /docs /openapi.json /static/x.js /api/v2/version /api/v2/auth/loginx /ui/config
    /auth/docs /auth/openapi.json /execution/docs /execution/docs/oauth2-redirect /execution/changelog
    /xexecution/health /api/v2/monitor/health/x
"""


@pytest.mark.parametrize("path", CLOSED.split())
def test_closed_without_a_valid_token(client: TestClient, path: str) -> None:
    wrong: list[dict[str, Any]] = [
        {},
        {"Authorization": "Bearer no"},
        {"Cookie": "_token=no"},
        {"Authorization": "valid"},
    ]
    for headers in wrong:
        assert client.get(path, headers=headers).status_code == 401
        assert client.post(path, headers=headers).status_code == 401
    for headers in ({"Authorization": "Bearer valid"}, {"Cookie": "_token=valid"}):
        assert client.get(path, headers=headers).text == "behind the door"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/monitor/health",
        "/execution/health",
        "/auth/login",
        "/auth/static/x.js",
        "/auth/token",
        "/api/v2/auth/login",
    ],
)
def test_open_for_health_and_for_logging_in(client: TestClient, path: str) -> None:
    assert client.get(path).text == "behind the door"


def test_a_task_shows_its_own_token_further_in(client: TestClient) -> None:
    assert client.post("/execution/task-instances/1/run").text == "behind the door"


def test_a_browser_is_sent_to_the_login_and_back_again(client: TestClient) -> None:
    answer = client.get("/dags/querysmith/runs?x=1", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 307
    assert answer.headers["location"] == "/api/v2/auth/login?next=%2Fdags%2Fquerysmith%2Fruns%3Fx%3D1"
