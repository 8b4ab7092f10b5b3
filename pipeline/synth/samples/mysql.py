"""The sample databases on a MySQL server, and their questions in MySQL's SQL, as a user's own data.

This is what the Docker stack trains on before anybody has brought a database: rows, keys and indexes as in the SQLite
files, text compared byte by byte as SQLite does. Every fast query is translated and run on both; a question whose
results differ (integer division, averages of integers) is left out. The slow golds are chosen on the server, for what
costs SQLite much may cost MySQL nothing: it merges a table expression into the query that reads it. What it leaves out:
CHECK constraints.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pymysql
import sqlglot
from pymysql.connections import Connection as Server

from pipeline.data.example import Schema
from pipeline.data.mysql_schema import on_server
from pipeline.data.own_data import SERVER_FILE
from pipeline.engine.compare import same_result
from pipeline.engine.mysql import MysqlExecutor
from pipeline.engine.mysql_errors import connection_error
from pipeline.engine.result import ExecutionResult, Limits
from pipeline.engine.sqlite import SqliteExecutor
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE, MysqlAddress, mysql_address
from pipeline.errors import InputError
from pipeline.progress import progress
from pipeline.sql.parsing import is_ordered
from pipeline.synth.samples.domain import Domain, Table
from pipeline.synth.samples.domains import DOMAINS
from pipeline.synth.samples.writing import SLOW_SHARE, VERSION, write_samples
from pipeline.synth.slow import SlowForm, for_share, proven, slow_forms
from pipeline.synth.thoughts import describe

OWNER_PASSWORD_VARIABLE = "QUERYSMITH_MYSQL_OWNER_PASSWORD"
TRANSLATION = 2  # raise it whenever the same samples give other questions here
MOST_WORK = 300_000  # rows that a slow gold reads and sorts: about 100 ms
TYPES = {"TEXT": "VARCHAR(255)", "INTEGER": "BIGINT", "REAL": "DOUBLE", "DATE": "DATE"}
LIMITS = Limits(timeout_s=20.0)

Run = Callable[[str], ExecutionResult]


def write_mysql_samples(out: Path, url: str, owner: str, seed: int, questions_per_database: int) -> Path:
    """Load the sample databases into the server of `url` as `owner`, and write their questions to the folder `out`.

    `url` names the server and the account of the pipeline (mysql://reader@host:3306/), which is granted SELECT on the
    sample databases and nothing else. The passwords come from QUERYSMITH_MYSQL_PASSWORD and
    QUERYSMITH_MYSQL_OWNER_PASSWORD. Returns at once where server and folder already hold just these samples.

    Raises:
        InputError: a password or an account is wrong, or a database of that name holds other tables.
        InfrastructureError: the server does not answer.
    """
    wanted = {"generator": "querysmith-mysql-samples", "version": VERSION, "url": url, "seed": seed}
    wanted |= {"translation": TRANSLATION, "questions_per_database": questions_per_database, "slow_share": SLOW_SHARE}
    manifest = out / "manifest.json"
    found = _json(manifest)
    if wanted.items() <= found.items() and _digests(url) == found.get("digests"):
        return out
    source = write_samples(out / "sqlite", seed, questions_per_database, slow_share=0.0)
    address = mysql_address(f"{url.removesuffix('/')}/any")
    with closing(_connect(address._replace(user=owner), os.environ.get(OWNER_PASSWORD_VARIABLE, ""))) as server:
        for domain in DOMAINS:
            load(domain, source / "database" / domain.db_id / f"{domain.db_id}.sqlite", server)
            grant(domain.db_id, address.user, server)
    kept = _translated(source, url, seed)
    for split, rows in kept.items():
        _write(out / f"{split}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    _write(out / SERVER_FILE, url + "\n")
    counts = {split: len(rows) for split, rows in kept.items()}
    slow = sum(row["gold_sql"] != row["fast_query"] for rows in kept.values() for row in rows)
    found = {**wanted, "questions": counts, "slow": slow, "digests": _digests(url)}
    _write(manifest, json.dumps(found, indent=1) + "\n")
    return out


def load(domain: Domain, sqlite: Path, server: Server[Any]) -> None:
    """Make the database anew and fill it with the rows of the SQLite file.

    Raises:
        InputError: there is a database of this name with tables that are none of the sample's.
    """
    database = _quoted(domain.db_id)
    with closing(sqlite3.connect(f"file:{sqlite}?mode=ro", uri=True)) as source, server.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (domain.db_id,))
        foreign = {name for (name,) in cursor.fetchall()} - {table.name for table in domain.tables}
        if foreign:
            raise InputError(
                f"the MySQL server has a database {domain.db_id} with other tables ({', '.join(sorted(foreign))}); "
                "rename it, or load the samples into another server"
            )
        cursor.execute(f"DROP DATABASE IF EXISTS {database}")
        cursor.execute(f"CREATE DATABASE {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin")
        for table in domain.tables:
            cursor.execute(create_table(domain, table))
            rows = source.execute(f"SELECT * FROM {table.name}").fetchall()
            marks = ", ".join(["%s"] * len(table.columns))
            cursor.executemany(f"INSERT INTO {database}.{_quoted(table.name)} VALUES ({marks})", rows)
            server.commit()
            cursor.execute(f"ANALYZE TABLE {database}.{_quoted(table.name)}")


def create_table(domain: Domain, table: Table) -> str:
    """The CREATE TABLE statement in MySQL's SQL, with the indexes; a foreign key brings its own."""
    lines = []
    for column in table.columns:
        missing = " PRIMARY KEY" if column.kind == "key" else "" if column.null else " NOT NULL"
        lines.append(f"{_quoted(column.name)} {TYPES[column.recipe.sql_type]}{missing}")
    lines += [f"INDEX ({_quoted(column.name)})" for column in table.columns if column.indexed and column.kind != "ref"]
    for join in domain.joins(table):
        parent = f"{_quoted(join.parent.name)} ({_quoted(str(join.parent.key))})"
        lines.append(f"FOREIGN KEY ({_quoted(join.fk)}) REFERENCES {parent}")
    return f"CREATE TABLE {_quoted(domain.db_id)}.{_quoted(table.name)} (\n  " + ",\n  ".join(lines) + "\n)"


def grant(database: str, user: str, server: Server[Any]) -> None:
    """Let `user` read one database; in a grant its name is a pattern, in which _ would stand for any letter."""
    pattern = _quoted(database.replace("_", r"\_").replace("%", r"\%"))
    with server.cursor() as cursor:
        cursor.execute(f"GRANT SELECT ON {pattern}.* TO %s@'%%'", (user,))


def translate(sql: str) -> str | None:
    """A query of SQLite in MySQL's SQL, None where it cannot be said. That a common table expression is materialized
    is not said: MySQL decides on that itself."""
    try:
        tree = sqlglot.parse_one(sql, dialect="sqlite")
        for part in tree.find_all(sqlglot.exp.CTE):
            part.set("materialized", None)
        return tree.sql(dialect="mysql", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError:
        return None


def _translated(source: Path, url: str, seed: int) -> dict[str, list[dict[str, Any]]]:
    """By split, the questions whose fast query returns the same on the MySQL server, with slow golds for most."""
    sqlite, mysql = SqliteExecutor(LIMITS), MysqlExecutor(LIMITS, os.environ.get(MYSQL_PASSWORD_VARIABLE))
    rows = {split: _json(source / f"{split}.json") for split in ("train", "dev")}
    count = sum(len(own) for own in rows.values())
    try:
        with progress("questions in MySQL's SQL", count) as advance:
            kept = {split: list(_kept(own, source, url, sqlite, mysql, advance)) for split, own in rows.items()}
        with progress("slow forms in MySQL's SQL, by database", len(DOMAINS)) as advance:
            slow = _slow([row for own in kept.values() for row in own], url, seed, mysql, advance)
    finally:
        sqlite.close()
        mysql.close()
    return {split: [_record(row, slow) for row in own] for split, own in kept.items()}


def _kept(
    rows: Any, source: Path, url: str, sqlite: SqliteExecutor, mysql: MysqlExecutor, advance: Callable[[int], None]
) -> Iterator[dict[str, Any]]:
    """The rows with their query in MySQL's SQL, without those that it answers otherwise."""
    for row in rows:
        advance(1)
        db_id, sql = row["db_id"], translate(row["query"])
        if sql is None:
            continue
        file = (source / "database" / db_id / f"{db_id}.sqlite").absolute()
        expected = sqlite.open(f"sqlite:///{file}")(row["query"])
        result = mysql.open(f"{url.removesuffix('/')}/{db_id}")(sql)
        if same_result(expected, result, is_ordered(row["query"])):
            yield row | {"query": sql}


def _slow(
    rows: list[dict[str, Any]], url: str, seed: int, mysql: MysqlExecutor, advance: Callable[[int], None]
) -> dict[tuple[str, str], str]:
    """Slow forms by database and query, for the share of the questions that has one in SQLite's samples, too."""
    read = on_server(url)
    found: dict[tuple[str, str], str] = {}
    for domain in DOMAINS:
        run, schema = mysql.open(f"{url.removesuffix('/')}/{domain.db_id}"), read(domain.db_id).schema

        def slow(sql: str, run: Run = run, schema: Schema = schema) -> SlowForm | None:
            return proven(run, sql, slow_forms(sql, schema, Random(f"{seed} {sql}"), "mysql"), MOST_WORK)

        queries = [row["query"] for row in rows if row["db_id"] == domain.db_id]
        forms = for_share(slow, queries, SLOW_SHARE, f"{seed} {domain.db_id}")
        found |= {(domain.db_id, sql): form for sql, form in forms.items()}
        advance(1)
    return found


def _record(row: dict[str, Any], slow: dict[tuple[str, str], str]) -> dict[str, Any]:
    gold = slow.get((row["db_id"], row["query"]), row["query"])
    return {
        "db_id": row["db_id"],
        "question": row["question"],
        "gold_sql": gold,
        "fast_query": row["query"],
        "reasoning": describe(gold, "mysql"),
        "difficulty": row["difficulty"],
    }


def _digests(url: str) -> dict[str, str]:
    """Of the content of every sample database, {} where one is missing or may not be read."""
    read = on_server(url)
    try:
        return {domain.db_id: read(domain.db_id).digest for domain in DOMAINS}
    except InputError:
        return {}


def _connect(address: MysqlAddress, password: str) -> Server[Any]:
    if not password:
        raise InputError(f"no password for MySQL's {address.user}: set {OWNER_PASSWORD_VARIABLE}")
    try:
        return pymysql.connect(
            host=address.host, port=address.port, user=address.user, password=password, charset="utf8mb4"
        )
    except pymysql.MySQLError as error:
        raise connection_error(error, address) from error


def _json(path: Path) -> Any:
    """What the file holds, {} where there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _write(path: Path, text: str) -> None:
    """Write beside, then rename: a reader never sees half a file."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
