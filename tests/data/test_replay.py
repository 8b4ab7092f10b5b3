"""Replay: old training data, never what is held out now, nothing twice."""

from __future__ import annotations

from pipeline.data.dataset import Dataset
from pipeline.data.example import Database, Example, Schema
from pipeline.data.replay import replay


def database(db_id: str, digest: str = "") -> Database:
    return Database(db_id, "sqlite", f"sqlite:////nowhere/{db_id}.sqlite", Schema({}), digest)


def examples(count: int, db_id: str = "old", start: int = 0) -> list[Example]:
    return [Example(db_id, f"Question {i}?", (f"SELECT {i} FROM t",)) for i in range(start, start + count)]


def dataset(train: list[Example], *names: str, dev: list[Example] | None = None, digest: str = "") -> Dataset:
    return Dataset({"train": train, "dev": dev or [], "test": []}, {name: database(name, digest) for name in names})


def test_as_many_as_the_share_says_and_the_same_every_time() -> None:
    old, new = dataset(examples(100), "old"), dataset(examples(40, "new", start=500), "new")
    drawn, databases = replay(old, new, 0.25, seed=1)
    assert len(drawn) == 10
    assert set(databases) == {"old"}
    assert replay(old, new, 0.25, seed=1)[0] == drawn
    assert replay(old, new, 0.25, seed=2)[0] != drawn
    assert len(replay(old, new, 10.0, seed=1)[0]) == 100  # there are no more
    assert replay(old, new, 0.0, seed=1) == ([], {})


def test_what_is_held_out_or_trained_on_now_is_not_replayed() -> None:
    old = dataset(examples(10), "old", "other")
    held_out = [
        Example("other", "question 3 ?", ("SELECT 99 FROM t",)),  # the same question
        Example("old", "Something else", ("select 5 from T",)),  # the same query
    ]
    new = dataset(examples(10, start=7), "old", "other", dev=held_out)
    drawn, _ = replay(old, new, 1.0, seed=1)
    assert {example.question for example in drawn} == {f"Question {i}?" for i in (0, 1, 2, 4, 6)}


def test_a_database_that_both_know_is_as_the_new_data_has_it() -> None:
    old, new = dataset(examples(5), "old", digest="then"), dataset(examples(5, start=50), "old", digest="now")
    drawn, databases = replay(old, new, 1.0, seed=1)
    assert len(drawn) == 5
    assert databases["old"].digest == "now"
