"""The benchmark of the engine on a small Spider-like folder: its verdicts, that all ways agree, and its form."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.bench import engine as engine_bench
from pipeline.bench.engine import bench_engine, show
from pipeline.bench.soak import soak
from pipeline.bench.speed import sandbox, scaling, scoring
from pipeline.bench.verdicts import bird_score, bird_verdicts, spider_score, spider_verdicts
from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.errors import InputError

GOLD = "SELECT DISTINCT name FROM singer ORDER BY age"
PREDICTIONS = [
    ("SELECT name FROM singer ORDER BY age", 1),  # the evaluator takes DISTINCT out
    ("SELECT name FROM singer ORDER BY age DESC", 0),
    ("SELECT nothing FROM singer", 0),
    ("I do not know", 0),
]


@pytest.fixture(scope="module")
def benchmarks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("benchmarks")
    for path in (
        root / "spider" / "database" / "music" / "music.sqlite",
        root / "bird" / "dev_databases" / "superhero" / "superhero.sqlite",
    ):
        path.parent.mkdir(parents=True)
        with sqlite3.connect(path) as connection:
            connection.executescript(
                "CREATE TABLE singer (id INTEGER PRIMARY KEY, name TEXT, age INT);"
                "INSERT INTO singer (name, age) VALUES ('Ann', 30), ('Bob', 40), ('Cy', 50);"
            )
        connection.close()
    spider = [
        {"system": "s", "idx": n, "db_id": "music", "gold": GOLD, "pred": sql, "exec_result": right}
        for n, (sql, right) in enumerate(PREDICTIONS)
    ]
    bird = [
        {"system": "s", "question_id": n, "difficulty": "simple", "gold": gold, "pred": "SELECT 1 AS x", "ex": right}
        for n, (gold, right) in enumerate([("SELECT 1", 1), ("SELECT 2", 0), ("SELECT 1 UNION ALL SELECT 1", 1)])
    ]
    (root / "spider" / "verdicts.jsonl").write_text("\n".join(map(json.dumps, spider)))
    (root / "bird" / "mini_dev_sqlite_verdicts.jsonl").write_text("\n".join(map(json.dumps, bird)))
    return root


def test_verdicts(benchmarks: Path) -> None:
    rows = spider_verdicts(benchmarks / "spider")
    url = f"sqlite:///{benchmarks}/bird/dev_databases/superhero/superhero.sqlite"
    bird = bird_verdicts(benchmarks / "bird" / "mini_dev_sqlite_verdicts.jsonl", url)
    with Engine(workers=1) as engine:
        assert spider_score(engine, rows) == [row.right for row in rows] == [True, False, False, False]
        assert bird_score(engine, bird) == [row.right for row in bird] == [True, False, True]


def test_all_ways_agree(benchmarks: Path) -> None:
    rows = spider_verdicts(benchmarks / "spider")
    ratios, verdicts = scoring(rows, {rows[0].url: "digest"}, workers=1, rounds=2)
    assert len(ratios) == 4
    assert all(found == [True, False, False, False] for found in verdicts.values())
    assert all(ratio.low <= ratio.median <= ratio.high and ratio.rounds == 2 for ratio in ratios.values())


def test_ratios_of_the_engine(benchmarks: Path) -> None:
    queries = [Query(row.url, row.pred) for row in spider_verdicts(benchmarks / "spider")]
    for ratio in (sandbox(queries, 2), scaling(queries, 2)):
        assert 0 < ratio.low <= ratio.median <= ratio.high


def test_a_soak_does_what_it_was_asked(benchmarks: Path) -> None:
    queries = [Query(row.url, row.pred) for row in spider_verdicts(benchmarks / "spider")]
    with Engine(workers=1) as engine:
        found = soak(engine, queries, 1001)
    assert found.executions == 1004
    assert found.first.descriptors == found.last.descriptors > 0
    assert found.first.parent_mib > 0
    assert found.first.workers_mib > 0
    assert abs(found.growth) < 0.5


def test_figures_and_tables(
    benchmarks: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_bench, "_PAIRS", 5)
    monkeypatch.setattr(engine_bench, "_LARGE_ROWS", 1000)
    figures = bench_engine(benchmarks, workers=1, mysql_admin="", soak_executions=10)
    assert json.loads(json.dumps(figures))["verdicts"]["Spider"] == {"rows": 4, "differ": []}
    show(figures, Console(width=120))
    shown = capsys.readouterr().out
    for word in ("Spider", "BIRD, SQLite", "warm cache", "A/A", "Spearman", "Soak"):
        assert word in shown


def test_missing_data(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"superhero\.sqlite.*--data"):
        bench_engine(tmp_path, workers=1, mysql_admin="", soak_executions=0)
