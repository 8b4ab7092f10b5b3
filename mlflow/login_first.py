"""MLflow's server with logins, closed without one: the app of `mlflow server --app-name login-first`.

MLflow's own `basic-auth` guards route by route and leaves some open. Here all but health asks for a login first.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from mlflow.server import auth
from starlette.concurrency import run_in_threadpool

HEALTH = "/health"


def create_app() -> FastAPI:
    """`basic-auth`, which says what each user may do, behind one door for all of its routes."""
    app: FastAPI = auth.create_app()

    @app.middleware("http")
    async def login_first(request: Request, call_next: Any) -> Response:
        if request.url.path != HEALTH and not await run_in_threadpool(auth._authenticate_fastapi_request, request):
            challenge = {"WWW-Authenticate": 'Basic realm="mlflow"'}
            return PlainTextResponse("A name and a password are needed.\n", 401, challenge)
        answer: Response = await call_next(request)
        return answer

    return app
