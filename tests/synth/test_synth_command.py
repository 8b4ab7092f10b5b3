"""`querysmith synth`: what it keeps, what it writes, and that a seed decides."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from mysql_server import MysqlServer, mysql_server  # noqa: F401 (a fixture)
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.data.own_data import load_own
from pipeline.data.spider import load_spider
from pipeline.data.splits import leaks
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE
from pipeline.errors import InputError
from pipeline.synth.questions import harvest
from pipeline.synth.questions.candidates import draw_batch
from pipeline.synth.questions.command import synthesise
from pipeline.synth.questions.judging import PROBLEMS
from pipeline.synth.questions.made import Made, Order
from pipeline.synth.questions.quality import show
from pipeline.synth.questions.sources import open_sources
from pipeline.synth.questions.worth import holds, probes
from pipeline.synth.reading.views import read_view
from pipeline.synth.view import LEVELS, Drawn, Level, View

TABLES = """
CREATE TABLE makers (maker_id INTEGER PRIMARY KEY, name TEXT, country TEXT);
CREATE TABLE cars (car_id INTEGER PRIMARY KEY, maker_id INTEGER REFERENCES makers (maker_id), model TEXT, color TEXT,
    price INTEGER, built DATE);
"""
COLORS = ("red", "blue", "green")


def cars() -> list[tuple[Any, ...]]:
    rng = Random(5)
    return [
        (n, n % 12 + 1, f"model {n % 50}", COLORS[n % 3], 1000 + 7 * n, f"20{rng.randrange(10, 20)}-03-1{n % 10}")
        for n in range(1, 121)
    ]


@pytest.fixture
def garage(tmp_path: Path, sqlite_file: Callable[[Path, str], Path]) -> Path:
    path = sqlite_file(tmp_path / "garage.sqlite", TABLES)
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO makers VALUES (?, ?, ?)", [(n, f"Maker {n}", ["DE", "IT", "FR"][n % 3]) for n in range(1, 13)]
        )
        connection.executemany("INSERT INTO cars VALUES (?, ?, ?, ?, ?, ?)", cars())
        connection.commit()
    return path


def drawer(view: View, rng: Random, level: Level | None) -> Drawn | None:
    """A stand-in for the grammar: good questions, some with a slow form, and every kind of bad one."""
    number = rng.randrange(1000, 2000)
    where = f"FROM cars WHERE price > {number}"
    slow = f"SELECT count(*) FROM cars AS a JOIN cars AS b ON a.car_id = b.car_id WHERE b.price > {number}"
    options = [
        (f"How many cars cost more than {number}?", f"SELECT count(*) {where}", slow),
        (f"What is the mean price above {number}?", f"SELECT avg(price) {where}", f"SELECT max(price) {where}"),
        (f"Colors of cars above {number}", f"SELECT DISTINCT color {where}", ""),
        (f"Which car above {number} is cheapest?", f"SELECT model {where} ORDER BY price LIMIT 1", ""),
        (f"Tied {number}", f"SELECT model {where} ORDER BY color LIMIT 3", ""),
        (f"Fails {number}", f"SELECT gone {where}", ""),
        (f"Empty {number}", f"SELECT model {where} AND price < {number}", ""),
        (f"Constant {number}", f"SELECT {number} FROM makers WHERE maker_id = (SELECT min(maker_id) FROM makers)", ""),
        (f"Luck {number}", f"SELECT model {where} LIMIT 2", ""),
    ]
    question, sql, slow_sql = rng.choice(options)
    return Drawn(question, sql, level or "simple", slow_sql, ("where",)) if rng.random() < 0.9 else None


def make(garage: Path, out: Path, order: Order) -> Made:
    return synthesise(open_sources([str(garage)]), order, out, drawer)


def read(out: Path, name: str) -> Any:
    return json.loads((out / name).read_text(encoding="utf-8"))


def test_writes_the_layout_of_spider(garage: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = make(garage, out, Order(120, seed=3, slow_share=0.1, workers=1))
    train, dev = read(out, "train.json"), read(out, "dev.json")
    assert (len(train), len(dev)) == (102, 18)
    assert {record["difficulty"] for record in train} == set(LEVELS)
    assert all(record["reasoning"] for record in train)
    slow = [record for record in train if "fast_query" in record]
    assert len(slow) == 10
    assert all("JOIN" in record["query"] and "JOIN" not in record["fast_query"] for record in slow)
    assert not any("max" in record.get("slow_query", "") for record in (*train, *dev))  # not the same rows
    loaded = load_spider(out)
    assert not loaded.rejected
    assert loaded.databases["garage"].schema.foreign_keys
    assert not any(leaks(loaded.train, loaded.dev, loaded.dialects))
    with closing(sqlite3.connect(out / "database/garage/garage.sqlite")) as connection:
        assert all(connection.execute(record["query"]).fetchall() for record in (*train, *dev))
    manifest = read(out, "manifest.json")
    assert manifest["questions"] == {"train": 102, "dev": 18}
    assert manifest["databases"]["garage"]["questions"] == 120
    assert set(manifest["files"]) == {"train.json", "dev.json", "tables.json"}
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "http" not in report
    assert "ties in its order" in report
    assert not list(tmp_path.glob(".out.*"))
    rejected = made.harvests[0].rejected
    assert {reason for reason, _ in rejected.most_common()} >= {
        "fails (unknown_name)",
        "an empty answer",
        "ties in its order, or a LIMIT that leaves nothing out",
        "the same answer on every altered copy",
        "its rows are a matter of luck (LIMIT without order)",
        "the shape does not fit the database",
    }
    show(made)


def test_a_seed_decides_whatever_the_number_of_workers(garage: Path, tmp_path: Path) -> None:
    for name, workers, seed in (("one", 1, 3), ("two", 2, 3), ("other", 1, 4)):
        make(garage, tmp_path / name, Order(60, seed, workers=workers))
    assert (tmp_path / "one/train.json").read_bytes() == (tmp_path / "two/train.json").read_bytes()
    assert (tmp_path / "one/manifest.json").read_bytes() == (tmp_path / "two/manifest.json").read_bytes()
    assert (tmp_path / "one/train.json").read_bytes() != (tmp_path / "other/train.json").read_bytes()


def test_values_that_differ_in_case_alone_make_the_same_query(garage: Path) -> None:
    [source] = open_sources([str(garage)])
    colors = iter(["red", "Red", "blue"] * 1000)

    def colored(view: View, rng: Random, level: Level | None) -> Drawn:
        color = next(colors)
        question = f"How many cars are {color}, asked {rng.random()}?"
        return Drawn(question, f"SELECT count(*) FROM cars WHERE color = '{color}'", "simple", "", ())

    drawing = draw_batch(read_view(source.database), 1, 1, colored)
    assert len(drawing.candidates) > 2
    assert len({candidate.keys[0] for candidate in drawing.candidates}) == 2


def test_says_so_where_there_are_not_so_many(garage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harvest, "_MOST_DRAWS", 1)
    made = make(garage, tmp_path / "out", Order(1500, workers=1))
    assert 300 < len(made.harvests[0].kept) < 1500
    assert "of 1500 questions" in made.harvests[0].notes[0]
    assert "of 1500 questions" in (tmp_path / "out/report.html").read_text(encoding="utf-8")


def test_folders_in_the_layout_of_spider(garage: Path, tmp_path: Path) -> None:
    for db_id in ("a", "b", "c"):
        (tmp_path / "spider/database" / db_id).mkdir(parents=True)
        (tmp_path / f"spider/database/{db_id}/{db_id}.sqlite").write_bytes(garage.read_bytes())
    folder = str(tmp_path / "spider")
    assert [s.database.db_id for s in open_sources([folder, str(garage)])] == ["a", "b", "c", "garage"]
    assert [s.database.db_id for s in open_sources([folder], ["c", "a"])] == ["a", "c"]
    made = synthesise(open_sources([folder], ["a", "b"]), Order(30, workers=1), tmp_path / "out", drawer)
    assert [len(h.kept) for h in made.harvests] == [30, 30]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--db", "gone.sqlite"], "gone.sqlite: there is no such file or folder"),
        (["--db", "garage.sqlite", "--db", "garage.sqlite"], "second database 'garage'"),
        (["--db", "garage.sqlite", "--only", "x"], "--only x"),
        (["--db", "."], "no database/<db>/<db>.sqlite"),
        (["--db", "schema.sql"], "without rows"),
        (["--db", "mysql://u:p@h/d"], "holds a password"),
        (["--db", "garage.sqlite", "--out", "."], "holds other files"),
    ],
)
def test_bad_input_is_one_line(
    garage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["synth", "--out", "out", *arguments])
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)
    assert "\n" not in str(result.exception)


def test_command_with_the_grammar(garage: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["synth", "--db", str(garage), "--out", str(out), "--n", "60", "--workers", "1"])
    assert result.exit_code == 0, result.exception
    assert "51 train + 9 dev" in " ".join(result.stdout.split())
    assert len(load_spider(out).train) == 51


@pytest.mark.parametrize(
    ("sql", "kind", "good", "bad"),
    [
        ("SELECT a FROM t ORDER BY b LIMIT 1", "order", [(1,), (2,)], [(1,), (1,)]),
        ("SELECT DISTINCT a FROM t ORDER BY a", "order", [(1,), (2,)], [(1,), (1,)]),
        ("SELECT a FROM t UNION SELECT a FROM u ORDER BY a LIMIT 1", "order", [(1,), (2,)], [(1,)]),
        ("SELECT a FROM t GROUP BY a HAVING COUNT(*) > 1", "every", [(1,), (2,)], [(1,)]),
        ("SELECT * FROM (SELECT a, ROW_NUMBER() OVER (ORDER BY b) AS n FROM t) WHERE n = 1", "same", [(7,)], [(8,)]),
        ("SELECT a FROM t WHERE b > (SELECT AVG(b) FROM t)", "near", [(7.00001,)], [(7,), (8,)]),
    ],
)
def test_probes(sql: str, kind: str, good: list[Any], bad: list[Any]) -> None:
    [probe] = probes(sql, "sqlite") or []
    assert probe.kind == kind
    assert kind in PROBLEMS
    assert holds(probe, good, [(7,)])
    assert not holds(probe, bad, [(7,)])
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript("CREATE TABLE t (a, b); CREATE TABLE u (a, b); INSERT INTO t VALUES (1, 2), (3, 4);")
        assert connection.execute(probe.sql).fetchall()


def test_rounded_totals_are_near_whatever_order_they_come_in() -> None:
    """Rounding makes floats of whole sums, which then must not be sorted apart from the others."""
    [probe] = probes("SELECT SUM(b), a FROM t GROUP BY a HAVING SUM(b) > 1", "sqlite")[1:]  # type: ignore[index]
    assert probe.kind == "near"
    gold = [(30, "x"), (4, "y"), (None, "z"), (4, "a")]
    assert holds(probe, [(4.0, "y"), (None, "z"), (4.0, "a"), (30.0, "x")], gold)
    assert not holds(probe, [(4.0, "x"), (None, "z"), (4.0, "a"), (30.0, "y")], gold)


@pytest.mark.integration
def test_mysql(
    mysql_server: MysqlServer,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = ", ".join(f"({n}, {m}, '{model}', '{color}', {p}, '{d}')" for n, m, model, color, p, d in cars())
    makers = ", ".join(f"({n}, 'Maker {n}', 'DE')" for n in range(1, 13))
    tables = TABLES.replace("TEXT", "VARCHAR(20)").replace(
        "INTEGER REFERENCES makers (maker_id)", "INTEGER, FOREIGN KEY (maker_id) REFERENCES makers (maker_id)"
    )
    mysql_server.load(
        f"DROP DATABASE IF EXISTS garage; CREATE DATABASE garage; USE garage; {tables} "
        f"INSERT INTO makers VALUES {makers}; INSERT INTO cars VALUES {values};"
    )
    monkeypatch.setenv(MYSQL_PASSWORD_VARIABLE, mysql_server.password)
    url, out = mysql_server.url("garage"), tmp_path / "out"
    made = synthesise(open_sources([url]), Order(60, slow_share=0.1, workers=1), out)
    assert any("no altered copies" in note for note in made.harvests[0].notes)
    loaded = load_own(out, database_url=url)
    assert (len(loaded.train), len(loaded.dev), loaded.rejected) == (51, 9, [])
    assert not (out / "tables.json").exists()
