"""Faults of the machine while a batch runs: real processes, real files, a real server. No outcome is ever invented."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow_server import free_port
from mysql_server import MysqlServer, mysql_server  # noqa: F401

from pipeline.engine import batch
from pipeline.engine.pool import Engine
from pipeline.engine.result import ErrorKind, Query
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE
from pipeline.errors import InfrastructureError, InputError

pytestmark = [pytest.mark.integration, pytest.mark.alone]

# A few milliseconds each, and every answer is different.
COUNTS = [
    f"SELECT {n}, count(*) FROM numbers a, numbers b WHERE a.n <= 50 AND a.n * b.n % 97 < {n % 97}" for n in range(600)
]


@pytest.fixture
def copy(database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(database, tmp_path / "copy.sqlite"))


def _queries(path: Path) -> list[Query]:
    return [Query(f"sqlite:///{path}", sql) for sql in COUNTS]


@pytest.fixture(scope="module")
def expected(database: Path) -> list[object]:
    with Engine(workers=1, timeout_s=20) as engine:
        return [result.rows for result in engine.execute(_queries(database))]


def test_workers_killed_again_and_again(
    copy: Path, expected: list[object], live_workers: Callable[[], list[int]]
) -> None:
    """Whatever a worker does when it dies: no query is lost, and none is blamed that has not seen two of them die."""
    stop = threading.Event()
    killed = []

    def kill() -> None:
        while not stop.wait(0.4):
            for pid in live_workers()[:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    with Engine(workers=2, timeout_s=20) as engine:
        killer = threading.Thread(target=kill)
        killer.start()
        results = engine.execute(_queries(copy))
        stop.set()
        killer.join()
    assert killed
    wrong = [(a, b) for a, b in zip(results, expected, strict=True) if a.rows != b]
    assert all(result.error and result.error.kind == ErrorKind.CRASHED for result, _ in wrong)
    assert len(wrong) <= len(killed) // 2


def test_a_file_that_comes_back_in_time(copy: Path, expected: list[object]) -> None:
    away = copy.with_suffix(".away")

    def hide() -> None:
        copy.rename(away)
        time.sleep(0.3)
        away.rename(copy)

    with Engine(workers=2, timeout_s=20) as engine:
        engine.execute(_queries(copy)[:2])
        hider = threading.Timer(0.05, hide)
        hider.start()
        results = engine.execute(_queries(copy))
        hider.join()
    assert [result.rows for result in results] == expected


def test_a_file_that_is_gone_ends_the_batch(copy: Path, database: Path) -> None:
    with Engine(workers=2, timeout_s=20) as engine:
        engine.execute(_queries(copy)[:2])
        remover = threading.Timer(0.05, copy.unlink)
        remover.start()
        with pytest.raises(InfrastructureError, match=r"copy\.sqlite.*No such file.* run again"):
            engine.execute(_queries(copy))
        remover.join()
        assert engine.execute([Query(f"sqlite:///{database}", "SELECT 1")])[0].rows == ((1,),)


NUMBERS = """
DROP DATABASE IF EXISTS counting;
CREATE DATABASE counting;
CREATE TABLE counting.numbers (n INT PRIMARY KEY);
SET SESSION cte_max_recursion_depth = 1000;
INSERT INTO counting.numbers
    WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000) SELECT n FROM c;
"""


@pytest.fixture
def mysql_queries(mysql_server: MysqlServer, monkeypatch: pytest.MonkeyPatch) -> list[Query]:  # noqa: F811
    """2,000 queries of a few milliseconds each, of which the last two tenths are wrong in one way or another."""
    mysql_server.load(NUMBERS)
    monkeypatch.setenv(MYSQL_PASSWORD_VARIABLE, mysql_server.password)
    url = mysql_server.url("counting")
    right = [f"SELECT {n}, SUM(n * {n} % 97) FROM numbers WHERE n % 7 < {n % 7}" for n in range(1600)]
    unknown = [f"SELECT nothing_{n} FROM numbers" for n in range(200)]
    broken = [f"SELECT {n} FROM WHERE" for n in range(200)]
    return [Query(url, sql) for sql in (*right, *unknown, *broken)]


def test_a_server_that_is_killed_and_comes_back(mysql_server: MysqlServer, mysql_queries: list[Query]) -> None:  # noqa: F811
    with Engine(workers=2, timeout_s=20) as engine:
        expected = engine.execute(mysql_queries)
        assert [result.error and result.error.kind for result in expected] == [
            *[None] * 1600,
            *[ErrorKind.UNKNOWN_NAME] * 200,
            *[ErrorKind.SYNTAX] * 200,
        ]

        def kill_twice() -> None:
            for _ in range(2):
                time.sleep(0.4)
                mysql_server.kill()
                time.sleep(0.5)
                mysql_server.start()

        killer = threading.Thread(target=kill_twice)
        killer.start()
        results = engine.execute(mysql_queries)
        still_running = killer.is_alive()
        killer.join()
    assert [(r.rows, r.error) for r in results] == [(r.rows, r.error) for r in expected]
    assert not still_running, "the batch was over before the server was killed twice"


def test_a_server_that_refuses_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(batch._RETRY_AFTER_S, "mysql", (0.1, 0.2, 0.3))
    port = free_port()
    with Engine(workers=2) as engine:
        start = time.monotonic()
        with pytest.raises(
            InfrastructureError, match=rf"127\.0\.0\.1:{port}.*is it running.*after 4 attempts"
        ) as caught:
            engine.execute([Query(f"mysql://reader@127.0.0.1:{port}/shop", f"SELECT {n}") for n in range(50)])
        assert 0.6 < time.monotonic() - start < 10
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)


def test_a_wrong_password_is_not_tried_again(mysql_server: MysqlServer, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv(MYSQL_PASSWORD_VARIABLE, "s3cret-but-wrong")
    with Engine(workers=1) as engine:
        start = time.monotonic()
        with pytest.raises(InputError, match=MYSQL_PASSWORD_VARIABLE) as caught:
            engine.execute([Query(mysql_server.url("counting"), "SELECT 1")])
        assert time.monotonic() - start < 5
    assert "s3cret" not in str(caught.value)
    assert caught.value.exit_code == 2
