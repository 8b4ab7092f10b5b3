"""Scoring files of predictions: their forms, bad rows, resuming after a kill, and every recorded verdict."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mysql_server import MysqlServer, mysql_server  # noqa: F401

from pipeline.bench.mysql import analyse
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE
from pipeline.errors import InputError
from pipeline.evaluation.external import score_predictions
from pipeline.evaluation.predictions import BIRD_SEPARATOR
from pipeline.sql.spider import spider_text

BENCHMARKS = Path(
    os.environ.get("QUERYSMITH_BENCHMARKS") or Path(__file__).parents[2].joinpath("../shared/benchmarks").resolve()
)
needs_benchmarks = pytest.mark.skipif(
    not (BENCHMARKS / "spider" / "verdicts.jsonl").is_file(),
    reason=f"no benchmark data in {BENCHMARKS}: set QUERYSMITH_BENCHMARKS",
)

GOLD = "SELECT name FROM singer WHERE age > 30"
QUESTIONS = [
    {"db_id": "music", "question": "Who is older than 30?", "query": GOLD},
    {"db_id": "music", "question": "How many are there?", "query": "SELECT count(*) FROM singer"},
]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYSMITH_HOME", str(tmp_path / "home"))


@pytest.fixture
def spider(tmp_path: Path) -> Path:
    """Two questions of one database, which has one variant: there, nobody is older than 30."""
    for path, ages in (("database/music/music", (25, 35, 45)), ("test_suite/music/v1", (25, 26, 27))):
        file = tmp_path / "spider" / f"{path}.sqlite"
        file.parent.mkdir(parents=True)
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE singer (name TEXT, age INT)")
            connection.executemany("INSERT INTO singer VALUES (?, ?)", zip(("Ann", "Bob", "Cy"), ages, strict=True))
        connection.close()
    (tmp_path / "spider" / "dev.json").write_text(json.dumps(QUESTIONS))
    return tmp_path / "spider"


def scored(spider: Path, tmp_path: Path, text: str, metric: str = "") -> list[dict[str, Any]]:
    (tmp_path / "predictions").write_text(text)
    output = tmp_path / "out" / "verdicts.jsonl"
    score_predictions("spider", spider, tmp_path / "predictions", output, metric)
    return [json.loads(line) for line in output.read_text().splitlines()]


def test_one_line_for_each_prediction(spider: Path, tmp_path: Path) -> None:
    rows = [
        {"db_id": "music", "gold": GOLD, "pred": "SELECT name FROM singer WHERE age >= 31"},
        {"db_id": "music", "index": 1, "pred": "SELECT 3"},
        {"index": 0, "pred": "SELECT nobody FROM singer"},
        {"index": 0, "pred": ""},
        {"index": 0, "pred": None},
        {"index": 0, "pred": "I am sorry"},
        {"index": 0, "pred": "DROP TABLE singer"},
        {"db_id": "music", "gold": "SELECT FROM", "pred": "SELECT 1"},
        {"db_id": "music", "gold": ["SELECT 1", "SELECT 2"], "pred": "SELECT 2"},
    ]
    found = scored(spider, tmp_path, "\n".join(map(json.dumps, rows)))
    assert [(row["line"], row["verdict"], row["error_kind"], row["gold_error"]) for row in found] == [
        (1, True, "", ""),
        (2, True, "", ""),
        (3, False, "unknown_name", ""),
        (4, False, "no_sql", ""),
        (5, False, "no_sql", ""),
        (6, False, "refused", ""),
        (7, False, "refused", ""),
        (8, False, "", "syntax"),
        (9, True, "", ""),
    ]
    assert found[0]["elapsed_s"] > 0
    assert not (tmp_path / "out" / "verdicts.jsonl.state").exists()


def test_a_prediction_that_is_right_by_accident_fails_on_the_variants(spider: Path, tmp_path: Path) -> None:
    texts = ["SELECT name FROM singer WHERE age > 30", "SELECT name FROM singer WHERE name <> 'Ann'"]
    rows = "\n".join(json.dumps({"index": 0, "pred": sql}) for sql in texts)
    assert [row["verdict"] for row in scored(spider, tmp_path, rows)] == [True, True]
    assert [row["verdict"] for row in scored(spider, tmp_path, rows, "spider_test_suite")] == [True, False]


def test_the_official_plain_forms(spider: Path, tmp_path: Path) -> None:
    assert [row["verdict"] for row in scored(spider, tmp_path, f"{GOLD}\nSELECT 4\n")] == [True, False]
    assert [row["verdict"] for row in scored(spider, tmp_path, f"{GOLD}\tmusic\n\n")] == [True, False]
    bird = {"0": f"{GOLD}{BIRD_SEPARATOR}music", "1": f"SELECT 3{BIRD_SEPARATOR}music"}
    assert [row["verdict"] for row in scored(spider, tmp_path, json.dumps(bird))] == [True, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"index": 0, "pred": "x"}\n{"index": 0', r"predictions#2: not a JSON object"),
        ('{"index": 0, "pred": "x"}\n[]', r"predictions#2: not a JSON object"),
        ('{"index": 0}', r"#1: 'pred' must be there"),
        ('{"index": 0, "pred": 7}', r"#1: 'pred' must be there and be a text"),
        ('{"index": 2, "pred": "x"}', r"#1: it lacks 'gold' or 'db_id', and its 'index'"),
        ('{"pred": "x"}', r"#1: it lacks"),
        ('{"index": 0, "db_id": "other", "pred": "x"}', r"#1: db_id 'other', but .* is of 'music'"),
        ('{"db_id": "gone", "gold": "SELECT 1", "pred": "x"}', r"gone\.sqlite.* missing"),
        ('{"db_id": "music", "gold": "", "pred": "x"}', r"#1: 'gold' must be"),
        ("SELECT 1\nSELECT 2\nSELECT 3", r"#3: it lacks"),
    ],
)
def test_bad_rows_end_before_anything_is_scored(spider: Path, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        scored(spider, tmp_path, text)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("spidr", "."), "unknown benchmark 'spidr'"),
        (("spider", ".", "ex"), "unknown metric 'ex'"),
        (("bird", ".", "spider_test_suite"), "needs the variants"),
        (("spider", "nowhere"), "nowhere does not exist"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    benchmark, data, *metric = arguments
    with pytest.raises(InputError, match=message):
        score_predictions(benchmark, tmp_path / data, tmp_path / "p", tmp_path / "o", *metric)


def test_an_interrupted_run_goes_on(spider: Path, tmp_path: Path) -> None:
    """Killed in the middle, by SIGKILL: what was written stays as it is, the rest follows."""
    slow = "SELECT {n} FROM singer a" + "".join(f", singer s{i}" for i in range(9)) + " WHERE a.age < 0"
    rows = [{"db_id": "music", "gold": "SELECT 1", "pred": slow.format(n=n)} for n in range(3000)]
    (tmp_path / "predictions").write_text("\n".join(map(json.dumps, rows)))
    output = tmp_path / "verdicts.jsonl"
    command = [sys.executable, "-m", "pipeline", "score", "--benchmark", "spider", "--data", str(spider)]
    command += ["--predictions", str(tmp_path / "predictions"), "--output", str(output)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (output.exists() and output.read_bytes().count(b"\n") >= 500):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = output.read_bytes()
    assert 500 <= before.count(b"\n") < 3000
    output.write_bytes(before + b'{"line": 999, "verd')  # as a kill in mid-write would leave it

    (tmp_path / "other").write_text(json.dumps(rows[0]))
    with pytest.raises(InputError, match="interrupted run with other predictions"):
        score_predictions("spider", spider, tmp_path / "other", output)
    subprocess.run(command, check=True, capture_output=True)
    assert output.read_bytes().startswith(before)
    assert [json.loads(line)["line"] for line in output.read_text().splitlines()] == list(range(1, 3001))


@needs_benchmarks
@pytest.mark.parametrize(
    ("benchmark", "file", "recorded", "rows"),
    [
        ("spider", "spider/verdicts.jsonl", "exec_result", 3312),
        ("bird", "bird/mini_dev_sqlite_verdicts.jsonl", "ex", 988),
    ],
)
def test_every_recorded_verdict(tmp_path: Path, benchmark: str, file: str, recorded: str, rows: int) -> None:
    expected = [json.loads(line) for line in (BENCHMARKS / file).read_text().splitlines()]
    found = score_predictions(benchmark, BENCHMARKS / benchmark, BENCHMARKS / file, tmp_path / "verdicts.jsonl")
    differ = [(a, b) for a, b in zip(expected, found.verdicts, strict=True) if bool(a[recorded]) != b.verdict]
    assert (len(expected), differ) == (rows, [])


@needs_benchmarks
@pytest.mark.integration
def test_every_recorded_verdict_on_mysql(
    tmp_path: Path,
    mysql_server: MysqlServer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The recorded verdicts were made with MariaDB; MySQL 9.7 gives the same on all 468, see docs/benchmarks.md."""
    mysql_server.load(BENCHMARKS / "bird" / "superhero_mysql.sql")
    with closing(mysql_server.root()) as root:
        analyse(root, "superhero")
    monkeypatch.setenv(MYSQL_PASSWORD_VARIABLE, mysql_server.password)
    file = BENCHMARKS / "bird" / "mini_dev_mysql_verdicts.jsonl"
    expected = [json.loads(line) for line in file.read_text().splitlines()]
    found = score_predictions(
        "bird", BENCHMARKS / "bird", file, tmp_path / "verdicts.jsonl", database_url=mysql_server.url("superhero")
    )
    differ = [(a, b) for a, b in zip(expected, found.verdicts, strict=True) if bool(a["ex"]) != b.verdict]
    assert (len(expected), differ) == (468, [])


