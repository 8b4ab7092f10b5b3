"""Old training data mixed into new, so that a model that is trained further does not forget what it knew."""

from __future__ import annotations

from pipeline.data.dataset import Dataset
from pipeline.data.example import Database, Example
from pipeline.data.splits import cap, leaks


def replay(old: Dataset, new: Dataset, share: float, seed: int) -> tuple[list[Example], dict[str, Database]]:
    """Training examples of `old`, as many as `share` times those of `new`, drawn by hash, with their databases.

    None of them shares its question or a query with any example of `new`: what is held out there stays unseen, and
    what is trained on is not repeated. Of a database that both know, the new data's schema counts.
    """
    databases = {**old.databases, **new.databases}
    dialects = {db_id: database.dialect for db_id, database in databases.items()}
    known = [example for examples in new.splits.values() for example in examples]
    fresh = [
        example
        for example, leaked in zip(old.splits["train"], leaks(known, old.splits["train"], dialects), strict=True)
        if not leaked
    ]
    wanted = round(share * len(new.splits["train"]))
    drawn = cap(fresh, wanted, seed) if wanted else []
    return drawn, {example.db_id: databases[example.db_id] for example in drawn}
