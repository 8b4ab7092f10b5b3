"""One door to all loaders: a benchmark's name and a folder in the layout in which it is distributed."""

from __future__ import annotations

from pathlib import Path

from pipeline.data.bird import load_bird
from pipeline.data.kaggledbqa import load_kaggledbqa
from pipeline.data.loading import Loaded
from pipeline.data.own_data import is_own, load_own
from pipeline.data.spider import DEV_FILE, TRAIN_FILES, load_spider
from pipeline.data.synsql import load_synsql
from pipeline.errors import InputError

BENCHMARKS = ("spider", "bird", "kaggledbqa", "synsql", "jsonl")
_ON_SERVERS = ("bird", "jsonl")


def load(benchmark: str, root: Path, *, split: str = "dev", database_url: str = "", limit: int = 0) -> Loaded:
    """Read a benchmark, or a user's own JSONL or CSV ("jsonl").

    `split` names the questions that go to `Loaded.dev`: "dev", and where there is one "test" or "mini_dev". Training
    questions that stand beside them go to `Loaded.train`; "train" reads nothing else. SynSQL has training questions
    only, whatever the split; `limit`, for SynSQL alone, keeps no more than so many in memory (0: all).
    `database_url` reads the databases of BIRD or of own questions from MySQL, see load_bird.

    Raises:
        InputError: no such benchmark or split; a folder, file or database is missing or unreadable.
        InfrastructureError: the MySQL server does not answer.
    """
    if benchmark not in BENCHMARKS:
        raise InputError(f"unknown benchmark {benchmark!r}: choose one of {', '.join(BENCHMARKS)}")
    if database_url and benchmark not in _ON_SERVERS:
        raise InputError(f"{benchmark} has SQLite files: only {' and '.join(_ON_SERVERS)} take a database URL")
    if limit and benchmark != "synsql":
        raise InputError(f"{benchmark} takes no limit: only synsql does")
    if benchmark == "spider":
        return load_spider(root, split)
    if benchmark == "bird":
        return load_bird(root, split, database_url)
    if benchmark == "kaggledbqa":
        return load_kaggledbqa(root, split)
    if benchmark == "synsql":
        return load_synsql(root, limit)
    return load_own(root, split, database_url)


def load_folder(root: Path) -> Loaded:
    """Read the data that training starts from: Spider's layout, or a user's own JSONL or CSV where that is what the
    folder holds.

    Raises:
        InputError: a folder, file or database is missing or unreadable.
        InfrastructureError: the MySQL server does not answer.
    """
    in_spider = any((root / name).is_file() for name in (DEV_FILE, *TRAIN_FILES))
    return load_own(root) if is_own(root) and not in_spider else load_spider(root)
