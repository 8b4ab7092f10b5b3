"""Loader of SynSQL-2.5M: data.json or parquet files, databases/<db>/<db>.sqlite, tables.json.

All of it is training data. The 2.5 million rows are read one after the other; with a `limit` no more than that many are
ever held. Not covered: `question_style` and `sql_result_column_count`, which nothing here needs.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline.data.decoding import decode, stream_list
from pipeline.data.example import Example
from pipeline.data.loading import Keys, Loaded, add_databases, check_folder, examples, first_file
from pipeline.data.tables_json import Declared, declared
from pipeline.errors import InputError

_LAYOUT = "in SynSQL-2.5M's layout (data.json or *.parquet, databases/)"
_KEYS = Keys(sql="sql", evidence="external_knowledge", difficulty="sql_complexity", reasoning="cot")
_COLUMNS = ("db_id", "question", "external_knowledge", "cot", "sql", "sql_complexity")
_BATCH_ROWS = 1024


def load_synsql(root: Path, limit: int = 0) -> Loaded:
    """Read SynSQL's questions as `Loaded.train`; with `limit` at most so many, drawn by hash from all of them.

    Raises:
        InputError: the folder, its question file or a database that a question needs is missing or unreadable.
    """
    check_folder(root, _LAYOUT)
    loaded = Loaded()
    found = examples(_rows(loaded, root), _KEYS, loaded.rejected)
    loaded.train = _drawn(found, limit) if limit else list(found)
    said = _said(root / "tables.json", {example.db_id for example in loaded.train})

    def path_of(db_id: str) -> Path:
        return first_file([root / "databases" / db_id / f"{db_id}.sqlite"])

    add_databases(loaded, root, lambda db_id: said.get(db_id, Declared()).read(db_id, path_of(db_id)))
    return loaded


def _drawn(found: Iterator[Example], limit: int) -> list[Example]:
    """The examples with the smallest hashes, in their own order."""
    ranked = (
        (hashlib.sha256(f"{example.db_id} {example.question}".encode()).digest(), position, example)
        for position, example in enumerate(found)
    )
    return [example for _, _, example in sorted(heapq.nsmallest(limit, ranked), key=lambda drawn: drawn[1])]


def _rows(loaded: Loaded, root: Path) -> Iterator[tuple[str, Any]]:
    """Every row with its source `file#number`, of data.json if it is there, else of all parquet files."""
    path = root / "data.json"
    if path.is_file():
        for number, row in enumerate(stream_list(path, _counter(loaded, path.name)), start=1):
            yield f"{path.name}#{number}", row
        return
    files = sorted([*root.glob("*.parquet"), *root.glob("data/*.parquet")])
    if not files:
        raise InputError(f"data folder {root} has neither data.json nor *.parquet; give a folder {_LAYOUT}")
    for file in files:
        name = str(file.relative_to(root))
        for number, row in enumerate(_parquet_rows(file, _counter(loaded, name)), start=1):
            yield f"{name}#{number}", row


def _parquet_rows(path: Path, on_repairs: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in _COLUMNS if name in file.schema_arrow.names]
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
                cells = []
                for column in batch.columns:
                    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                        column = column.cast(pa.large_binary())  # pyarrow decodes strictly, so it is done here
                    cells.append([_text(value, on_repairs) for value in column.to_pylist()])
                yield from (dict(zip(batch.schema.names, row, strict=True)) for row in zip(*cells, strict=True))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: not a usable parquet file ({error}); download it again") from None


def _text(value: Any, on_repairs: Callable[[int], None]) -> Any:
    if not isinstance(value, bytes):
        return value
    text, repairs = decode(value)
    if repairs:
        on_repairs(repairs)
    return text


def _said(path: Path, db_ids: set[str]) -> dict[str, Declared]:
    """What tables.json, if there is one, says of the databases that are used; it describes 16,583."""
    if not path.is_file():
        return {}
    entries = stream_list(path, lambda _: None)
    return declared(path, (entry for entry in entries if not isinstance(entry, dict) or entry.get("db_id") in db_ids))


def _counter(loaded: Loaded, name: str) -> Callable[[int], None]:
    def count(repairs: int) -> None:
        loaded.repaired[name] += repairs

    return count
