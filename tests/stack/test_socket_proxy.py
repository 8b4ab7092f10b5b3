"""The Docker socket proxy with a fake engine behind it: what it lets through, and what it refuses.

Needs haproxy (Debian's package); without it, everything here is skipped.
"""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

CONFIGURATION = Path(__file__).resolve().parents[2] / "docker" / "socket-proxy.cfg"
ENGINE_SAYS = 299  # no status of HTTP or of haproxy

Ask = Callable[..., int]


class Engine(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(ENGINE_SAYS)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

    def address_string(self) -> str:  # there is none on a Unix socket
        return ""

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Sends a request through the proxy; returns the status."""
    haproxy = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if haproxy is None:
        pytest.skip("needs haproxy")
    folder = tmp_path_factory.mktemp("proxy")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    engine = Server(str(folder / "docker.sock"), Engine)
    threading.Thread(target=engine.serve_forever, daemon=True).start()
    text = CONFIGURATION.read_text(encoding="utf-8")
    text = text.replace("bind :2375", f"bind 127.0.0.1:{port}").replace(
        "/var/run/docker.sock", str(folder / "docker.sock")
    )
    (folder / "proxy.cfg").write_text(text, encoding="utf-8")
    proxy = subprocess.Popen([haproxy, "-db", "-f", folder / "proxy.cfg"], stdout=subprocess.DEVNULL)

    def ask(method: str, path: str, body: object = None) -> int:
        data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
            return connection.getresponse().status
        finally:
            connection.close()

    deadline = time.monotonic() + 20
    while True:
        try:
            ask("GET", "/_ping")
            break
        except OSError:
            assert time.monotonic() < deadline, "haproxy did not come up"
            time.sleep(0.05)
    yield ask
    proxy.terminate()
    proxy.wait()
    engine.shutdown()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_ping"),
        ("HEAD", "/_ping"),
        ("GET", "/version"),
        ("GET", "/v1.45/info"),
        ("GET", "/v1.45/images/querysmith-pipeline:local/json"),
        ("GET", "/v1.45/containers/json?all=1&filters=%7B%7D"),
        ("GET", "/v1.45/containers/0a1b/json"),
        ("GET", "/v1.45/containers/0a1b/logs?follow=1"),
        ("GET", "/v1.45/containers/0a1b/archive?path=%2Fresult%2Fresult.json"),
        ("POST", "/v1.45/containers/0a1b/start"),
        ("POST", "/v1.45/containers/0a1b/wait"),
        ("POST", "/v1.45/containers/0a1b/stop?t=20"),
        ("POST", "/v1.45/containers/0a1b/kill"),
        ("DELETE", "/v1.45/containers/0a1b?v=1&force=1"),
    ],
)
def test_what_a_step_needs(ask: Ask, method: str, path: str) -> None:
    assert ask(method, path) == ENGINE_SAYS


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/images/create?fromImage=x"),
        ("POST", "/build"),
        ("DELETE", "/images/x"),
        ("GET", "/images/json"),
        ("GET", "/events"),
        ("GET", "/networks"),
        ("GET", "/volumes"),
        ("POST", "/volumes/create"),
        ("GET", "/secrets"),
        ("POST", "/containers/0a1b/exec"),
        ("POST", "/exec/0a1b/start"),
        ("POST", "/containers/0a1b/attach"),
        ("POST", "/containers/0a1b/update"),
        ("PUT", "/containers/0a1b/archive?path=/"),
        ("GET", "/containers/0a1b/export"),
        ("POST", "/containers/prune"),
        ("GET", "/containers/0a1b/../../secrets/json"),
        ("GET", "/images/../secrets/json"),
        ("GET", "/containers/%2e%2e/json"),
        ("GET", "//_ping"),
        ("GET", "/_ping/x"),
        ("POST", "/_ping"),
        ("GET", "/containers/create"),
    ],
)
def test_nothing_else(ask: Ask, method: str, path: str) -> None:
    assert ask(method, path) == 403


def create(ask: Ask, body: object) -> int:
    return ask("POST", "/v1.45/containers/create?name=step", body)


def test_the_steps_own_container(ask: Ask) -> None:
    docker = pytest.importorskip("docker")
    from docker.types import DeviceRequest, LogConfig, Mount

    client = docker.APIClient(base_url="unix:///nowhere", version="1.45")
    host = client.create_host_config(
        network_mode="querysmith_steps",
        mounts=[Mount("/data", "querysmith_data", type="volume"), Mount("/result", None, type="volume")],
        tmpfs={"/tmp": "rw,exec,nosuid,nodev,mode=1777"},
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        pids_limit=4096,
        mem_limit=2**33,
        memswap_limit=2**33,
        shm_size=2**30,
        cpu_period=100_000,
        cpu_quota=400_000,
        device_requests=[DeviceRequest(count=-1, capabilities=[["gpu"]])],
        log_config=LogConfig(type=LogConfig.types.JSON, config={"max-size": "50m", "max-file": "2"}),
    )
    command = ["python", "-m", "pipeline", "sft", "--set", 'data={"Privileged": true, "Binds": ["/:/host"]}']
    body = client.create_container_config("querysmith-pipeline:local", command, host_config=host, user="10001:10001")
    assert create(ask, body) == ENGINE_SAYS
    assert create(ask, {**body, "Env": ["LONG=" + "x" * 50_000]}) == ENGINE_SAYS


@pytest.mark.parametrize(
    "host",
    [
        {"Privileged": True},
        {"Binds": ["/:/host"]},
        {"Mounts": [{"Type": "bind", "Source": "/", "Target": "/host"}]},
        {
            "Mounts": [
                {
                    "Type": "volume",
                    "Target": "/host",
                    "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {"device": "/", "o": "bind"}}},
                }
            ]
        },
        {"VolumesFrom": ["postgres"]},
        {"Devices": [{"PathOnHost": "/dev/sda"}]},
        {"DeviceCgroupRules": ["b *:* rwm"]},
        {"CapAdd": ["SYS_ADMIN"]},
        {"SecurityOpt": ["no-new-privileges", "seccomp=unconfined"]},
        {"NetworkMode": "host"},
        {"NetworkMode": "container:postgres"},
        {"PidMode": "host"},
        {"IpcMode": "container:postgres"},
        {"UsernsMode": "host"},
        {"Runtime": "other"},
        {"CgroupParent": "/"},
        {"PortBindings": {"80/tcp": [{"HostPort": "80"}]}},
    ],
    ids=lambda host: next(iter(host)),
)
def test_no_more_than_an_ordinary_container(ask: Ask, host: dict[str, Any]) -> None:
    assert create(ask, {"Image": "x", "HostConfig": host}) == 403


@pytest.mark.parametrize(
    "text",
    [
        '{"Image": "x", "hostconfig": {"PRIVILEGED" : true}}',
        '{"Image": "x", "HostConfig": {"\\u0050rivileged": true}}',
        '{"Image": "x", "HostConfig": {"bind\\u017f": ["/:/host"]}}',
        '{"Image": "x", "HostConfig": {"bindſ": ["/:/host"]}}',
        '{"Image": "x", "HostConfig": {"Binds": [], "Binds":\n[\t"/:/host"]}}',
    ],
)
def test_disguises(ask: Ask, text: str) -> None:
    assert create(ask, text) == 403


def test_what_cannot_be_looked_at_whole(ask: Ask) -> None:
    assert create(ask, {"Image": "x", "Env": ["LONG=" + "x" * 200_000], "HostConfig": {"Privileged": True}}) == 403
