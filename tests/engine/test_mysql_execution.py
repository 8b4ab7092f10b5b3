"""The MySQL executor against a real server: results, limits, faults, and that nothing can be written."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from mysql_server import BENCHMARKS, MysqlServer, free_port, mysql_server  # noqa: F401 (a fixture)

import pipeline.engine.mysql as mysql_module
import pipeline.engine.mysql_connection as connection_module
from pipeline.engine.mysql import MysqlExecutor
from pipeline.engine.result import ErrorKind, ExecutionResult, Limits, Query
from pipeline.errors import InfrastructureError, InputError

pytestmark = [pytest.mark.integration, pytest.mark.alone]

LIMITS = Limits(timeout_s=1.0, max_rows=100, max_bytes=2**20)
SLOW = "SELECT COUNT(*) FROM numbers a, numbers b, numbers c WHERE a.n * b.n * c.n = -1"
SCRIPT = r"""
DROP DATABASE IF EXISTS shop; CREATE DATABASE shop; USE shop;
CREATE TABLE numbers (n INT PRIMARY KEY);
SET SESSION cte_max_recursion_depth = 5000;
INSERT INTO numbers WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2000) SELECT n FROM c;
CREATE TABLE kinds (
    id INT PRIMARY KEY, amount DECIMAL(12, 2), ratio DOUBLE, day DATE, moment DATETIME(3), stamp TIMESTAMP NULL,
    clock TIME, made YEAR, flag BOOLEAN, bits BIT(10), body BLOB, raw BINARY(2), note TEXT, doc JSON,
    choice ENUM('a', 'b'), old VARCHAR(20) CHARACTER SET latin1, big BIGINT UNSIGNED
);
INSERT INTO kinds VALUES (1, 12.50, 0.1, '2024-02-29', '2024-02-29 10:11:12.345', '2024-02-29 10:11:12', '-25:00:01',
    2024, TRUE, b'1000000001', x'00ff', x'0102', 'größe 😀', '{"b": 1, "a": [null]}', 'b', 'käse',
    18446744073709551615);
