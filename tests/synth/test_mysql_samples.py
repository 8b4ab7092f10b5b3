"""The sample databases on MySQL: what they are made of, and on a real server that questions and rows are the same."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from mysql_server import MysqlServer, mysql_server  # noqa: F401 (a fixture)

from pipeline.data.benchmarks import load_folder
from pipeline.engine.mysql import MysqlExecutor
from pipeline.engine.result import Limits
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE
from pipeline.errors import InputError
from pipeline.synth.samples import mysql as module
from pipeline.synth.samples.domains import DOMAINS
from pipeline.synth.samples.mysql import OWNER_PASSWORD_VARIABLE, create_table, translate, write_mysql_samples


def test_tables_have_keys_and_indexes() -> None:
    domain = DOMAINS[0]
    for table in domain.tables:
        statement = create_table(domain, table)
        assert statement.count("PRIMARY KEY") == 1
        assert statement.count("FOREIGN KEY") == len(list(domain.joins(table)))
        assert " TEXT" not in statement  # cannot be indexed


def test_queries_are_said_in_mysqls_sql() -> None:
    assert translate("SELECT a || b FROM t") == "SELECT CONCAT(a, b) FROM t"
    assert translate("SELECT (") is None
    assert (
        translate("WITH x AS MATERIALIZED (SELECT a FROM t) SELECT a FROM x")
        == "WITH x AS (SELECT a FROM t) SELECT a FROM x"
    )


def test_owner_needs_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OWNER_PASSWORD_VARIABLE, raising=False)
    monkeypatch.setattr(module, "write_samples", lambda out, seed, questions, slow_share: out)
    monkeypatch.setattr(module, "_digests", lambda url: {})
    with pytest.raises(InputError, match=OWNER_PASSWORD_VARIABLE):
        write_mysql_samples(tmp_path / "out", "mysql://reader@127.0.0.1:9/", "root", 42, 5)


@pytest.fixture
def server(mysql_server: MysqlServer, monkeypatch: pytest.MonkeyPatch) -> MysqlServer:  # noqa: F811
    monkeypatch.setenv(MYSQL_PASSWORD_VARIABLE, mysql_server.password)
    monkeypatch.setenv(OWNER_PASSWORD_VARIABLE, mysql_server._root_password)
    return mysql_server


def drop(server: MysqlServer) -> None:
    with closing(server.root()) as root, root.cursor() as cursor:
        for domain in DOMAINS:
            cursor.execute(f"DROP DATABASE IF EXISTS {domain.db_id}")


@pytest.mark.integration
def test_loaded_once_and_trainable(server: MysqlServer, tmp_path: Path) -> None:
    drop(server)
    url, out = server.url(""), tmp_path / "samples"
    write_mysql_samples(out, url, "root", 42, 20)
    manifest = json.loads((out / "manifest.json").read_text())
    assert sum(manifest["questions"].values()) > 0.7 * 20 * len(DOMAINS)

    loaded = load_folder(out)
    assert loaded.rejected == []
    assert set(loaded.dialects.values()) == {"mysql"}
    assert set(loaded.databases) == {domain.db_id for domain in DOMAINS}
    assert loaded.train
    assert loaded.dev
    assert all(example.reasoning for example in loaded.train)
    assert manifest["slow"] > 0.5 * sum(manifest["questions"].values())
    rows = [json.loads(line) for line in (out / "train.jsonl").read_text().splitlines()]
    slow = next(row for row in rows if row["gold_sql"] != row["fast_query"])
    executor = MysqlExecutor(Limits(timeout_s=20.0), server.password)
    try:
        run = executor.open(server.url(slow["db_id"]))
        work, fast_work = run(slow["gold_sql"]).cost, run(slow["fast_query"]).cost
    finally:
        executor.close()
    assert work is not None
    assert fast_work is not None
    assert work > 1.2 * fast_work

    stamp = (out / "manifest.json").stat().st_mtime_ns
    write_mysql_samples(out, url, "root", 42, 20)
    assert (out / "manifest.json").stat().st_mtime_ns == stamp

    with closing(server.root()) as root, root.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {DOMAINS[0].db_id}")
    write_mysql_samples(out, url, "root", 42, 20)
    assert set(load_folder(out).databases) == {domain.db_id for domain in DOMAINS}
    drop(server)


@pytest.mark.integration
def test_a_database_of_somebody_else_is_left_alone(server: MysqlServer, tmp_path: Path) -> None:
    drop(server)
    server.load(f"CREATE DATABASE {DOMAINS[0].db_id}; CREATE TABLE {DOMAINS[0].db_id}.theirs (n INT)")
    with pytest.raises(InputError, match=r"with other tables \(theirs\)"):
        write_mysql_samples(tmp_path / "samples", server.url(""), "root", 42, 5)
    drop(server)
