"""The few calls of Airflow's REST API that the demo needs, over the standard library.

Left out: everything else, paging (a demo's lists are short), and waiting, which belongs to the callers.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from pipeline.errors import InfrastructureError, InputError

# Straight to the loopback interface, whatever proxy the environment names.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ApiError(InfrastructureError):
    """Airflow or MLflow did not do what was asked. `status` is the HTTP status, 0 where there was no answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def request(
    method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None, timeout_s: float = 30.0
) -> Any:
    """Send one request; returns the decoded JSON (or the text, where the answer is none). Raises ApiError."""
    data = None if body is None else json.dumps(body).encode()
    message = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))
    message.add_header("Content-Type", "application/json")
    try:
        with _OPENER.open(message, timeout=timeout_s) as answer:
            content = answer.read()
    except urllib.error.HTTPError as error:
        raise ApiError(error.code, f"{_detail(error.read())} ({method} {url}: {error.code})") from None
    except (OSError, urllib.error.URLError) as error:
        raise ApiError(0, f"{method} {url}: {getattr(error, 'reason', error)}") from None
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode("utf-8", errors="replace")


class AirflowApi:
    """Airflow at `url`, as the given user. Every method raises ApiError."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._token = ""

    def health(self) -> dict[str, str]:
        """Status of each component that reports one, e.g. {"scheduler": "healthy"}; needs no login."""
        report = request("GET", f"{self.url}/api/v2/monitor/health", timeout_s=5)
        return {name: str((part or {}).get("status")) for name, part in report.items()}

    def warm_execution_api(self) -> None:
        """Make the API that tasks talk to build itself now: the first request takes seconds, tasks wait for less."""
        request("GET", f"{self.url}/execution/health", timeout_s=120)

    def import_errors(self, since: datetime) -> list[str]:
        """One line for each DAG file that Airflow could not import at its last try, if that was after `since`."""
        found = self._call("GET", "/importErrors")["import_errors"]
        return [
            f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}"
            for error in found
            if parse_time(error["timestamp"]) >= since
        ]

    def has_dag(self, dag_id: str, since: datetime) -> bool:
        """Whether the DAG has been parsed after `since`; what an earlier demo left in the database may be outdated."""
        try:
            parsed = self._call("GET", f"/dags/{quote(dag_id)}")["last_parsed_time"]
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return parsed is not None and parse_time(parsed) >= since

    def set_pools(self, pools: Mapping[str, Mapping[str, Any]]) -> None:
        """Make the pools, or change them to these slots."""
        entities = [{"name": name, **pool} for name, pool in pools.items()]
        action = {"action": "create", "entities": entities, "action_on_existence": "overwrite"}
        outcome = self._call("PATCH", "/pools", {"actions": [action]})
        if errors := (outcome.get("create") or {}).get("errors"):
            raise ApiError(0, f"Airflow refused the pools: {errors}")

    def unfinished_runs(self, dag_id: str) -> list[str]:
        """Ids of the DAG's runs that are queued or running."""
        query = urlencode({"state": ["queued", "running"]}, doseq=True)
        return [run["dag_run_id"] for run in self._call("GET", f"/dags/{quote(dag_id)}/dagRuns?{query}")["dag_runs"]]

    def fail_run(self, dag_id: str, run_id: str, note: str) -> None:
        """Mark a run and its unfinished tasks failed."""
        self._call("PATCH", _run(dag_id, run_id), {"state": "failed", "note": note})

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> None:
        """Start a run; `conf` are the fields of the trigger form. Raises InputError when Airflow refuses a value."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf)}
        try:
            self._call("POST", f"/dags/{quote(dag_id)}/dagRuns", body)
        except ApiError as error:
            if error.status == 400:
                raise InputError(str(error)) from None
            raise

    def run_state(self, dag_id: str, run_id: str) -> str:
        """queued, running, success or failed."""
        return str(self._call("GET", _run(dag_id, run_id))["state"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The run's task instances, as Airflow describes them."""
        found: list[dict[str, Any]] = self._call("GET", f"{_run(dag_id, run_id)}/taskInstances")["task_instances"]
        return found

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """A task's XCom value, None where there is none."""
        path = f"{_run(dag_id, run_id)}/taskInstances/{quote(task_id)}/xcomEntries/{quote(key)}"
        try:
            return self._call("GET", path)["value"]
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _call(self, method: str, path: str, body: object = None) -> Any:
        """A call of the public API with the token, which is fetched anew when it has run out."""
        for attempt in (1, 2):
            if not self._token:
                self._token = request("POST", f"{self.url}/auth/token", self._login)["access_token"]
            try:
                return request(method, f"{self.url}/api/v2{path}", body, {"Authorization": f"Bearer {self._token}"})
            except ApiError as error:
                if error.status != 401 or attempt == 2:
                    raise
                self._token = ""
        raise AssertionError("unreachable")


def parse_time(text: str) -> datetime:
    """A time as Airflow writes it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _run(dag_id: str, run_id: str) -> str:
    return f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}"


def _detail(content: bytes) -> str:
    """What an error answer says first, on one line."""
    try:
        detail = str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        detail = content.decode("utf-8", errors="replace")
    return " ".join(detail.strip().partition("\n\n")[0].split())[:500]