def _rows(path: Path, sql: str) -> list[tuple[Any, ...]] | None:
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    connection.text_factory = lambda data: data.decode(errors="ignore")
    try:
        return connection.execute(sql).fetchall()
    except sqlite3.Error:
        return None
    finally:
        connection.close()


def _slow_verdict(row: dict[str, Any]) -> bool:
    """From the definition: on every variant, some permutation of columns makes the bags (or lists) of rows equal."""
    folder = BENCHMARKS / "spider" / "test_suite" / row["db_id"]
    paths = {BENCHMARKS / "spider" / "database" / row["db_id"] / f"{row['db_id']}.sqlite", *folder.glob("*.sqlite")}
    for path in paths:
        gold, pred = _rows(path, spider_text(row["gold"])), _rows(path, spider_text(row["pred"]))
        if gold is None or pred is None or len(gold) != len(pred):
            return False
        if not gold:
            continue
        if len(gold[0]) != len(pred[0]):
            return False
        ordered = "order by" in row["gold"].lower()
        permuted = ([tuple(r[i] for i in p) for r in pred] for p in itertools.permutations(range(len(gold[0]))))
        if not any(gold == rows if ordered else Counter(gold) == Counter(rows) for rows in permuted):
            return False
    return True


@needs_benchmarks
def test_the_test_suite_against_its_definition(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (BENCHMARKS / "spider" / "verdicts.jsonl").read_text().splitlines()]
    # Half of them right on the one database, so that the variants have something to find.
    right = [row for row in rows if row["exec_result"]]
    chosen = random.Random(7)
    sample = chosen.sample(right, 250) + chosen.sample([row for row in rows if not row["exec_result"]], 50)
    (tmp_path / "sample.jsonl").write_text("\n".join(map(json.dumps, sample)))
    found = score_predictions(
        "spider", BENCHMARKS / "spider", tmp_path / "sample.jsonl", tmp_path / "verdicts.jsonl", "spider_test_suite"
    )
    expected = [_slow_verdict(row) for row in sample]
    assert [verdict.verdict for verdict in found.verdicts] == expected
    assert sum(not verdict for verdict in expected[:250]) > 10, "the variants found nothing that one database hides"
