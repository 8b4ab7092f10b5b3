"""The loader of Spider's layout: what it reads, what it sets aside with the reason, what stops it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from benchmark_data import BENCHMARKS, needs

from pipeline.data.benchmarks import load
from pipeline.data.example import Column, Database, Example, ForeignKey
from pipeline.data.loading import Rejected
from pipeline.data.spider import load_spider, variants
from pipeline.data.sqlite_schema import read_sqlite
from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.errors import InputError

Writer = Callable[..., Path]

GOOD = {"db_id": "shop", "question": "How many customers?", "query": "SELECT count(*) FROM customers"}


def problem(folder: Path) -> str:
    """The line with which the loader stops."""
    with pytest.raises(InputError) as caught:
        load_spider(folder)
    return str(caught.value)


def test_reads_questions_databases_and_schema(spider_folder: Writer) -> None:
    row = {
        **GOOD,
        "query": "  SELECT name FROM customers ; ",
        "question": " Who? ",
        "evidence": " all of them ",
        "difficulty": "easy",
        "reasoning": "Read name.\n",
        "query_toks": ["ignored"],
    }
    root = spider_folder(dev=[GOOD], train=[row], train_others=[GOOD])
    loaded = load_spider(root)
    assert loaded.rejected == []
    assert [example.source for example in loaded.train] == ["train.json#1", "train_others.json#1"]
    assert loaded.dev == [Example("shop", GOOD["question"], (GOOD["query"],), source="dev.json#1")]
    assert loaded.train[0] == Example(
        db_id="shop",
        question="Who?",
        gold_sql=("SELECT name FROM customers",),
        evidence="all of them",
        difficulty="easy",
        source="train.json#1",
        reasoning="Read name.",
        reasoning_source="given",
    )
    path = root / "database" / "shop" / "shop.sqlite"
    database = loaded.databases["shop"]
    assert (database.dialect, database.url) == ("sqlite", f"sqlite:///{path}")
    assert database.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(database.schema.tables) == ["customers", "orders", "notes"]
    assert database.schema.tables["orders"][0] == Column("order_id", "integer", primary_key=True)
    assert database.schema.tables["orders"][2] == Column("amount", "real")
    assert Database.from_json(json.loads(json.dumps(database.to_json()))) == database


def test_only_databases_that_are_asked_of_are_read(spider_folder: Writer) -> None:
    root = spider_folder({"shop": "CREATE TABLE t (a)", "unused": "CREATE TABLE t (a)"}, dev=[GOOD])
    (root / "database" / "unused" / "unused.sqlite").write_bytes(b"no database")
    assert list(load_spider(root).databases) == ["shop"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("SELECT 1", "a row must be an object, this is str"),
        (None, "a row must be an object, this is NoneType"),
        ({**GOOD, "question": "  "}, "'question' must be a non-empty text"),
        ({**GOOD, "question": 7}, "'question' must be a non-empty text"),
        ({"db_id": "shop", "question": "Who?"}, "'query' must be a non-empty text"),
        ({**GOOD, "db_id": ""}, "'db_id' must be a non-empty text"),
        ({**GOOD, "db_id": "../shop"}, "db_id '../shop' is not a plain name"),
        ({**GOOD, "db_id": "/etc/passwd"}, "db_id '/etc/passwd' is not a plain name"),
        ({**GOOD, "db_id": ".."}, "db_id '..' is not a plain name"),
        ({**GOOD, "db_id": "."}, "db_id '.' is not a plain name"),
        ({**GOOD, "reasoning": ["a"]}, "'reasoning' must be a text"),
        (
            {**GOOD, "reasoning": "<think>a</think>"},
            "'reasoning' must not hold <think> or </think>, which are put around it",
        ),
        ({**GOOD, "evidence": 1}, "'evidence' must be a text"),
    ],
)
def test_a_malformed_row_is_set_aside_with_reason_and_source(spider_folder: Writer, row: Any, reason: str) -> None:
    loaded = load_spider(spider_folder(train=[GOOD, row, GOOD]))
    assert loaded.rejected == [Rejected("train.json#2", row, (f"malformed: {reason}",))]
    assert [example.source for example in loaded.train] == ["train.json#1", "train.json#3"]


@pytest.mark.parametrize("reasoning", [None, "", " \n "])
def test_an_empty_thought_is_no_thought(spider_folder: Writer, reasoning: str | None) -> None:
    (example,) = load_spider(spider_folder(dev=[{**GOOD, "reasoning": reasoning}])).dev
    assert (example.reasoning, example.reasoning_source) == (None, "")


def test_a_missing_folder_stops(tmp_path: Path) -> None:
    message = problem(tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in message
    assert "'bundled'" in message


def test_a_folder_without_questions_stops(spider_folder: Writer) -> None:
    assert "has neither dev.json nor train.json" in problem(spider_folder(tables=[]))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'[{"db_id": ', "not JSON (Expecting value at line 1 column"),
        (b"", "not JSON"),
        (b'{"db_id": "shop"}', "must hold a JSON list of rows, not dict"),
        (b"\xff\xff", "not JSON"),
        (b"[" * 100_000, "not usable as JSON"),
        (b"[" + b"1" * 5_000 + b"]", "not usable as JSON"),
    ],
)
@pytest.mark.parametrize("name", ["dev.json", "tables.json"])
def test_a_file_that_is_no_list_of_rows_stops(spider_folder: Writer, name: str, content: bytes, reason: str) -> None:
    root = spider_folder(dev=[GOOD])
    (root / name).write_bytes(content)
    message = problem(root)
    assert message.startswith(str(root / name))
    assert reason in message


def test_a_missing_database_stops_and_names_the_row_that_needs_it(spider_folder: Writer) -> None:
    root = spider_folder(train=[GOOD, {**GOOD, "db_id": "gone"}])
    message = problem(root)
    assert str(root / "database" / "gone" / "gone.sqlite") in message
    assert "train.json#2" in message


@pytest.mark.parametrize("damage", ["not a database", "cut short", "garbage inside", "empty"])
def test_a_corrupt_database_stops(spider_folder: Writer, damage: str) -> None:
    numbers = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) SELECT n FROM c"
    root = spider_folder({"shop": f"CREATE TABLE t (a); INSERT INTO t {numbers};"}, dev=[GOOD])
    path = root / "database" / "shop" / "shop.sqlite"
    content = path.read_bytes()
    path.write_bytes(
        {
            "not a database": b"this is a text file, " * 100,
            "cut short": content[: len(content) // 2],
            "garbage inside": content[:4096] + b"\xa5" * (len(content) - 4096),
            "empty": b"",
        }[damage]
    )
    message = problem(root)
    assert message.startswith(f"{path}: not a usable SQLite database")


def test_foreign_keys_of_the_database_and_of_tables_json_are_merged(spider_folder: Writer) -> None:
    script = """
        CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a);
        CREATE TABLE c (id INTEGER PRIMARY KEY, b_id INTEGER);
        CREATE TABLE two (x, y, PRIMARY KEY (x, y));
        CREATE TABLE d (x REFERENCES two);
    """
    entry = {
        "db_id": "shop",
        "table_names_original": ["A", "b", "c"],
        "column_names_original": [[-1, "*"], [0, "ID"], [1, "id"], [1, "A_ID"], [2, "b_id"]],
        "foreign_keys": [[3, 1], [4, 2]],
    }
    root = spider_folder({"shop": script}, dev=[GOOD], tables=[{**entry, "db_id": "other"}, entry])
    # b.a_id -> a is declared in both, in other case; d's target is not one column, so it cannot be told.
    assert load_spider(root).databases["shop"].schema.foreign_keys == (
        ForeignKey("b", "a_id", "a", "id"),
        ForeignKey("c", "b_id", "b", "id"),
    )


@pytest.mark.parametrize(
    "entry", [{"db_id": "shop"}, "shop", {"db_id": "shop", "table_names_original": [], "column_names_original": []}]
)
def test_tables_json_in_another_form_stops(spider_folder: Writer, entry: Any) -> None:
    root = spider_folder(dev=[GOOD], tables=[entry])
    assert problem(root).startswith(f"{root / 'tables.json'}: entry 1 is not in Spider's form")


def test_views_are_read_and_sqlites_own_tables_are_not(spider_folder: Writer) -> None:
    script = "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT); CREATE VIEW v AS SELECT a AS b FROM t;"
    schema = load_spider(spider_folder({"shop": script}, dev=[GOOD])).databases["shop"].schema
    assert list(schema.tables) == ["t", "v"]
    assert schema.tables["v"][0].name == "b"


@pytest.mark.parametrize("name", ["100% done", "what?", "a#b", "a b&c", "données"])
def test_any_folder_name_can_hold_a_database(
    tmp_path: Path, engine: Engine, sqlite_file: Callable[[Path, str], Path], name: str
) -> None:
    path = sqlite_file(tmp_path / name / "x.sqlite", "CREATE TABLE t (a); INSERT INTO t VALUES (5);")
    database = read_sqlite("x", path)
    assert list(database.schema.tables) == ["t"]
    (result,) = engine.execute([Query(database.url, "SELECT a FROM t")])
    assert result.rows == ((5,),)


def test_the_test_split_has_questions_databases_and_keys_of_its_own(
    spider_folder: Writer, sqlite_file: Callable[[Path, str], Path]
) -> None:
    entry = {
        "db_id": "hidden",
        "table_names_original": ["t"],
        "column_names_original": [[-1, "*"], [0, "a"], [0, "b"]],
        "foreign_keys": [[2, 1]],
    }
    hidden = {**GOOD, "db_id": "hidden"}
    root = spider_folder(train=[GOOD], dev=[GOOD], test=[hidden, GOOD], tables=[], test_tables=[entry])
    sqlite_file(root / "test_database" / "hidden" / "hidden.sqlite", "CREATE TABLE t (a, b)")
    loaded = load("spider", root, split="test")
    assert [example.source for example in loaded.train] == ["train.json#1"]
    assert [example.source for example in loaded.dev] == ["test.json#1", "test.json#2"]
    assert loaded.databases["hidden"].schema.foreign_keys == (ForeignKey("t", "b", "t", "a"),)
    assert loaded.databases["shop"].url == f"sqlite:///{root / 'database' / 'shop' / 'shop.sqlite'}"
    assert [e.source for e in load("spider", root).dev] == ["dev.json#1"]
    assert load("spider", root, split="train").dev == []


def test_a_split_that_is_not_there_stops(spider_folder: Writer) -> None:
    root = spider_folder(dev=[GOOD])
    for split, message in (("test", "has no test.json"), ("train", "has neither train.json nor train_spider.json")):
        with pytest.raises(InputError, match=message):
            load("spider", root, split=split)
    with pytest.raises(InputError, match="spider has no split 'mini_dev': choose dev or test or train"):
        load("spider", root, split="mini_dev")


def test_stray_bytes_in_a_question_are_repaired_and_counted(spider_folder: Writer) -> None:
    root = spider_folder(dev=[{**GOOD, "question": "Caf# or caf#?"}])
    (root / "dev.json").write_bytes((root / "dev.json").read_bytes().replace(b"#", b"\xe9"))
    loaded = load_spider(root)
    assert (loaded.dev[0].question, loaded.repaired) == ("Café or café?", {"dev.json": 2})


def test_bytes_that_are_not_utf8_and_broken_views_stop_no_database(
    tmp_path: Path, sqlite_file: Callable[[Path, str], Path]
) -> None:
    script = """
        CREATE TABLE t (a); INSERT INTO t VALUES (CAST(x'ff' AS TEXT)); CREATE TABLE gone (a);
        CREATE VIEW v AS SELECT * FROM gone; CREATE VIEW w AS SELECT a FROM t; CREATE TABLE caf_ ("n#" text);
        DROP TABLE gone;
    """
    path = sqlite_file(tmp_path / "x.sqlite", script)
    path.write_bytes(path.read_bytes().replace(b"n#", b"n\xe9"))
    schema = read_sqlite("x", path).schema
    assert list(schema.tables) == ["t", "w", "caf_"]
    assert schema.tables["caf_"][0].name == "n\ufffd"


def test_variants_stand_in_the_test_suite_or_beside_the_database(spider_folder: Writer) -> None:
    root = spider_folder({"shop": "CREATE TABLE t (a)", "alone": "CREATE TABLE t (a)"}, dev=[GOOD])
    original = root / "database" / "shop" / "shop.sqlite"
    assert variants(root, "alone") == [root / "database" / "alone" / "alone.sqlite"]
    beside = [original.with_name(f"shopv{n}.sqlite") for n in (1, 2)]
    for path in (*beside, original.with_name("schema.sql")):
        path.touch()
    assert variants(root, "shop") == [original, *beside]
    suite = root / "test_suite" / "shop"
    suite.mkdir(parents=True)
    for name in ("a.sqlite", "z.sqlite"):
        (suite / name).touch()
    assert variants(root, "shop") == [original, suite / "a.sqlite", suite / "z.sqlite"]
    (suite / "shop.sqlite").touch()
    assert variants(root, "shop") == [suite / "shop.sqlite", suite / "a.sqlite", suite / "z.sqlite"]
    with pytest.raises(InputError, match=r"gone\.sqlite: this database is missing; add the file"):
        variants(root, "gone")


@needs("spider")
def test_the_real_dev_set_and_its_variants() -> None:
    loaded = load("spider", BENCHMARKS / "spider")
    assert (len(loaded.dev), loaded.train, loaded.rejected) == (552, [], [])
    found = {db_id: variants(BENCHMARKS / "spider", db_id) for db_id in loaded.databases}
    assert {db_id: len(paths) for db_id, paths in found.items()} == {
        "battle_death": 28,
        "car_1": 60,
        "concert_singer": 32,
        "course_teach": 25,
        "cre_Doc_Template_Mgt": 25,
        "employee_hire_evaluation": 27,
        "museum_visit": 35,
        "orchestra": 28,
        "pets_1": 27,
        "poker_player": 31,
        "singer": 26,
        "tvshow": 25,
        "voter_1": 27,
    }
    for db_id, paths in found.items():
        assert paths[0].name == f"{db_id}.sqlite"
        assert hashlib.sha256(paths[0].read_bytes()).hexdigest() == loaded.databases[db_id].digest
        assert len({path.read_bytes() for path in paths[:5]}) == 5
    assert all(database.schema.foreign_keys for db_id, database in loaded.databases.items() if db_id == "car_1")
