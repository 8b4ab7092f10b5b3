"""The folder that training starts from: which layout it holds, and which server its questions are asked of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.data import own_data
from pipeline.data.benchmarks import load_folder
from pipeline.data.example import Database, Schema
from pipeline.data.own_data import load_own, server_of
from pipeline.errors import InputError

ROW = {"db_id": "shop", "question": "How many?", "gold_sql": "SELECT count(*) FROM customers"}


def test_spiders_layout_wins(spider_folder, sqlite_file) -> None:  # type: ignore[no-untyped-def]
    root = spider_folder(dev=[{"db_id": "shop", "question": "How many?", "query": "SELECT 1"}])
    (root / "notes.jsonl").write_text("{}\n")
    assert [example.gold_sql for example in load_folder(root).dev] == [("SELECT 1",)]


def test_own_questions(spider_folder, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    database = spider_folder() / "database" / "shop" / "shop.sqlite"
    own = tmp_path / "own"
    own.mkdir()
    database.rename(own / "shop.sqlite")
    for split in ("train", "dev"):
        (own / f"{split}.jsonl").write_text(json.dumps({**ROW, "question": split}) + "\n")
    loaded = load_folder(own)
    assert [example.question for example in loaded.train] == ["train"]
    assert [example.question for example in loaded.dev] == ["dev"]


def test_nothing_there_is_said_in_spiders_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Spider's layout"):
        load_folder(tmp_path / "nowhere")


def test_server_that_the_folder_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dev.jsonl").write_text(json.dumps(ROW) + "\n")
    (tmp_path / "mysql.url").write_text("mysql://reader@db:3306/\n")
    asked: list[str] = []

    def on_server(url: str):  # type: ignore[no-untyped-def]
        asked.append(url)
        return lambda db_id: Database(db_id, "mysql", f"{url}{db_id}", Schema({}, ()), "digest")

    monkeypatch.setattr(own_data, "on_server", on_server)
    assert load_own(tmp_path).databases["shop"].url == "mysql://reader@db:3306/shop"
    load_own(tmp_path, database_url="mysql://other@db/shop")
    assert asked == ["mysql://reader@db:3306/", "mysql://other@db/shop"]


@pytest.mark.parametrize("url", ["mysql://r@db", "mysql://r@db/", "mysql://r@db:3307/shop"])
def test_urls_of_servers_and_databases(tmp_path: Path, url: str) -> None:
    assert server_of(tmp_path) == ""
    (tmp_path / "mysql.url").write_text(f"  {url}\n")
    assert server_of(tmp_path) == url


@pytest.mark.parametrize("url", ["", "postgresql://r@db/shop", "mysql://db/shop", "mysql://r:secret@db/shop"])
def test_other_urls_are_refused(tmp_path: Path, url: str) -> None:
    (tmp_path / "mysql.url").write_text(url)
    with pytest.raises(InputError) as refused:
        server_of(tmp_path)
    assert "secret" not in str(refused.value)
