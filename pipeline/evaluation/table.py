"""The per-question table as a Parquet file: one row an outcome, the same columns and types whatever was measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError
from pipeline.evaluation.outcome import Outcome

_TYPES = {"str": pa.string(), "bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}
_FIELDS = dataclasses.fields(Outcome)


def _schema() -> pa.Schema:
    # From the annotations, which are texts: a column of None alone has no type of its own to be told by.
    kinds = [(field.name, str(field.type).partition(" | ")) for field in _FIELDS]
    return pa.schema([pa.field(name, _TYPES[kind], nullable=bool(rest)) for name, (kind, _, rest) in kinds])


SCHEMA = _schema()


def write_outcomes(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write all outcomes to `path`, its folder included. Half characters, which Parquet cannot hold, become \\udxxx."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{name: _encodable(value) for name, value in outcome.row().items()} for outcome in outcomes]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path, compression="zstd")


def read_outcomes(path: Path) -> list[Outcome]:
    """The outcomes of a file, in its order. Columns with a default may be missing, foreign ones are left out.

    Raises:
        InputError: there is no such file, or it is not a table of outcomes.
    """
    try:
        # Not pq.read_table: it would take a folder for a dataset, and name=value in its path for a column.
        with pq.ParquetFile(path) as file:
            table = file.read()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; evaluate first, or name the folder of an evaluation") from None
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: not a readable Parquet file ({error}); evaluate again") from None
    for field, column in zip(_FIELDS, SCHEMA, strict=True):
        if column.name not in table.column_names:
            if field.default is dataclasses.MISSING:
                raise InputError(f"{path}: not a table of outcomes, it has no column {column.name!r}; evaluate again")
        elif table.column_names.count(column.name) > 1 or not _fits(table[column.name], column):
            raise InputError(f"{path}: not a table of outcomes, its column {column.name!r} is not {column.type}")
    return [Outcome(**row) for row in table.select([n for n in SCHEMA.names if n in table.column_names]).to_pylist()]


def _fits(values: Any, column: Any) -> bool:
    return bool(values.type == column.type and (column.nullable or not values.null_count))


def _encodable(value: Any) -> Any:
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value
