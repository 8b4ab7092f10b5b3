"""The data set as a folder: written, read, and refused where it is not what its digest says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.data.dataset import Dataset, read_jsonl, write_jsonl
from pipeline.data.example import Database, Example
from pipeline.errors import InputError


@pytest.fixture
def dataset(databases: dict[str, Database], known: list[Example]) -> Dataset:
    odd = Example(
        "shop", "Größe?\u2028«x»", ("SELECT 1", "SELECT 2"), evidence="e", difficulty="hard", source="dev.json#1"
    )
    return Dataset({"train": known, "dev": [odd], "test": []}, databases)


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        Dataset.read(folder)
    return str(caught.value)


def test_round_trip(dataset: Dataset, tmp_path: Path) -> None:
    dataset.write(tmp_path / "new" / "dataset")
    read = Dataset.read(tmp_path / "new" / "dataset")
    assert read == dataset
    assert read.digest == dataset.digest
    summary = json.loads((tmp_path / "new" / "dataset" / "dataset.json").read_text())
    assert summary == {"digest": dataset.digest, "counts": {"train": 2, "dev": 1, "test": 0}}


def test_the_tokenizer_is_the_folder_beside_the_data(dataset: Dataset, tmp_path: Path) -> None:
    dataset.write(tmp_path)
    assert Dataset.read(tmp_path).tokenizer is None
    (tmp_path / "tokenizer").mkdir()
    assert Dataset.read(tmp_path).tokenizer == tmp_path / "tokenizer"


def test_the_digest_sees_examples_splits_order_and_databases(dataset: Dataset) -> None:
    first, second = dataset.splits["train"]
    shop = dataset.databases["shop"]
    others = [
        replace(dataset, splits={**dataset.splits, "train": [second, first]}),
        replace(dataset, splits={**dataset.splits, "train": [first]}),
        replace(dataset, splits={"train": [first], "dev": [second, *dataset.splits["dev"]], "test": []}),
        replace(dataset, splits={**dataset.splits, "train": [first, replace(second, reasoning="Another thought.")]}),
        replace(dataset, databases={"shop": replace(shop, digest="0" * 64)}),
    ]
    assert len({dataset.digest, *(other.digest for other in others)}) == len(others) + 1


def test_the_digest_does_not_depend_on_where_the_database_lies(dataset: Dataset) -> None:
    moved = replace(dataset.databases["shop"], url="sqlite:////elsewhere/shop.sqlite")
    assert replace(dataset, databases={"shop": moved}).digest == dataset.digest


def test_changed_content_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    dataset.write(tmp_path)
    path = tmp_path / "train.jsonl"
    path.write_text(path.read_text().replace("How many customers", "How few customers"))
    message = refusal(tmp_path)
    assert dataset.digest in message
    assert "run validate again" in message


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    assert f"{tmp_path / 'nowhere'}: not a data set written by the validate step" in refusal(tmp_path / "nowhere")


def delete(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def write(name: str, text: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).write_text(text)

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        delete("dev.jsonl"),
        delete("databases.json"),
        write("train.jsonl", '{"db_id": "shop"'),
        write("train.jsonl", '{"db_id": "shop"}\n'),
        write("train.jsonl", '{"gold_sql": [], "colour": "red"}\n'),
        write("dataset.json", "{}"),
        write("dataset.json", "[]"),
        write("databases.json", "[]"),
        write("databases.json", '{"shop": {}}'),
    ],
)
def test_damaged_files_are_refused(dataset: Dataset, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    dataset.write(tmp_path)
    damage(tmp_path)
    assert f"{tmp_path}: not a data set written by the validate step" in refusal(tmp_path)


def test_jsonl_keeps_text_on_one_line(tmp_path: Path) -> None:
    rows = [{"a": "line\nbreak \u2028 ü 客户"}, {}, {"b": [1, None, 2.5]}, {"half": "\ud800"}]
    write_jsonl(tmp_path / "x.jsonl", rows)
    assert read_jsonl(tmp_path / "x.jsonl") == rows
    assert "客户" in (tmp_path / "x.jsonl").read_text(encoding="utf-8")
