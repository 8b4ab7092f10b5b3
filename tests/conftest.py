"""What the tests share: a quiet environment, a small database in Spider's layout, and models that train in seconds.

Airflow is not imported here: tests/dags has a conftest of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from pipeline.data.example import Database, Example, ForeignKey
from pipeline.data.prompts import MODES, render_completion, render_prompt, render_schema
from pipeline.data.sqlite_schema import read_sqlite
from pipeline.engine.pool import Engine
from pipeline.profile import Architecture

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# The libraries read these when they are first imported: a fixture would come too late.
_home = tempfile.TemporaryDirectory(prefix="querysmith-tests-")
atexit.register(_home.cleanup)
os.environ["QUERYSMITH_HOME"] = _home.name
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["TQDM_DISABLE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # matrices this small are slower on two threads than on one

# Without a deadline: a busy machine is not a failure. The same cases every time: a red run is the change's doing, never
# luck. New cases are looked for with `pytest --hypothesis-profile=explore`.
settings.register_profile("querysmith", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("querysmith")

SHOP_SQL = """
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (customer_id), amount REAL);
CREATE TABLE notes (note_id INTEGER PRIMARY KEY, order_id INTEGER, body TEXT);
INSERT INTO customers VALUES (1, 'Ann', 'Bern'), (2, 'Bob', 'Bern'), (3, 'Cid', 'Rome');
INSERT INTO orders VALUES (1, 1, 10.0), (2, 1, 20.0), (3, 2, 5.0), (4, 3, 7.5);
"""

# A question, its gold SQL and a thought; what the fitted model knows by heart.
KNOWN = (
    ("How many customers are there?", "SELECT count(*) FROM customers", "Count the rows of customers."),
    ("List the names of customers by name.", "SELECT name FROM customers ORDER BY name", "Read name, sort by name."),
)

SpiderWriter = Callable[..., Path]
ModelBuilder = Callable[..., "PreTrainedModel"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests come first: where files run beside each other, none of them is left over at the end."""
    long = {item.path for item in items if item.get_closest_marker("integration")}
    items.sort(key=lambda item: item.path not in long)


def write_sqlite(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


@pytest.fixture
def sqlite_file() -> Callable[[Path, str], Path]:
    """Writes a SQLite file from a script."""
    return write_sqlite


@pytest.fixture
def spider_folder(tmp_path: Path) -> SpiderWriter:
    """Writes a folder in Spider's layout: `databases` (SQL scripts by db_id), then lists of rows by file name."""

    def write(databases: dict[str, str] | None = None, **files: list[Any]) -> Path:
        root = tmp_path / "spider"
        for db_id, script in (databases or {"shop": SHOP_SQL}).items():
            write_sqlite(root / "database" / db_id / f"{db_id}.sqlite", script)
        for name, rows in files.items():
            (root / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
        return root

    return write


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Customers, their orders, and notes whose reference to orders only tables.json knows."""
    path = write_sqlite(tmp_path_factory.mktemp("databases") / "shop.sqlite", SHOP_SQL)
    return read_sqlite("shop", path, (ForeignKey("notes", "order_id", "orders", "order_id"),))


@pytest.fixture(scope="session")
def databases(shop: Database) -> dict[str, Database]:
    return {"shop": shop}


@pytest.fixture(scope="session")
def known() -> list[Example]:
    """Questions about the shop with a given thought, which the fitted model answers right."""
    return [
        Example("shop", question, (sql,), source=f"train.json#{i}", reasoning=thought, reasoning_source="given")
        for i, (question, sql, thought) in enumerate(KNOWN, start=1)
    ]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Small limits: one second, 100 rows."""
    with Engine(workers=1, timeout_s=1.0, max_rows=100, memory_mb=64) as engine:
        yield engine


@pytest.fixture(scope="session")
def tokenizer(shop: Database, known: list[Example]) -> PreTrainedTokenizerBase:
    """A byte-level tokenizer of some 400 tokens, trained on the shop's texts."""
    from pipeline.training.tokenizer import train_tokenizer

    corpus = [render_schema(shop.schema), *(e.question for e in known), *(e.gold_sql[0] for e in known)]
    return train_tokenizer(corpus * 3, vocab_size=400)


@pytest.fixture(scope="session")
def build(tokenizer: PreTrainedTokenizerBase) -> ModelBuilder:
    """Builds a random model of hidden size 16 (or another) for the tokenizer."""
    from pipeline.training.model import build_model

    def make(seed: int = 1, hidden: int = 16, layers: int = 1) -> PreTrainedModel:
        sizes = Architecture(
            vocab_size=400, hidden_size=hidden, layers=layers, heads=2, kv_heads=1, intermediate_size=2 * hidden
        )
        return build_model(sizes, tokenizer, 512, seed)

    return make


@pytest.fixture(scope="session")
def fitted_folder(
    tmp_path_factory: pytest.TempPathFactory,
    build: ModelBuilder,
    tokenizer: PreTrainedTokenizerBase,
    shop: Database,
    known: list[Example],
) -> Path:
    """A saved model that has learned the known questions by heart, in both modes (a loop of its own, not ours)."""
    import torch

    from pipeline.training.model import save

    model = build(hidden=32, layers=2)
    texts = [
        (
            render_prompt(tokenizer, example, shop, mode),
            render_completion(example.reasoning if mode == "think" else None, example.gold_sql[0]),
        )
        for example in known
        for mode in MODES
    ]
    prompts = [tokenizer(prompt)["input_ids"] for prompt, _ in texts]
    answers = [tokenizer(answer + str(tokenizer.eos_token))["input_ids"] for _, answer in texts]
    width = max(len(p) + len(a) for p, a in zip(prompts, answers, strict=True))
    ids, labels = torch.zeros((len(texts), width), dtype=torch.long), torch.full((len(texts), width), -100)
    for row, (prompt, written) in enumerate(zip(prompts, answers, strict=True)):
        ids[row, : len(prompt) + len(written)] = torch.tensor(prompt + written)
        labels[row, len(prompt) : len(prompt) + len(written)] = torch.tensor(written)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(300):
        loss = model(input_ids=ids, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.item() < 0.01:
            break
    assert loss.item() < 0.01, "the fixture's model has not learned its four answers"
    folder = tmp_path_factory.mktemp("fitted")
    save(model, tokenizer, folder)
    return folder


@pytest.fixture(scope="session")
def fitted(fitted_folder: Path) -> PreTrainedModel:
    """The model that knows the known questions; a test that changes weights must load its own from `fitted_folder`."""
    from pipeline.training.model import load_model

    return load_model(str(fitted_folder))
