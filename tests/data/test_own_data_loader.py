"""A user's own questions, JSON lines or CSV: every odd row is set aside with its reason and place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mysql_server import MysqlServer, mysql_server  # noqa: F401 (a fixture)

from pipeline.data.benchmarks import load
from pipeline.data.example import Example
from pipeline.data.loading import Loaded
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE
from pipeline.errors import InputError

SqliteFile = Callable[[Path, str], Path]

GOOD = {"question": "Who?", "db_id": "shop", "gold_sql": "SELECT name FROM customers"}
EXAMPLE = Example("shop", "Who?", ("SELECT name FROM customers",), source="questions.jsonl#1")
CSV = "question,db_id,gold_sql\r\n"


@pytest.fixture
def folder(tmp_path: Path, sqlite_file: SqliteFile) -> Path:
    sqlite_file(tmp_path / "databases" / "shop" / "shop.sqlite", "CREATE TABLE customers (name)")
    return tmp_path


def from_jsonl(folder: Path, *lines: Any) -> Loaded:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / "questions.jsonl").write_text(text, encoding="utf-8")
    return load("jsonl", folder / "questions.jsonl")


def from_csv(folder: Path, content: str | bytes) -> Loaded:
    data = content if isinstance(content, bytes) else content.encode()
    (folder / "questions.csv").write_bytes(data)
    return load("jsonl", folder / "questions.csv")


def reasons(loaded: Loaded) -> dict[str, str]:
    return {rejected.source: " | ".join(rejected.reasons) for rejected in loaded.rejected}


def test_a_line_of_json(folder: Path) -> None:
    more = {"evidence": " e ", "difficulty": "hard", "reasoning": "Because.", "other": 1}
    several = {**GOOD, "gold_sql": ["SELECT 1;", " SELECT 1", "SELECT 2"]}
    loaded = from_jsonl(folder, GOOD, {**GOOD, **more}, several)
    plain, full, many = loaded.dev
    assert loaded.rejected == []
    assert plain == EXAMPLE
    assert (full.evidence, full.difficulty, full.reasoning, full.reasoning_source) == ("e", "hard", "Because.", "given")
    assert many.gold_sql == ("SELECT 1", "SELECT 2")
    assert loaded.databases["shop"].url == f"sqlite:///{folder / 'databases' / 'shop' / 'shop.sqlite'}"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON (Expecting property name"),
        ("[" * 100_000, "not JSON (maximum recursion depth"),
        ("7", "a row must be an object, this is int"),
        ({**GOOD, "gold_sql": []}, "'gold_sql' must be a non-empty text"),
        ({**GOOD, "gold_sql": ["SELECT 1", ""]}, "'gold_sql' must be a non-empty text or a list of them"),
        ({**GOOD, "gold_sql": ";"}, "'gold_sql' must be a non-empty text"),
        ({**GOOD, "difficulty": 3}, "'difficulty' must be a text"),
        ({**GOOD, "db_id": "a/b"}, "db_id 'a/b' is not a plain name"),
        ({**GOOD, "db_id": "a\0b"}, "db_id 'a\\x00b' is not a plain name"),
        ({**GOOD, "db_id": "x" * 1000}, "is not a plain name"),
        ({**GOOD, "question": "\ud800"}, "half a character"),
        ({"question": "Who?", "db_id": "shop"}, "'gold_sql' must be a non-empty text"),
    ],
)
def test_a_malformed_line_is_set_aside(folder: Path, line: Any, reason: str) -> None:
    loaded = from_jsonl(folder, GOOD, "", line, GOOD)
    assert [example.source for example in loaded.dev] == ["questions.jsonl#1", "questions.jsonl#4"]
    assert list(reasons(loaded)) == ["questions.jsonl#3"]
    assert reason in reasons(loaded)["questions.jsonl#3"]
    assert reasons(loaded)["questions.jsonl#3"].startswith("malformed: ")


def test_questions_to_an_unknown_database_are_set_aside(folder: Path) -> None:
    loaded = from_jsonl(folder, GOOD, {**GOOD, "db_id": "gone"}, {**GOOD, "db_id": "gone"})
    assert [example.source for example in loaded.dev] == ["questions.jsonl#1"]
    place = folder / "databases" / "gone" / "gone.sqlite"
    reason = f"unknown database 'gone': {place}: this database is missing"
    assert reasons(loaded) == {"questions.jsonl#2": reason, "questions.jsonl#3": reason}


def test_a_corrupt_database_stops(folder: Path) -> None:
    (folder / "databases" / "bad.sqlite").write_text("no database")
    with pytest.raises(InputError, match=r"bad\.sqlite: not a usable SQLite database"):
        from_jsonl(folder, {**GOOD, "db_id": "bad"})


def test_byte_order_mark_line_ends_and_stray_bytes(folder: Path) -> None:
    line = json.dumps({**GOOD, "question": "Caf#?"}).replace("#", "\udce9")
    (folder / "questions.jsonl").write_bytes(
        b"\xef\xbb\xbf" + f"{line}\r\n\r\n{line}\r\n".encode("utf-8", "surrogateescape")
    )
    loaded = load("jsonl", folder)
    assert [(e.question, e.source) for e in loaded.dev] == [
        ("Café?", "questions.jsonl#1"),
        ("Café?", "questions.jsonl#3"),
    ]
    assert loaded.repaired == {"questions.jsonl": 2}


def test_a_line_separator_inside_a_text_is_no_line_end(folder: Path) -> None:
    line = json.dumps({**GOOD, "question": "One\u2028two\x85"}, ensure_ascii=False)
    assert [e.question for e in from_jsonl(folder, line).dev] == ["One\u2028two"]


@pytest.mark.parametrize(
    "content",
    [
        CSV + "Who?,shop,SELECT name FROM customers\r\n",
        CSV.replace("\r\n", "\n") + "Who?,shop,SELECT name FROM customers",
        "\ufeff" + CSV + "Who?,shop,SELECT name FROM customers;\r\n\r\n",
        (CSV + "Who?,shop,SELECT name FROM customers").encode("utf-16"),
        " GOLD_SQL ; Question;db_id;evidence\nSELECT name FROM customers;Who?;shop;\n",
        "question\tdb_id\tgold_sql\nWho?\tshop\tSELECT name FROM customers\n",
        "\r\n" + CSV + ",,\r\nWho?,shop,SELECT name FROM customers\r\n",
    ],
)
def test_forms_of_csv(folder: Path, content: str | bytes) -> None:
    loaded = from_csv(folder, content)
    assert [example.to_json() for example in loaded.dev] == [EXAMPLE.to_json() | {"source": "questions.csv#1"}]
    assert loaded.rejected == []


def test_quotes_commas_and_line_ends_inside_a_field(folder: Path) -> None:
    sql = 'SELECT name,\r\n  "x"\r\nFROM customers -- all'
    quoted = sql.replace('"', '""')
    loaded = from_csv(folder, f'{CSV}"Who, if ""any""?\r\nTell me.",shop,"{quoted}"\r\nWhere?,shop,SELECT 1\r\n')
    assert [(e.question, e.gold_sql, e.source) for e in loaded.dev] == [
        ('Who, if "any"?\r\nTell me.', (sql,), "questions.csv#1"),
        ("Where?", ("SELECT 1",), "questions.csv#2"),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Who?,shop", "malformed: 2 fields, but the first line names 3 columns"),
        ("Who?,shop,SELECT a, b FROM t", "malformed: 4 fields, but the first line names 3 columns"),
        (",shop,SELECT 1", "malformed: 'question' must be a non-empty text"),
        ('"Who" now?,shop,SELECT 1', "malformed: not CSV (',' expected after '\"', up to line 3)"),
    ],
)
def test_a_malformed_record_is_set_aside(folder: Path, row: str, reason: str) -> None:
    good = "Who?,shop,SELECT 1\n"
    loaded = from_csv(folder, f"{CSV}{good}{row}\n{good}")
    assert [example.source for example in loaded.dev] == ["questions.csv#1", "questions.csv#3"]
    assert reasons(loaded) == {"questions.csv#2": reason}


def test_a_quote_that_is_never_closed_costs_the_rest(folder: Path) -> None:
    loaded = from_csv(folder, f'{CSV}Who?,shop,SELECT 1\nWho?,shop,"SELECT 2\nWho?,shop,SELECT 3\n')
    assert [example.source for example in loaded.dev] == ["questions.csv#1"]
    assert reasons(loaded) == {"questions.csv#2": "malformed: not CSV (unexpected end of data, up to line 4)"}


def test_columns_that_are_missing_are_named_in_every_row(folder: Path) -> None:
    loaded = from_csv(folder, "question,sql\nWho?,SELECT 1\nWhere?,SELECT 2\n")
    reason = "malformed: the first line of the file names no column db_id nor gold_sql"
    assert reasons(loaded) == {"questions.csv#1": reason, "questions.csv#2": reason}
    assert (loaded.dev, loaded.databases) == ([], {})


@pytest.mark.parametrize("place", ["databases/shop/shop.sqlite", "databases/shop.sqlite", "shop.sqlite"])
def test_where_databases_may_stand(tmp_path: Path, sqlite_file: SqliteFile, place: str) -> None:
    path = sqlite_file(tmp_path / place, "CREATE TABLE customers (name)")
    assert from_jsonl(tmp_path, GOOD).databases["shop"].url == f"sqlite:///{path}"


@pytest.mark.parametrize(
    ("files", "split", "train", "dev"),
    [
        (["train", "dev", "test", "notes"], "dev", ["train"], ["dev"]),
        (["train", "dev", "test"], "test", ["train"], ["test"]),
        (["train", "dev"], "train", ["train"], []),
        (["train"], "dev", ["train"], []),
        (["a", "b"], "dev", [], ["a", "b"]),
        (["a", "b"], "train", ["a", "b"], []),
    ],
)
def test_splits_of_a_folder(folder: Path, files: list[str], split: str, train: list[str], dev: list[str]) -> None:
    for name in files:
        (folder / f"{name}.jsonl").write_text(json.dumps(GOOD))
    loaded = load("jsonl", folder, split=split)
    assert [example.source for example in loaded.train] == [f"{name}.jsonl#1" for name in train]
    assert [example.source for example in loaded.dev] == [f"{name}.jsonl#1" for name in dev]


def problem(root: Path, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        load("jsonl", root, **options)
    return str(caught.value)


def test_what_is_missing_stops(folder: Path) -> None:
    assert "nowhere does not exist; give a .jsonl or .csv file" in problem(folder / "nowhere")
    assert "has no .jsonl or .csv file" in problem(folder)
    (folder / "data.xlsx").touch()
    assert "must be in a .jsonl or .csv file" in problem(folder / "data.xlsx")
    (folder / "dev.csv").write_text(CSV)
    assert "no questions for the split 'test'; add test.jsonl or test.csv" in problem(folder, split="test")
    assert "write mysql://user@host:3306/database" in problem_of_url(folder, "sqlite:////x.sqlite")


def problem_of_url(folder: Path, url: str) -> str:
    (folder / "dev.csv").write_text(f"{CSV}Who?,shop,SELECT 1\n")
    return problem(folder, database_url=url)


def test_an_unknown_benchmark_is_told_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'wikisql': choose one of spider, bird, kaggledbqa, synsql, jsonl"):
        load("wikisql", tmp_path)
    with pytest.raises(InputError, match="spider takes no limit"):
        load("spider", tmp_path, limit=5)


@pytest.mark.integration
def test_databases_on_mysql(
    folder: Path,
    mysql_server: MysqlServer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mysql_server.load("DROP DATABASE IF EXISTS own; CREATE DATABASE own; CREATE TABLE own.t (a INT)")
    monkeypatch.setenv(MYSQL_PASSWORD_VARIABLE, mysql_server.password)
    rows = [{**GOOD, "db_id": db_id} for db_id in ("own", "gone", "own")]
    (folder / "dev.jsonl").write_text("\n".join(map(json.dumps, rows)))
    loaded = load("jsonl", folder, database_url=mysql_server.url(""))
    assert [example.source for example in loaded.dev] == ["dev.jsonl#1", "dev.jsonl#3"]
    assert loaded.dialects == {"own": "mysql"}
    gone = mysql_server.url("gone")
    assert reasons(loaded) == {
        "dev.jsonl#2": f"unknown database 'gone': {gone}: no such database, or reader may not read it"
    }
    one = load("jsonl", folder, database_url=mysql_server.url("own"))  # one database for every db_id
    assert (len(one.dev), one.dialects) == (3, {"own": "mysql", "gone": "mysql"})
    assert one.databases["gone"].db_id == "gone"
    monkeypatch.setenv(MYSQL_PASSWORD_VARIABLE, "wrong")
    assert f"set {MYSQL_PASSWORD_VARIABLE}" in problem(folder, database_url=mysql_server.url(""))
