"""The cache: never a wrong, old or invented answer, whatever happens to the file or the database."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from pipeline.engine.cache import ResultCache
from pipeline.engine.pool import Engine
from pipeline.engine.protocol import decode_result, encode_result, portable
from pipeline.engine.result import ErrorKind, ExecutionResult, Limits, Query
from pipeline.errors import InfrastructureError

LIMITS = {"workers": 1, "timeout_s": 0.5, "max_rows": 1000, "max_bytes": 2**20, "memory_mb": 64}
Ask = Callable[..., list[ExecutionResult]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "results.sqlite"


@pytest.fixture
def ask(path: Path, url: str) -> Ask:
    """Asks golds of a new engine with the cache, as another process would."""

    def execute(*sql: str, digest: str = "d1", **limits: float) -> list[ExecutionResult]:
        with Engine(**{**LIMITS, **limits}, cache=path, digests={url: digest}) as engine:  # type: ignore[arg-type]
            queries = [Query(url, text) for text in sql]
            return engine.execute(queries, golds=queries)

    return execute


def cached(path: Path, url: str) -> ResultCache:
    return ResultCache(path, Limits(0.5, 1000, 2**20, 64), {url: "d1"})


def elapsed(results: list[ExecutionResult]) -> list[float]:
    """Two executions never take the same time to the last digit: equal times are one execution."""
    return [result.elapsed_s for result in results]


def test_asks_once_and_remembers_over_processes(ask: Ask) -> None:
    sql = ("SELECT name, age, x'00ff' FROM singer", "SELECT 1", "SELECT 1")
    first = ask(*sql)
    assert ask(*sql) == first
    assert elapsed(ask(*sql)) == elapsed(first)
    assert first[0].rows[0] == ("Ann", 30.5, b"\x00\xff")


def test_only_golds_are_kept(path: Path, url: str) -> None:
    gold, pred = Query(url, "SELECT 1"), Query(url, "SELECT 2")
    with Engine(**LIMITS, cache=path, digests={url: "d1"}) as engine:  # type: ignore[arg-type]
        both = engine.execute([gold, pred, gold], golds=[gold])
        again = engine.execute([pred, gold], golds=[gold])
    assert [result.rows for result in (*both, *again)] == [((1,),), ((2,),), ((1,),), ((2,),), ((1,),)]
    assert again[1] == both[0]
    assert again[0].elapsed_s != both[1].elapsed_s


def test_other_content_or_other_limits_are_another_question(ask: Ask) -> None:
    sql = "SELECT a.n FROM numbers a, numbers b LIMIT 2000"
    assert ask(sql)[0].truncated
    assert elapsed(ask(sql, digest="d2")) != elapsed(ask(sql))
    assert not ask(sql, max_rows=5000)[0].truncated
    assert ask(sql)[0].truncated


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT count(*) FROM numbers a, numbers b, numbers c WHERE a.n + b.n + c.n < 0", ErrorKind.TIMEOUT),
        ("SELECT x FROM singer", ErrorKind.UNKNOWN_NAME),
        ("DROP TABLE singer", ErrorKind.REFUSED),
    ],
)
def test_a_failure_is_stored_as_the_failure_it_is(ask: Ask, path: Path, url: str, sql: str, kind: ErrorKind) -> None:
    for result in (ask(sql)[0], ask(sql)[0], cached(path, url).read([Query(url, sql)])[Query(url, sql)]):
        assert result.error is not None
        assert result.error.kind == kind
        assert result.rows == ()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT random()",
        "SELECT 1 WHERE date ('now') > ''",
        "SELECT CURRENT_TIMESTAMP",
        "SELECT RANDOM/* */()",
        "SELECT datetime(age, 'unixepoch') FROM singer",
        "SELECT `now`()",
        "SELECT '@'",
    ],
)
def test_what_may_change_is_never_kept(path: Path, url: str, sql: str) -> None:
    cache = cached(path, url)
    cache.write([(Query(url, sql), ExecutionResult())])
    assert cache.read([Query(url, sql)]) == {}


def test_a_column_named_as_a_function_is_no_call(path: Path, url: str) -> None:
    cache, query = cached(path, url), Query(url, "SELECT date, user, time FROM visits WHERE date > 3")
    cache.write([(query, ExecutionResult(rows=((1,),)))])
    assert cache.read([query]) == {query: ExecutionResult(rows=((1,),))}


def test_a_crash_is_not_kept(path: Path, url: str) -> None:
    cache, query = cached(path, url), Query(url, "SELECT 1")
    cache.write([(query, ExecutionResult.failed(ErrorKind.CRASHED, "gone"))])
    assert cache.read([query]) == {}


def test_an_infrastructure_fault_keeps_nothing(ask: Ask, path: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database" * 1000)
    query = Query(f"sqlite:///{broken}", "SELECT 1")
    with (
        Engine(**LIMITS, cache=path, digests={query.url: "d"}) as engine,  # type: ignore[arg-type]
        pytest.raises(InfrastructureError, match="not a database"),
    ):
        engine.execute([query], golds=[query])
    assert ResultCache(path, Limits(0.5, 1000, 2**20, 64), {query.url: "d"}).read([query]) == {}


def test_a_database_without_digest_is_never_kept(path: Path, url: str) -> None:
    cache, other = cached(path, url), Query(url + "2", "SELECT 1")
    cache.write([(other, ExecutionResult())])
    assert cache.read([other]) == {}


def test_results_survive_encoding() -> None:
    result = ExecutionResult(
        ("a", "b"), ((None, 1), (2.5, "ü"), (b"\xff", Decimal("1.10")), (2**64 - 1, float("inf"))), None, 0.5, 7, False
    )
    again = decode_result(encode_result(portable(result)))
    assert again == result
    assert [[type(value) for value in row] for row in again.rows] == [[type(v) for v in row] for row in result.rows]


def test_another_version_is_started_anew(path: Path, url: str) -> None:
    query = Query(url, "SELECT 1")
    cached(path, url).write([(query, ExecutionResult(rows=((1,),)))])
    assert cached(path, url).read([query])
    with apsw.Connection(str(path)) as connection:
        connection.pragma("user_version", 99)
    assert cached(path, url).read([query]) == {}


def test_a_damaged_file_gets_a_clear_message(ask: Ask, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(InfrastructureError, match=r"results\.sqlite.*delete it"):
        ask("SELECT 1")


_WRITER = """
import sys
from pathlib import Path
from pipeline.engine.cache import ResultCache
from pipeline.engine.result import ExecutionResult, Limits, Query

