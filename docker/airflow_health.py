"""Whether the Airflow component of this container is healthy: exit code 0 or 1.

`airflow jobs check` would import Airflow each time, eight CPU-seconds; the API server knows every component's
heartbeat. Its own health is that it answers tasks: the first question makes it build that part, which takes longer
than a task would wait.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request

API_SERVER = os.environ.get("QUERYSMITH_API_SERVER", "http://127.0.0.1:8080")


def healthy(component: str) -> bool:
    """`component` is api_server, or a name in Airflow's health report: scheduler, dag_processor, triggerer."""
    path = "/execution/health" if component == "api_server" else "/api/v2/monitor/health"
    with urllib.request.urlopen(f"{API_SERVER}{path}", timeout=18) as answer:
        report = json.load(answer)
    return component == "api_server" or (report.get(component) or {}).get("status") == "healthy"


if __name__ == "__main__":
    sys.exit(0 if healthy(os.environ["QUERYSMITH_COMPONENT"]) else 1)
