"""The REST client against a small server: tokens, and what an error says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from pipeline.demo.airflow_api import AirflowApi, ApiError
from pipeline.errors import InputError

BOOT = datetime(2026, 11, 21, 12, tzinfo=UTC)


class FakeAirflow(BaseHTTPRequestHandler):
    """Gives out the tokens "1", "2", ...; accepts only the newest; answers from `answers`."""

    tokens = 0
    answers: dict[str, tuple[int, Any]] = {}  # noqa: RUF012 (set anew by each test)

    def do_GET(self) -> None:
        self.answer(*self.answers.get(self.path, (404, {"detail": "not found"})))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/auth/token":
            type(self).tokens += 1
            self.answer(201, {"access_token": str(self.tokens)})
        else:
            self.do_GET()

    def answer(self, status: int, body: Any) -> None:
        if self.path.startswith("/api") and self.headers["Authorization"] != f"Bearer {self.tokens}":
            status, body = 401, {"detail": "token expired"}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[AirflowApi]:
    monkeypatch.setattr(FakeAirflow, "tokens", 0)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = HTTPServer(("127.0.0.1", 0), FakeAirflow)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield AirflowApi(f"http://127.0.0.1:{server.server_port}", "admin", "x")
    server.shutdown()
    thread.join()
    server.server_close()


def answers(monkeypatch: pytest.MonkeyPatch, **given: tuple[int, Any]) -> None:
    monkeypatch.setattr(FakeAirflow, "answers", {"/api/v2/" + path: answer for path, answer in given.items()})


def test_logs_in_once_and_again_when_the_token_has_run_out(api: AirflowApi, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, **{"dags/d/dagRuns/r%2B1": (200, {"state": "running"})})
    assert [api.run_state("d", "r+1"), api.run_state("d", "r+1")] == ["running", "running"]
    assert FakeAirflow.tokens == 1
    monkeypatch.setattr(FakeAirflow, "tokens", 7)
    assert api.run_state("d", "r+1") == "running"


def test_missing_things_are_no_errors(api: AirflowApi, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch)
    assert not api.has_dag("d", BOOT)
    assert api.xcom("d", "r", "sft", "error") is None
    with pytest.raises(ApiError, match="not found"):
        api.run_state("d", "r")


def test_refused_value_is_wrong_input(api: AirflowApi, monkeypatch: pytest.MonkeyPatch) -> None:
    detail = "Invalid input for param profile: 'huge' is not one of ['tiny']\n\nFailed validating 'enum' in schema: ..."
    answers(monkeypatch, **{"dags/d/dagRuns": (400, {"detail": detail})})
    with pytest.raises(InputError, match=r"^Invalid input for param profile: 'huge' is not one of \['tiny'\] \(POST"):
        api.trigger("d", "r", {"profile": "huge"})


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ApiError, match="refused") as caught:
        AirflowApi("http://127.0.0.1:9", "admin", "x").health()
    assert caught.value.status == 0


def test_what_an_earlier_demo_left_does_not_count(api: AirflowApi, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(
        monkeypatch,
        **{
            "dags/old": (200, {"last_parsed_time": "2026-11-21T11:59:59Z"}),
            "dags/new": (200, {"last_parsed_time": "2026-11-21T12:00:01.5Z"}),
        },
        importErrors=(
            200,
            {
                "import_errors": [
                    {"filename": "old.py", "stack_trace": "x", "timestamp": "2026-11-21T11:00:00Z"},
                    {
                        "filename": "new.py",
                        "stack_trace": "Traceback ...\n  File x\nValueError: no such runner\n",
                        "timestamp": "2026-11-21T12:00:01Z",
                    },
                ]
            },
        ),
    )
    assert not api.has_dag("old", BOOT)
    assert api.has_dag("new", BOOT)
    assert api.import_errors(BOOT) == ["new.py: ValueError: no such runner"]
