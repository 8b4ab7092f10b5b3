"""SynSQL-2.5M's layout: data.json as a stream, parquet files, a bounded draw, and thoughts that come with the data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.data.benchmarks import load
from pipeline.data.example import Example, ForeignKey
from pipeline.errors import InputError

SqliteFile = Callable[[Path, str], Path]


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "db_id": f"db{number % 3}",
        "sql_complexity": "Highly Complex",
        "question_style": "Vague",
        "question": f"Question {number}?",
        "external_knowledge": "",
        "cot": f"First think, then:\n```sql\nSELECT {number}\n```",
        "sql": f"SELECT\n {number};",
        **changes,
    }


@pytest.fixture
def folder(tmp_path: Path, sqlite_file: SqliteFile) -> Path:
    for n in range(3):
        sqlite_file(tmp_path / "databases" / f"db{n}" / f"db{n}.sqlite", "CREATE TABLE t (a, b)")
    return tmp_path


def write_json(folder: Path, rows: list[Any]) -> Path:
    (folder / "data.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return folder


def test_a_row(folder: Path) -> None:
    loaded = load("synsql", write_json(folder, [row(0, external_knowledge="a refers to b")]))
    assert loaded.train == [
        Example(
            db_id="db0",
            question="Question 0?",
            gold_sql=("SELECT\n 0",),
            evidence="a refers to b",
            difficulty="Highly Complex",
            source="data.json#1",
            reasoning="First think, then:\n```sql\nSELECT 0\n```",
            reasoning_source="given",
        )
    ]
    assert (loaded.dev, list(loaded.databases)) == ([], ["db0"])


def test_parquet_files_give_the_same(folder: Path) -> None:
    rows = [row(n, external_knowledge=None if n % 2 else "e") for n in range(3000)]
    from_json = load("synsql", write_json(folder, rows))
    (folder / "data.json").unlink()
    (folder / "data").mkdir()
    pq.write_table(pa.Table.from_pylist(rows[:2000]), folder / "data" / "train-00000-of-00002.parquet")
    pq.write_table(pa.Table.from_pylist(rows[2000:]), folder / "data" / "train-00001-of-00002.parquet")
    loaded = load("synsql", folder)
    assert [e.to_json() | {"source": ""} for e in loaded.train] == [
        e.to_json() | {"source": ""} for e in from_json.train
    ]
    assert loaded.train[2000].source == "data/train-00001-of-00002.parquet#1"
    assert loaded.databases == from_json.databases


def test_stray_bytes_are_repaired_and_counted(folder: Path) -> None:
    (folder / "data.json").write_bytes(json.dumps([row(0, question="Caf#?")]).encode().replace(b"#", b"\xe9"))
    loaded = load("synsql", folder)
    assert (loaded.train[0].question, loaded.repaired) == ("Café?", {"data.json": 1})
    (folder / "data.json").unlink()
    columns = {name: pa.array([value]) for name, value in row(0).items()}
    questions = pa.array([b"Caf\xe9?"], pa.binary())
    columns["question"] = pa.StringArray.from_buffers(1, questions.buffers()[1], questions.buffers()[2])
    pq.write_table(pa.table(columns), folder / "x.parquet")
    loaded = load("synsql", folder)
    assert (loaded.train[0].question, loaded.repaired) == ("Café?", {"x.parquet": 1})


def test_malformed_rows_are_set_aside(folder: Path) -> None:
    bad = [row(0, cot="<think>a</think>"), row(1, sql=None), {"db_id": "db1"}, 7, row(2, question="\ud800")]
    loaded = load("synsql", write_json(folder, [row(0), *bad, row(1)]))
    assert [example.source for example in loaded.train] == ["data.json#1", "data.json#7"]
    assert [(r.source, r.reasons[0]) for r in loaded.rejected] == [
        ("data.json#2", "malformed: 'cot' must not hold <think> or </think>, which are put around it"),
        ("data.json#3", "malformed: 'sql' must be a non-empty text"),
        ("data.json#4", "malformed: 'question' must be a non-empty text"),
        ("data.json#5", "malformed: a row must be an object, this is int"),
        ("data.json#6", "malformed: a text holds half a character (an unpaired \\u surrogate)"),
    ]


def test_a_limit_draws_from_all_rows_in_their_order(folder: Path) -> None:
    write_json(folder, [row(n) for n in range(300)])
    everything, drawn, fewer = (load("synsql", folder, limit=limit).train for limit in (0, 60, 20))
    assert (len(everything), len(drawn), len(fewer)) == (300, 60, 20)
    assert drawn == [example for example in everything if example in drawn]
    assert fewer == [example for example in drawn if example in fewer]
    assert {example.db_id for example in drawn} == {"db0", "db1", "db2"}
    assert load("synsql", folder, limit=1000).train == everything


def test_only_databases_that_were_drawn_are_read(folder: Path) -> None:
    write_json(folder, [row(0), row(3)])
    for path in (folder / "databases" / "db1").iterdir():
        path.write_bytes(b"no database")
    entry = {
        "table_names_original": ["t"],
        "column_names_original": [[-1, "*"], [0, "a"], [0, "b"]],
        "foreign_keys": [[2, 1]],
    }
    (folder / "tables.json").write_text(json.dumps([{"db_id": "db1"}, {**entry, "db_id": "db0"}]))
    loaded = load("synsql", folder)
    assert list(loaded.databases) == ["db0"]
    assert loaded.databases["db0"].schema.foreign_keys == (ForeignKey("t", "b", "t", "a"),)


def problem(folder: Path, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        load("synsql", folder, **options)
    return str(caught.value)


def test_what_is_missing_or_damaged_stops(folder: Path) -> None:
    assert "nowhere does not exist" in problem(folder / "nowhere")
    assert "has neither data.json nor *.parquet" in problem(folder)
    (folder / "x.parquet").write_bytes(b"PAR1 and no more")
    assert f"{folder / 'x.parquet'}: not a usable parquet file" in problem(folder)
    write_json(folder, [row(0), row(1, db_id="gone")])
    message = problem(folder)
    assert "gone.sqlite: this database is missing" in message
    assert "data.json#2 asks a question of it" in message
    (folder / "data.json").write_text('[{"db_id": "db0",')
    assert f"{folder / 'data.json'}: not JSON" in problem(folder)