path, name = Path(sys.argv[1]), sys.argv[2]
cache = ResultCache(path, Limits(), {"sqlite:////x": "d"})
print("ready", flush=True)
for number in range(10**9 if name == "endless" else 300):
    queries = [Query("sqlite:////x", f"SELECT {name} {number} {i}") for i in range(20)]
    cache.write((query, ExecutionResult(rows=((query.sql,) * 50,))) for query in queries)
"""


def test_processes_share_it_and_a_killed_one_leaves_it_whole(path: Path) -> None:
    def start(name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", _WRITER, str(path), name], stdout=subprocess.PIPE)

    endless = start("endless")
    assert endless.stdout is not None
    endless.stdout.readline()
    others = [start("a"), start("b")]
    assert [process.wait(60) for process in others] == [0, 0]
    endless.kill()
    endless.wait()
    for process in (endless, *others):
        assert process.stdout is not None
        process.stdout.close()
    cache = ResultCache(path, Limits(), {"sqlite:////x": "d"})
    for name in ("a", "b"):
        queries = [Query("sqlite:////x", f"SELECT {name} {n} {i}") for n in range(300) for i in range(20)]
        found = cache.read(queries)
        assert [found[query].rows[0][0] for query in queries] == [query.sql for query in queries]
    with apsw.Connection(str(path)) as connection:
        assert connection.pragma("integrity_check") == "ok"