INSERT INTO kinds (id) VALUES (2);
CREATE TABLE empty_table (x INT);
"""


@pytest.fixture(scope="module")
def server(mysql_server: MysqlServer) -> MysqlServer:  # noqa: F811
    mysql_server.load(SCRIPT)
    return mysql_server


@pytest.fixture(scope="module")
def executor(server: MysqlServer) -> Iterator[MysqlExecutor]:
    executor = MysqlExecutor(LIMITS, server.password)
    yield executor
    executor.close()


Ask = Callable[..., ExecutionResult]


def run(executor: MysqlExecutor, query: Query) -> ExecutionResult:
    return executor.open(query.url)(query.sql)


@pytest.fixture(scope="module")
def ask(executor: MysqlExecutor, server: MysqlServer) -> Ask:
    def answer(sql: str, database: str = "shop") -> ExecutionResult:
        return run(executor, Query(server.url(database), sql))

    return answer


def error_of(result: ExecutionResult) -> ErrorKind | None:
    return result.error.kind if result.error else None


def running(server: MysqlServer) -> list[str]:
    """The queries that the server is executing for any reading account, after a moment to end them."""
    deadline = time.monotonic() + 10
    while True:
        with closing(server.root()) as root, root.cursor() as cursor:
            cursor.execute("SHOW PROCESSLIST")
            found = [str(row[7]) for row in cursor.fetchall() if row[1] not in ("root", "event_scheduler") and row[7]]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def connections(server: MysqlServer) -> int:
    with closing(server.root()) as root, root.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM performance_schema.processlist WHERE user = %s", (server.user,))
        [[count]] = cursor.fetchall()
        return int(count)


def test_values(ask: Ask) -> None:
    result = ask("SELECT * FROM kinds ORDER BY id")
    expected: tuple[Any, ...] = (
        *(1, Decimal("12.50"), 0.1, "2024-02-29", "2024-02-29 10:11:12.345", "2024-02-29 10:11:12", "-25:00:01"),
        *(2024, 1, b"\x02\x01", b"\x00\xff", b"\x01\x02", "größe 😀", '{"a": [null], "b": 1}', "b", "käse"),
        18446744073709551615,
    )
    assert result.rows == (expected, (2, *[None] * 16))
    assert [type(a) for a in result.rows[0]] == [type(b) for b in expected]
    assert result.columns[:3] == ("id", "amount", "ratio")
    assert result.ok
    assert not result.truncated


def test_values_of_expressions(ask: Ask) -> None:
    result = ask(
        "SELECT AVG(n), SUM(n), COUNT(*), MAX(n) / 3, GROUP_CONCAT(n ORDER BY n DESC), CONCAT(MIN(n), 'ü'), NULL,"
        " CAST('{}' AS JSON), DATE '2024-01-31' + INTERVAL 1 MONTH, COALESCE(NULL, DATE '2024-01-31') AS `größe`,"
        " TRUE, 1.5e0 FROM numbers WHERE n <= 3"
    )
    assert result.rows == (
        (
            *(Decimal("2.0000"), Decimal(6), 3, Decimal("1.0000"), "3,2,1", "1ü", None, "{}", "2024-02-29"),
            *("2024-01-31", 1, 1.5),
        ),
    )
    assert result.columns[9] == "größe"


def test_text_that_is_no_utf_8_loses_its_invalid_bytes() -> None:
    assert mysql_module._text(b"K\xf6ln") == "Kln"


def test_an_empty_result_has_columns(ask: Ask) -> None:
    result = ask("SELECT x FROM empty_table")
    assert (result.ok, result.columns, result.rows) == (True, ("x",), ())


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT FROM", ErrorKind.SYNTAX),
        ("SELECT * FROM nothing", ErrorKind.UNKNOWN_NAME),
        ("SELECT nothing FROM numbers", ErrorKind.UNKNOWN_NAME),
        ("SELECT strftime('%Y', day) FROM kinds", ErrorKind.RUNTIME),
        ("SELECT n, COUNT(*) FROM numbers", ErrorKind.RUNTIME),
        ("SELECT EXP(1000)", ErrorKind.RUNTIME),
        ("SELECT REGEXP_LIKE('a', '(')", ErrorKind.RUNTIME),
        ("WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT * FROM c", ErrorKind.RUNTIME),
        ("SELECT * FROM mysql.user", ErrorKind.REFUSED),
        ("SELECT SLEEP(1)", ErrorKind.REFUSED),
        ("SELECT 1; SELECT 2", ErrorKind.REFUSED),
        ("SELECT " + "+".join("1" * 24_000), ErrorKind.TOO_LARGE),  # the parser's stack
    ],
)
def test_errors_of_a_query(ask: Ask, sql: str, kind: ErrorKind) -> None:
    result = ask(sql)
    assert error_of(result) is kind, result
    assert result.cost is None
    assert ask("SELECT 1").ok


@pytest.mark.parametrize("sql", ["SELECT 1;", "SELECT 1 ; -- done", "(SELECT 1)", "VALUES ROW(1)", "SELECT '%s'"])
def test_forms_of_a_query(ask: Ask, sql: str) -> None:
    assert ask(sql).ok


def test_the_servers_own_deadline(ask: Ask, executor: MysqlExecutor, server: MysqlServer) -> None:
    start = time.monotonic()
    result = ask(SLOW)
    assert 0.9 < time.monotonic() - start < LIMITS.kill_after_s
    assert error_of(result) is ErrorKind.TIMEOUT
    assert running(server) == []
    assert ask("SELECT 1").rows == ((1,),)


def test_the_watchdog_kills_what_the_server_does_not_stop(server: MysqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = connection_module._settings
    monkeypatch.setattr(
        connection_module,
        "_settings",
        lambda modes, limits: settings(modes, limits).replace("max_execution_time = 1000", "max_execution_time = 0"),
    )
    with closing(MysqlExecutor(LIMITS, server.password)) as executor:
        for _ in range(2):
            start = time.monotonic()
            result = run(executor, Query(server.url("shop"), SLOW))
            assert 1.0 < time.monotonic() - start < LIMITS.kill_after_s + 0.2
            assert error_of(result) is ErrorKind.TIMEOUT
            assert running(server) == []
        assert run(executor, Query(server.url("shop"), "SELECT 1")).ok


def test_what_the_server_cannot_interrupt_ends_in_time_too(server: MysqlServer) -> None:
    with closing(MysqlExecutor(Limits(timeout_s=0.4), server.password)) as executor:
        assert run(executor, Query(server.url("shop"), "SELECT 1")).ok
        start = time.monotonic()
        # One JSON document of 15 MB: seconds inside one function.
        sql = "SELECT JSON_LENGTH(CONCAT('[', REPEAT('[],', 20000000), '1]'))"
        result = run(executor, Query(server.url("shop"), sql))
        assert time.monotonic() - start < 1.0
        assert error_of(result) is ErrorKind.TIMEOUT
        assert run(executor, Query(server.url("shop"), "SELECT 1")).ok
    assert running(server) == []


def test_a_query_that_somebody_else_kills_is_a_fault_of_the_machine(server: MysqlServer) -> None:
    with closing(MysqlExecutor(Limits(timeout_s=5.0), server.password)) as executor, closing(server.root()) as root:
        script = textwrap.dedent(f"""
            import pymysql, time
            root = pymysql.connect(host={server.host!r}, port={server.port}, user="root", password={root.password!r})
            cursor = root.cursor()
            while True:
                cursor.execute("SELECT id FROM performance_schema.processlist WHERE info LIKE 'SELECT COUNT(%b.n%'")
                for (found,) in cursor.fetchall():
                    cursor.execute(f"KILL QUERY {{found}}")
                time.sleep(0.1)
        """)
        with subprocess.Popen([sys.executable, "-c", script]) as killer:
            try:
                with pytest.raises(InfrastructureError, match="interrupted"):
                    run(executor, Query(server.url("shop"), SLOW))
            finally:
                killer.kill()


def test_too_many_rows_are_cut_and_nothing_goes_on(ask: Ask, server: MysqlServer) -> None:
    before = connections(server)
    start = time.monotonic()
    result = ask("SELECT a.n FROM numbers a, numbers b, numbers c")
    assert time.monotonic() - start < LIMITS.timeout_s
    assert (result.ok, result.truncated, len(result.rows), result.cost) == (True, True, 100, None)
    assert running(server) == []
    assert connections(server) <= before
    assert ask("SELECT 1").ok
    assert not ask("SELECT n FROM numbers LIMIT 100").truncated


def test_too_many_bytes_are_cut(ask: Ask, server: MysqlServer) -> None:
    result = ask("SELECT REPEAT('ü', 100000) FROM numbers LIMIT 50")
    assert (result.truncated, len(result.rows)) == (True, 5)
    assert running(server) == []


@pytest.mark.parametrize("size", [2**20 + 1, 30_000_000])
def test_one_value_above_the_byte_cap(ask: Ask, server: MysqlServer, size: int) -> None:
    result = ask(f"SELECT REPEAT('x', {size}), REPEAT('y', {size}) FROM numbers")
    assert error_of(result) is ErrorKind.TOO_LARGE
    assert running(server) == []
    assert ask(f"SELECT LENGTH(REPEAT('x', {size}))").rows == ((size,),)


def test_a_value_that_does_not_fit_in_memory(server: MysqlServer) -> None:
    """In a process of its own, whose address space is bounded as a worker's is."""
    script = textwrap.dedent(f"""
        import resource, sys
        from pipeline.engine.mysql import MysqlExecutor
        from pipeline.engine.result import Limits
        executor = MysqlExecutor(Limits(timeout_s=5.0, max_bytes=2**30), sys.argv[1])
        run = lambda sql: executor.open({server.url("shop")!r})(sql)
        run("SELECT 1")
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 60 * 2**20,) * 2)
        print(run("SELECT REPEAT('x', 50000000)").error.kind, run("SELECT 1").rows)
    """)
    output = subprocess.run([sys.executable, "-c", script, server.password], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "too_large ((1,),)", output
    assert running(server) == []


def test_the_cost_repeats(ask: Ask, server: MysqlServer) -> None:
    queries = [
        "SELECT COUNT(*) FROM numbers a JOIN numbers b ON a.n = b.n + 1 WHERE a.n < 500",
        "SELECT n % 7, COUNT(*) FROM numbers GROUP BY 1 ORDER BY 2 DESC, 1",
        "SELECT n FROM numbers WHERE n = 5",
        "SELECT 1",
    ]
    costs = [[ask(sql).cost for sql in queries] for _ in range(3)]
    assert costs[0] == costs[1] == costs[2]
    assert [cost is not None and cost >= least for cost, least in zip(costs[0], (499, 2000, 1, 0), strict=True)]
    ask("SELECT nothing FROM numbers")
    ask("SELECT a.n FROM numbers a, numbers b")
    with closing(MysqlExecutor(LIMITS, server.password)) as other:
        assert [run(other, Query(server.url("shop"), sql)).cost for sql in queries] == costs[0]


def test_the_cost_does_not_count_a_cold_dictionary(ask: Ask, server: MysqlServer) -> None:
    warm = ask("SELECT * FROM kinds WHERE id = 1").cost
    with closing(server.root()) as root:
        root.cursor().execute("FLUSH TABLES")
    assert ask("SELECT * FROM kinds WHERE id = 1").cost == warm


def test_the_counters_cost_nothing_or_always_the_same(server: MysqlServer, executor: MysqlExecutor, ask: Ask) -> None:
    ask("SELECT 1")
    [connection] = executor._connections._open.values()
    readings = [connection.counters_after().work for _ in range(5)]
    steps = {after - before for before, after in pairwise(readings)}
    assert steps == {connection._counting.work}


def test_an_account_that_may_write_is_refused(server: MysqlServer) -> None:
    with closing(server.root()) as root, root.cursor() as cursor:
        cursor.execute("CREATE USER writer IDENTIFIED BY 'w'; GRANT SELECT, INSERT ON shop.* TO writer")
        while cursor.nextset():
            pass
    try:
        with (
            closing(MysqlExecutor(LIMITS, "w")) as executor,
            pytest.raises(
                InputError, match=r"'writer'@'%' may do more than read \(INSERT on `shop`\.\*\).*GRANT SELECT"
            ),
        ):
            run(executor, Query(server.url("shop", user="writer"), "SELECT 1"))
    finally:
        with closing(server.root()) as root:
            root.cursor().execute("DROP USER writer")


def test_a_role_is_refused(server: MysqlServer) -> None:
    with closing(server.root()) as root, root.cursor() as cursor:
        cursor.execute("CREATE ROLE boss; GRANT ALL ON shop.* TO boss; CREATE USER member IDENTIFIED BY 'm'")
        while cursor.nextset():
            pass
        cursor.execute("GRANT boss TO member")
        cursor.execute("SET DEFAULT ROLE boss TO member")
    try:
        with closing(MysqlExecutor(LIMITS, "m")) as executor, pytest.raises(InputError, match="boss"):
            run(executor, Query(server.url("shop", user="member"), "SELECT 1"))
    finally:
        with closing(server.root()) as root:
            root.cursor().execute("DROP USER member, boss")


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO empty_table VALUES (1)",
        "DELETE FROM numbers",
        "UPDATE numbers SET n = 0",
        "CREATE TABLE x (a INT)",
        "SELECT 1; DELETE FROM numbers",
    ],
)
def test_the_session_alone_stops_writes(server: MysqlServer, monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    """As root, with our own checks switched off: the session and the protocol still refuse."""
    monkeypatch.setattr(connection_module, "privileges_beyond_reading", lambda _: [])
    monkeypatch.setattr(mysql_module, "forbidden", lambda _: None)
    with closing(server.root()) as root, root.cursor() as cursor:
        with closing(MysqlExecutor(LIMITS, root.password.decode())) as executor:
            result = run(executor, Query(server.url("shop", user="root"), sql))
        assert error_of(result) in (ErrorKind.REFUSED, ErrorKind.SYNTAX), result
        cursor.execute("SELECT COUNT(*), MIN(n) FROM shop.numbers")
        assert cursor.fetchall() == ((2000, 1),)
        cursor.execute("SELECT COUNT(*) FROM shop.empty_table")
        assert cursor.fetchall() == ((0,),)


@pytest.mark.parametrize(
    "sql", ["INSERT INTO empty_table VALUES (1)", "SELECT 1 INTO OUTFILE '/tmp/x'", "SELECT * FROM numbers FOR UPDATE"]
)
def test_the_account_alone_stops_writes(server: MysqlServer, monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    monkeypatch.setattr(mysql_module, "forbidden", lambda _: None)
    with closing(MysqlExecutor(LIMITS, server.password)) as executor:
        assert error_of(run(executor, Query(server.url("shop"), sql))) is ErrorKind.REFUSED


def test_a_statement_that_is_no_query_costs_its_connection(
    server: MysqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql_module, "forbidden", lambda _: None)
    with closing(MysqlExecutor(LIMITS, server.password)) as executor:
        url = server.url("shop")
        assert error_of(run(executor, Query(url, "SET SESSION max_execution_time = 0"))) is ErrorKind.REFUSED
        assert run(executor, Query(url, "SELECT @@max_execution_time")).rows == ((1000,),)


def test_a_lock_on_a_table_is_a_fault_of_the_machine(server: MysqlServer) -> None:
    with closing(server.root()) as root, closing(MysqlExecutor(Limits(timeout_s=4.0), server.password)) as executor:
        root.cursor().execute("LOCK TABLES shop.empty_table WRITE")
        with pytest.raises(InfrastructureError, match="Lock wait timeout"):
            run(executor, Query(server.url("shop"), "SELECT * FROM empty_table"))


def test_a_wrong_password_names_the_variable_but_shows_no_secret(server: MysqlServer) -> None:
    for password in ("WRONG-SECRET", None, "größe 😀"):
        executor = MysqlExecutor(LIMITS, password)
        with pytest.raises(InputError) as caught:
            run(executor, Query(server.url("shop"), "SELECT 1"))
        message = str(caught.value)
        assert f"{server.user}@{server.host}" in message
        assert "QUERYSMITH_MYSQL_PASSWORD" in message
        assert str(password) not in message


def test_an_unknown_database(server: MysqlServer, executor: MysqlExecutor) -> None:
    with pytest.raises(InputError, match="nowhere"):
        run(executor, Query(server.url("nowhere"), "SELECT 1"))


def test_a_refused_port() -> None:
    port = free_port()
    with pytest.raises(InfrastructureError, match=f"MySQL server 127.0.0.1:{port}: .*is it running and reachable"):
        run(MysqlExecutor(LIMITS, "x"), Query(f"mysql://u@127.0.0.1:{port}/d", "SELECT 1"))


def test_few_connections_are_kept(server: MysqlServer) -> None:
    names = [f"d{i}" for i in range(10)]
    server.load(";".join(f"CREATE DATABASE IF NOT EXISTS {name}" for name in names))
    before = connections(server)
    with closing(MysqlExecutor(LIMITS, server.password)) as executor:
        for name in names:
            assert run(executor, Query(server.url(name), "SELECT DATABASE()")).rows == ((name,),)
        time.sleep(0.1)
        assert connections(server) - before == 8
    time.sleep(0.1)
    assert connections(server) == before


def test_a_server_that_hangs_is_not_a_timeout_of_the_query(ask: Ask, server: MysqlServer) -> None:
    ask("SELECT 1")
    server.pause()
    try:
        start = time.monotonic()
        with pytest.raises(InfrastructureError):
            ask("SELECT 1")
        assert time.monotonic() - start < 10
    finally:
        server.unpause()
    assert ask("SELECT 1").ok


def test_a_server_that_was_restarted_while_idle(ask: Ask, server: MysqlServer) -> None:
    sql = "SELECT COUNT(*) FROM kinds WHERE id < 3"
    cost = ask(sql).cost
    server.kill()
    with pytest.raises(InfrastructureError):
        ask(sql)
    server.start()
    assert ask(sql).cost == cost
    server.kill()
    server.start()
    result = ask(sql)
    assert (result.rows, result.cost) == (((2,),), cost)


def test_a_real_database(ask: Ask, server: MysqlServer) -> None:
    script = BENCHMARKS / "bird" / "superhero_mysql.sql"
    if not script.exists():
        pytest.skip(f"needs {script}")
    server.load(script)
    sql = "SELECT publisher_name, COUNT(*) FROM superhero JOIN publisher p ON p.id = publisher_id GROUP BY 1 ORDER BY 1"
    first, second = ask(sql, "superhero"), ask(sql, "superhero")
    assert first.ok
    assert first.rows == second.rows
    assert first.cost == second.cost
