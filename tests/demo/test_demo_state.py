"""The demo's folder: who can read it, what stays the same from demo to demo, and one demo at a time."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path

import pytest

from pipeline.demo.state import USER, DemoState, Ports, free_port
from pipeline.errors import InfrastructureError, InputError


@pytest.fixture
def state(tmp_path: Path) -> DemoState:
    return DemoState(tmp_path / "home")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_is_the_owners_alone(state: DemoState) -> None:
    with state.claimed():
        state.password()
        state.secret("jwt")
        state.ports()
    for path in (state.home, *state.home.rglob("*")):
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


def test_secrets_stay_and_differ(state: DemoState, tmp_path: Path) -> None:
    with state.claimed():
        jwt, password = state.secret("jwt"), state.password()
        assert jwt != state.secret("api")
        assert (state.secret("jwt"), state.password()) == (jwt, password)
        assert json.loads(state.passwords_file.read_text()) == {USER: password}
    other = DemoState(tmp_path / "other")
    with other.claimed():
        assert (other.secret("jwt"), other.password()) != (jwt, password)


def test_damaged_files_are_made_anew(state: DemoState) -> None:
    with state.claimed():
        state.password()
        state.passwords_file.write_text("{")
        (state.home / "ports.json").write_text('{"airflow": "x", "mlflow": 99999999}')
        assert len(state.password()) >= 12
        assert state.ports().mlflow < 65536


def test_ports_are_kept_while_they_are_free(state: DemoState) -> None:
    with state.claimed():
        first = state.ports()
        assert state.ports() == first
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", first.airflow))
            taken.listen()
            second = state.ports()
        assert second.airflow != first.airflow
        assert second.mlflow == first.mlflow


def test_free_port_is_on_loopback() -> None:
    port = free_port()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
    assert Ports(airflow=port, mlflow=port).airflow == port


def test_only_one_demo_at_a_time(state: DemoState) -> None:
    with state.claimed(), pytest.raises(InfrastructureError, match="another demo"), state.claimed():
        pass
    with state.claimed():
        pass


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write here") as caught, DemoState(tmp_path / "file" / "x").claimed():
        pass
    assert caught.value.exit_code == 2
    assert os.listdir(tmp_path) == ["file"]
