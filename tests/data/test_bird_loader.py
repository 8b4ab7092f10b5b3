"""BIRD's layouts: full, mini-dev and training set, description files in any state, and databases on a MySQL server."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from benchmark_data import BENCHMARKS, needs
from mysql_server import MysqlServer, mysql_server  # noqa: F401 (a fixture)

from pipeline.data.benchmarks import load
from pipeline.data.bird import load_bird
from pipeline.data.descriptions import read_description_files, worth_telling
from pipeline.data.example import Column, Database, Example, ForeignKey, Schema
from pipeline.data.prompts import render_schema
from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE
from pipeline.errors import InputError

Writer = Callable[..., Path]
SqliteFile = Callable[[Path, str], Path]

ROW = {
    "question_id": 7,
    "db_id": "hero",
    "question": "Who is tall?",
    "evidence": "tall refers to height_cm > 200",
    "SQL": "SELECT name FROM hero WHERE height_cm > 200;",
    "difficulty": "simple",
}
SCRIPT = "CREATE TABLE Hero (id INTEGER PRIMARY KEY, name TEXT, height_cm INTEGER)"


@pytest.fixture
def bird(tmp_path: Path, sqlite_file: SqliteFile) -> Writer:
    """Writes question files, {name: rows}, and a database with its descriptions beside the first of them."""

    def write(files: dict[str, list[Any]], kind: str = "dev", **descriptions: bytes) -> Path:
        for name, rows in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(json.dumps(rows), encoding="utf-8")
        home = (tmp_path / next(iter(files))).parent / f"{kind}_databases" / "hero"
        if not (home / "hero.sqlite").is_file():
            sqlite_file(home / "hero.sqlite", SCRIPT)
        for table, content in descriptions.items():
            (home / "database_description").mkdir(exist_ok=True)
            (home / "database_description" / f"{table}.csv").write_bytes(content)
        return tmp_path

    return write


def test_a_row(bird: Writer) -> None:
    loaded = load_bird(bird({"dev.json": [ROW]}))
    (example,) = loaded.dev
    assert example == Example(
        db_id="hero",
        question="Who is tall?",
        gold_sql=("SELECT name FROM hero WHERE height_cm > 200",),
        evidence="tall refers to height_cm > 200",
        difficulty="simple",
        source="dev.json#1",
    )
    assert loaded.dialects == {"hero": "sqlite"}


@pytest.mark.parametrize(
    ("files", "split", "sources"),
    [
        (["dev.json", "mini_dev_sqlite.json"], "dev", ["dev.json#1"]),
        (["dev.json", "mini_dev_sqlite.json"], "mini_dev", ["mini_dev_sqlite.json#1"]),
        (["mini_dev_sqlite.json", "mini_dev_mysql.json"], "dev", ["mini_dev_sqlite.json#1"]),
        (["dev_20240627/dev.json"], "dev", ["dev_20240627/dev.json#1"]),
        (["minidev/MINIDEV/mini_dev_sqlite.json"], "dev", ["minidev/MINIDEV/mini_dev_sqlite.json#1"]),
    ],
)
def test_where_dev_questions_may_stand(bird: Writer, files: list[str], split: str, sources: list[str]) -> None:
    loaded = load("bird", bird({name: [ROW] for name in files}), split=split)
    assert [example.source for example in loaded.dev] == sources
    assert loaded.train == []


@pytest.mark.parametrize("folder", ["", "train/"])
def test_training_questions(bird: Writer, folder: str) -> None:
    row = {key: ROW[key] for key in ("db_id", "question", "evidence", "SQL")}
    root = bird({f"{folder}train.json": [row]}, kind="train")
    loaded = load("bird", root)
    assert ([e.source for e in loaded.train], loaded.dev) == ([f"{folder}train.json#1"], [])
    bird({"dev.json": [ROW]})
    both = load("bird", root)
    assert (len(both.train), len(both.dev)) == (1, 1)
    assert load("bird", root, split="train").dev == []


def test_foreign_keys_come_from_dev_tables_json(bird: Writer) -> None:
    entry = {
        "db_id": "hero",
        "table_names_original": ["Hero"],
        "column_names_original": [[-1, "*"], [0, "id"], [0, "name"]],
        "foreign_keys": [[2, 1]],
        "primary_keys": [[1, 2]],
    }
    loaded = load_bird(bird({"dev.json": [ROW], "dev_tables.json": [entry]}))
    assert loaded.databases["hero"].schema.foreign_keys == (ForeignKey("Hero", "name", "Hero", "id"),)


HEADER = b"original_column_name,column_name,column_description,data_format,value_description\r\n"


def descriptions(database: Database) -> dict[str, str]:
    return {c.name: c.description for c in database.schema.tables["Hero"] if c.description}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (b"id,,the unique number,integer,\r\nname,,its name,text,", {"id": "the unique number", "name": "its name"}),
        (b" ID ,,the number,,", {"id": "the number"}),
        (b'height_cm,,"in\ncm",,"Commonsense evidence:\n0: unknown"', {"height_cm": "in cm; 0: unknown"}),
        (b"name,,the hero\x92s name \x96 caf\xe9 \xc3\xa9,,", {"name": "the hero’s name – café é"}),
        (b"name,,a\x81b\x00c,,", {"name": "a�b\x00c"}),
        (b'id,,the number,,\r\nname,,"open,,\r\nheight_cm,,x', {"id": "the number", "name": "open,, height_cm,,x"}),
        (b"id,,the number,,\r\nname,,a," + b"x" * 200_000, {"id": "the number"}),  # longer than csv takes by default
        (b"id\r\n\r\nname,full name\r\nheight_cm,,,,tall,and,more", {"name": "full name", "height_cm": "tall"}),
        (b"height_cm,height cm,,,\r\nname,name,The Name,,", {}),  # says no more than the names do
        (b"other,,of no column,,", {}),
    ],
)
def test_description_files(bird: Writer, lines: bytes, expected: dict[str, str]) -> None:
    database = load_bird(bird({"dev.json": [ROW]}, hero=HEADER + lines + b"\r\n")).databases["hero"]
    assert descriptions(database) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbf" + HEADER + b"name,,its title,,", {"name": "its title"}),
        ((HEADER + b"name,,its title,,").decode().encode("utf-16"), {"name": "its title"}),
        (b"a,b\r\n1,2\r\n", {}),
        (b"", {}),
        (b"\xff\xfe\x00\xff", {}),
    ],
)
def test_description_files_in_other_forms(bird: Writer, content: bytes, expected: dict[str, str]) -> None:
    database = load_bird(bird({"dev.json": [ROW]}, HERO=content)).databases["hero"]
    assert descriptions(database) == expected


def test_description_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "notes.txt").write_text("original_column_name\nid")
    assert read_description_files(tmp_path) == {}
    assert read_description_files(tmp_path / "gone") == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("the country of the nuclear_power_plants", ""),
        ("The Country", ""),
        ("country.", ""),
        ("the country of\n the  owner", "the country of the owner"),
        ("", ""),
    ],
)
def test_a_description_that_repeats_the_names_is_not_told(text: str, told: str) -> None:
    assert worth_telling("nuclear_power_plants", "Country", text) == told


def test_the_digest_covers_the_descriptions(bird: Writer) -> None:
    without, one, other = (
        load_bird(bird({"dev.json": [ROW]}, **files)).databases["hero"]
        for files in ({}, {"hero": HEADER + b"id,,one,,"}, {"hero": HEADER + b"id,,other,,"})
    )
    assert len({without.digest, one.digest, other.digest}) == 3
    assert one.schema != without.schema
    assert Database.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_columns_of_older_files_have_no_description() -> None:
    old = {"tables": {"t": [{"name": "a", "type": "text", "primary_key": True}]}, "foreign_keys": []}
    assert Schema.from_json(old).tables == {"t": (Column("a", "text", True, ""),)}


def test_the_prompt_shows_short_descriptions() -> None:
    columns = (
        Column("a", "text", True, "what a is"),
        Column("b", ""),
        Column("c", "int", description="no */ end, no /* start\nof a comment"),
        Column("d", "", description="word " * 50),
    )
    words = "word " * 20
    assert render_schema(Schema({"t": columns})) == (
        f"t(a text key /* what a is */, b, c int /* no end, no start of a comment */, d /* {words}... */)"
    )


def problem(*arguments: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        load("bird", *arguments, **options)
    return str(caught.value)


def test_what_is_missing_stops(tmp_path: Path, bird: Writer) -> None:
    assert "nowhere does not exist; give a folder in BIRD's layout" in problem(tmp_path / "nowhere")
    assert "has no dev.json nor mini_dev_sqlite.json nor train.json" in problem(tmp_path)
    assert "bird has no split 'test': choose dev or mini_dev or train" in problem(tmp_path, split="test")
    message = problem(bird({"dev.json": [ROW, {**ROW, "db_id": "gone"}]}))
    assert f"{tmp_path / 'dev_databases' / 'gone' / 'gone.sqlite'}: this database is missing" in message
    assert f"{tmp_path / 'dev.json#2'} asks" in message


def test_for_mysql_only_its_own_questions_will_do(bird: Writer) -> None:
    root = bird({"dev.json": [ROW]})
    assert "has no mini_dev_mysql.json" in problem(root, database_url="mysql://me@localhost/")
    assert "for MySQL" in problem(root, split="train", database_url="mysql://me@localhost/")


REAL = BENCHMARKS / "bird"


@needs("bird")
def test_the_real_mini_dev() -> None:
    loaded = load("bird", REAL, split="mini_dev")
    assert (len(loaded.dev), loaded.train, loaded.rejected, loaded.repaired) == (52, [], [], {})
    assert all(example.evidence for example in loaded.dev)
    assert set(Counter(e.difficulty for e in loaded.dev)) == {"simple", "moderate", "challenging"}
    schema = loaded.databases["superhero"].schema
    assert len(schema.tables) == 10
    heroes = {column.name: column.description for column in schema.tables["superhero"]}
    assert heroes["id"] == "the unique identifier of the superhero"
    assert heroes["height_cm"].startswith("the height of the superhero; The unit of height is centimeter.")
    assert heroes["superhero_name"] == "the name of the superhero"
    assert "superhero_name text /* the name of the superhero */" in render_schema(schema)


@needs("bird")
@pytest.mark.integration
def test_the_real_mini_dev_on_mysql(mysql_server: MysqlServer, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    mysql_server.load(REAL / "superhero_mysql.sql")
    monkeypatch.setenv(MYSQL_PASSWORD_VARIABLE, mysql_server.password)
    loaded = load("bird", REAL, database_url=mysql_server.url(""))
    assert (len(loaded.dev), loaded.rejected) == (52, [])
    assert loaded.dialects == {"superhero": "mysql"}
    assert all(example.evidence and example.difficulty for example in loaded.dev)
    assert {example.source.split("#")[0] for example in loaded.dev} == {"mini_dev_mysql.json"}
    database = loaded.databases["superhero"]
    assert database.url == mysql_server.url("superhero")
    on_sqlite = load("bird", REAL).databases["superhero"].schema
    assert set(database.schema.tables) - set(on_sqlite.tables) == {"comic"}
    for table, columns in on_sqlite.tables.items():
        assert [(c.name, c.description) for c in columns] == [
            (c.name, c.description) for c in database.schema.tables[table]
        ]
    one = load("bird", REAL, database_url=database.url)
    assert one.databases == loaded.databases
    with Engine(workers=1, timeout_s=20.0) as engine:
        results = engine.execute([Query(database.url, example.gold_sql[0]) for example in loaded.dev])
    assert [result.error for result in results if result.error] == []
