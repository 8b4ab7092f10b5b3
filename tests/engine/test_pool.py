"""The worker pool: order, equal queries, deaths, faults, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.engine.pool import Engine
from pipeline.engine.result import ErrorKind, Query
from pipeline.errors import InfrastructureError

pytestmark = pytest.mark.alone

Workers = Callable[[], list[int]]
WaitUntil = Callable[[Callable[[], bool]], None]

SLOW = "SELECT count(*) FROM numbers a, numbers b, numbers c WHERE a.n + b.n + c.n < 0"
STUCK = "SELECT instr(hex(zeroblob(4000000)), hex(zeroblob(2000000)) || 'x')"  # one step of the machine, for minutes


def test_results_come_in_order_whatever_their_fate(engine: Engine, url: str) -> None:
    sql = ["SELECT 1", "nonsense", "SELECT x", SLOW, "SELECT 2", "DROP TABLE singer", "SELECT 3"]
    results = engine.execute([Query(url, text) for text in sql])
    kinds = [result.error and result.error.kind for result in results]
    assert kinds == [
        None, ErrorKind.REFUSED, ErrorKind.UNKNOWN_NAME, ErrorKind.TIMEOUT, None, ErrorKind.REFUSED, None
    ]  # fmt: skip
    assert [result.rows for result in results if result.ok] == [((1,),), ((2,),), ((3,),)]


def test_an_empty_batch_starts_nothing(live_workers: Workers) -> None:
    with Engine() as engine:
        assert engine.execute([]) == []
        assert not live_workers()


def test_equal_queries_of_a_batch_are_executed_once(engine: Engine, url: str) -> None:
    results = engine.execute([Query(url, "SELECT random()")] * 50 + [Query(url, "SELECT  random()")])
    assert len({result.rows for result in results[:50]}) == 1
    assert results[0].rows != results[50].rows


def test_requests_larger_than_a_pipe(engine: Engine, url: str) -> None:
    sql = "SELECT '" + "\u4e2d" * 40_000 + "'"
    [result] = engine.execute([Query(url, sql)])
    assert result.rows == (("\u4e2d" * 40_000,),)


def test_a_query_that_cannot_be_interrupted_is_killed(url: str, live_workers: Workers) -> None:
    with Engine(workers=1, timeout_s=0.4) as engine:
        engine.execute([Query(url, "SELECT 0")])
        [pid] = live_workers()
        start = time.monotonic()
        stuck, fine = engine.execute([Query(url, STUCK), Query(url, "SELECT 1")])
        assert time.monotonic() - start < 1.2 * 0.4 + 0.5 + 0.1  # and the time of the second query
        assert stuck.error is not None
        assert stuck.error.kind == ErrorKind.TIMEOUT
        assert fine.ok
        assert pid not in live_workers()


def test_a_query_whose_worker_was_killed_gets_a_second_try(url: str, live_workers: Workers) -> None:
    queries = [Query(url, f"SELECT {n}, count(*) FROM numbers a, numbers b WHERE a.n + b.n < {n}") for n in range(300)]
    with Engine(workers=2, timeout_s=20) as engine:
        expected = [result.rows for result in engine.execute(queries)]
        killer = threading.Timer(0.1, os.kill, (live_workers()[0], signal.SIGKILL))
        killer.start()
        results = engine.execute(queries)
        killer.join()
    assert [result.rows for result in results] == expected


def test_a_query_that_costs_two_workers_costs_only_itself(
    url: str, live_workers: Workers, wait_until: WaitUntil
) -> None:
    with Engine(workers=1, timeout_s=20) as engine:
        engine.execute([Query(url, "SELECT 0")])

        def kill_two() -> None:
            [first] = live_workers()
            os.kill(first, signal.SIGKILL)
            wait_until(lambda: bool(set(live_workers()) - {first}))
            [second] = set(live_workers()) - {first}
            time.sleep(1)
            os.kill(second, signal.SIGKILL)

        killer = threading.Timer(0.3, kill_two)
        killer.start()
        before, slow, after = engine.execute([Query(url, text) for text in ("SELECT 1", SLOW, "SELECT 2")])
        killer.join()
    assert slow.error is not None
    assert slow.error.kind == ErrorKind.CRASHED
    assert (before.rows, after.rows) == (((1,),), ((2,),))


def test_a_worker_killed_while_idle_costs_nothing(url: str, live_workers: Workers, wait_until: WaitUntil) -> None:
    with Engine(workers=1) as engine:
        engine.execute([Query(url, "SELECT 0")])
        [pid] = live_workers()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not live_workers())
        assert engine.execute([Query(url, "SELECT 1")])[0].rows == ((1,),)


def test_a_fault_that_passes_is_retried(url: str, tmp_path: Path, database: Path) -> None:
    path = tmp_path / "late.sqlite"
    path.write_bytes(b"not yet a database" * 100)
    mend = threading.Timer(0.15, lambda: path.write_bytes(database.read_bytes()))
    with Engine(workers=1) as engine:
        engine.execute([Query(url, "SELECT 0")])
        mend.start()
        [result] = engine.execute([Query(f"sqlite:///{path}", "SELECT count(*) FROM singer")])
    assert result.rows == ((3,),)


def test_a_fault_ends_the_batch_but_not_the_engine(url: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.sqlite"
    path.write_bytes(b"never a database" * 100)
    with Engine(workers=2, timeout_s=20) as engine:
        start = time.monotonic()
        with pytest.raises(InfrastructureError, match=r"broken\.sqlite"):
            engine.execute([Query(url, SLOW), Query(f"sqlite:///{path}", "SELECT 1")])
        assert time.monotonic() - start < 10
        assert engine.execute([Query(url, "SELECT 1")])[0].ok


def test_may_be_shared_between_threads(engine: Engine, url: str) -> None:
    found: dict[int, object] = {}

    def ask(number: int) -> None:
        found[number] = engine.execute([Query(url, f"SELECT {number}")])[0].rows

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: ((number,),) for number in range(8)}


def test_close_ends_all_workers_and_the_engine(url: str, live_workers: Workers) -> None:
    engine = Engine(workers=2)
    engine.execute([Query(url, "SELECT 1"), Query(url, "SELECT 2"), Query(url, "SELECT 3")])
    assert live_workers()
    engine.close()
    engine.close()
    assert not live_workers()
    with pytest.raises(RuntimeError, match="closed"):
        engine.execute([Query(url, "SELECT 1")])


def test_a_forgotten_engine_ends_its_workers(url: str, live_workers: Workers) -> None:
    engine = Engine(workers=1)
    engine.execute([Query(url, "SELECT 1")])
    assert live_workers()
    del engine
    assert not live_workers()


@pytest.mark.parametrize("sql", ["SELECT 1", SLOW, STUCK])
def test_workers_do_not_outlive_a_killed_parent(
    url: str, sql: str, live_workers: Workers, wait_until: WaitUntil
) -> None:
    code = (
        "import sys, threading, time\n"
        "from pipeline.engine.pool import Engine\n"
        "from pipeline.engine.result import Query\n"
        "engine = Engine(workers=1, timeout_s=1)\n"
        "threading.Thread(target=lambda: engine.execute([Query(*sys.argv[1:])]), daemon=True).start()\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, url, sql])
    wait_until(lambda: bool(live_workers()))
    time.sleep(0.4)
    parent.kill()
    parent.wait()
    wait_until(lambda: not live_workers())


def test_the_worker_starts_without_heavy_imports() -> None:
    code = "import sys, pipeline.engine.worker; print(' '.join(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"sqlglot", "numpy", "torch", "mlflow", "pydantic", "asyncio"} & set(modules)


def test_workers_see_no_credentials(url: str, live_workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    with Engine(workers=1) as engine:
        engine.execute([Query(url, "SELECT 1")])
        [pid] = live_workers()
        assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_needs_a_worker() -> None:
    with pytest.raises(ValueError, match="workers: 0"):
        Engine(workers=0)
