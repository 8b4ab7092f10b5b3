"""KaggleDBQA's layout: all, few-shot and test questions, and the column descriptions of its tables file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from benchmark_data import BENCHMARKS, needs

from pipeline.data.benchmarks import load
from pipeline.data.example import Column, ForeignKey
from pipeline.errors import InputError

SqliteFile = Callable[[Path, str], Path]


def rows(*numbers: int, db_id: str = "plants") -> list[dict[str, str]]:
    return [{"db_id": db_id, "question": f"Question {n}?", "query": f"SELECT {n}"} for n in numbers]


TABLES = [
    {
        "db_id": "plants",
        "table_names_original": ["Plant", "Unit"],
        "column_names_original": [[-1, "*"], [0, "Id"], [0, "Name"], [1, "PlantId"]],
        "column_descriptions": ["*", "numeric id key", "the name of the plant", "the plant that it belongs to"],
        "foreign_keys": [[3, 1]],
        "primary_keys": [1],
    }
]


@pytest.fixture
def folder(tmp_path: Path, sqlite_file: SqliteFile) -> Path:
    files = {"plants": rows(1, 2, 3), "plants_fewshot": rows(1), "plants_test": rows(2, 3)}
    (tmp_path / "examples").mkdir()
    for name, content in files.items():
        (tmp_path / "examples" / f"{name}.json").write_text(json.dumps(content))
    (tmp_path / "KaggleDBQA_tables.json").write_text(json.dumps(TABLES))
    sqlite_file(
        tmp_path / "databases" / "plants" / "plants.sqlite",
        "CREATE TABLE plant (Id, Name); CREATE TABLE unit (PlantId)",
    )
    return tmp_path


@pytest.mark.parametrize(
    ("split", "train", "dev"),
    [
        ("dev", [], ["plants.json#1", "plants.json#2", "plants.json#3"]),
        ("test", ["plants_fewshot.json#1"], ["plants_test.json#1", "plants_test.json#2"]),
        ("train", ["plants_fewshot.json#1"], []),
    ],
)
def test_splits(folder: Path, split: str, train: list[str], dev: list[str]) -> None:
    loaded = load("kaggledbqa", folder, split=split)
    assert [example.source for example in loaded.train] == [f"examples/{name}" for name in train]
    assert [example.source for example in loaded.dev] == [f"examples/{name}" for name in dev]


def test_keys_and_descriptions_come_from_the_tables_file(folder: Path) -> None:
    schema = load("kaggledbqa", folder).databases["plants"].schema
    assert schema.tables["plant"] == (Column("Id", "", description="numeric id key"), Column("Name", ""))
    assert schema.tables["unit"] == (Column("PlantId", "", description="the plant that it belongs to"),)
    assert schema.foreign_keys == (ForeignKey("Unit", "PlantId", "Plant", "Id"),)


def test_a_folder_without_tables_file_has_no_descriptions(folder: Path) -> None:
    (folder / "KaggleDBQA_tables.json").unlink()
    schema = load("kaggledbqa", folder).databases["plants"].schema
    assert not any(column.description for columns in schema.tables.values() for column in columns)


def problem(*arguments: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        load("kaggledbqa", *arguments, **options)
    return str(caught.value)


def test_what_is_missing_stops(folder: Path, tmp_path: Path) -> None:
    assert "nowhere does not exist" in problem(tmp_path / "nowhere")
    assert "kaggledbqa has no split 'all'" in problem(folder, split="all")
    assert "only bird and jsonl take a database URL" in problem(folder, database_url="mysql://me@localhost/")
    (folder / "examples" / "gone.json").write_text(json.dumps(rows(1, db_id="gone")))
    assert "examples/gone.json#1 asks a question of it" in problem(folder)
    for path in (folder / "examples").glob("*_test.json"):
        path.unlink()
    (folder / "examples" / "plants_fewshot.json").unlink()
    assert "no <db>_fewshot.json or <db>_test.json" in problem(folder, split="test")


@needs("kaggledbqa")
def test_the_real_databases() -> None:
    everything, test = (load("kaggledbqa", BENCHMARKS / "kaggledbqa", split=split) for split in ("dev", "test"))
    assert (len(everything.dev), len(test.train), len(test.dev)) == (60, 19, 41)
    assert everything.rejected == test.rejected == []
    assert {e.question for e in everything.dev} == {e.question for e in (*test.train, *test.dev)}
    assert sorted(everything.databases) == ["GeoNuclearData", "StudentMathScore"]
    plants = {
        c.name: c.description for c in everything.databases["GeoNuclearData"].schema.tables["nuclear_power_plants"]
    }
    assert plants["Capacity"] == "nuclear power plant capacity (design net capacity in MWe)"
    assert plants["Country"] == ""
