"""Airflow's API server, closed without a login: an Airflow plugin for what Airflow itself leaves open.

Left to themselves the page shell, the API's documents and the version number answer everybody. Here only health and
what a login needs do; a browser is sent to the login.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import urlencode

from airflow.plugins_manager import AirflowPlugin

DOCUMENTS = r"(?!docs|redoc|openapi\.json|changelog)"
# Tasks have tokens of their own, which /execution checks; /auth is the login's.
OPEN = re.compile(rf"/api/v2/monitor/health|/api/v2/auth/log(in|out)|/(execution|auth)/{DOCUMENTS}.*")


class LoginFirst:
    """ASGI middleware: answers 401 to a request without a valid user's token, or sends a browser to the login."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http" and not OPEN.fullmatch(scope["path"]):
            # Every component of Airflow loads its plugins, and only the API server has use for these.
            from starlette.requests import Request
            from starlette.responses import JSONResponse, RedirectResponse

            request = Request(scope)
            if not await _logged_in(request):
                page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
                query = f"?{request.url.query}" if request.url.query else ""
                login = f"/api/v2/auth/login?{urlencode({'next': request.url.path + query})}"
                refusal = JSONResponse({"detail": "Not authenticated"}, 401)
                await (RedirectResponse(login) if page else refusal)(scope, receive, send)
                return
        await self.app(scope, receive, send)


async def _logged_in(request: Any) -> bool:
    from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
    from airflow.api_fastapi.core_api.security import resolve_user_from_token
    from fastapi import HTTPException

    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    try:
        token = bearer if scheme.lower() == "bearer" else request.cookies.get(COOKIE_NAME_JWT_TOKEN)
        await resolve_user_from_token(token)
    except HTTPException:
        return False
    return True


class LoginFirstPlugin(AirflowPlugin):
    """Puts the middleware before all of the API server's routes."""

    name = "login_first"
    fastapi_root_middlewares: ClassVar = [{"name": "login first", "middleware": LoginFirst}]
