"""A bounded sample of a database's rows.

A table above `SAMPLE` rows is read in `_PARTS` stretches along its row number or its integer key, so that time and
memory do not grow with it; only its rows are counted, which databases do fast. Nothing raises for a table that cannot
be read: it, or a column of it, is missing in the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.data.example import Database
from pipeline.synth.reading.readers import Reader, TableFacts

SAMPLE = 4000  # rows of a table
_PARTS = 40
_UNREAD = ("blob", "binary", "bit", "geometry", "point", "polygon", "linestring", "json", "vector")  # types


def read_facts(reader: Reader, database: Database) -> dict[str, TableFacts]:
    """The facts of each base table that has rows, by the name that the schema gives it."""
    found = {}
    base = {name.lower(): facts for name, facts in reader.tables().items()}
    for table, columns in database.schema.tables.items():
        facts = base.get(table.lower())
        if facts is None:
            continue
        counted = reader.rows(f"SELECT count(*) FROM {reader.quoted(table)}")
        facts.rows = int(counted[0][0]) if counted else facts.rows
        types = {c.name: c.type for c in columns if not any(word in c.type for word in _UNREAD)}
        if facts.rows and types:
            _sample(reader, table, facts, types)
            found[table] = facts
    return found


def _sample(reader: Reader, table: str, facts: TableFacts, types: dict[str, str]) -> None:
    columns = list(types)
    rows: list[tuple[Any, ...]] | None = None
    if facts.rows > SAMPLE and (place := reader.place(table, facts, types)):
        rows = _stretches(reader, table, columns, place)
    if rows is None or len(rows) < min(facts.rows, SAMPLE) // 4:  # the numbers have large gaps
        rows = reader.rows(_selection(reader, table, columns, f"LIMIT {SAMPLE}"))
    if rows is not None:
        facts.sample = {name: [row[place] for row in rows] for place, name in enumerate(columns)}
    else:
        for name in columns:
            alone = reader.rows(_selection(reader, table, [name], f"LIMIT {SAMPLE}"))
            if alone is not None:
                facts.sample[name] = [value for (value,) in alone]
    facts.whole = all(len(values) == facts.rows for values in facts.sample.values())


def _stretches(reader: Reader, table: str, columns: Sequence[str], place: str) -> list[tuple[Any, ...]] | None:
    source = reader.quoted(table)
    limits = reader.rows(f"SELECT (SELECT min({place}) FROM {source}), (SELECT max({place}) FROM {source})")
    if not limits or not all(isinstance(limit, int) for limit in limits[0]):
        return None
    low, high = limits[0]
    step = max((high - low + 1) // _PARTS, 1)
    starts = [low + number * step for number in range(_PARTS)]
    return reader.rows(
        " UNION ALL ".join(
            "SELECT * FROM ("
            + _selection(
                reader,
                table,
                columns,
                f"WHERE {place} >= {start} AND {place} < {start + step} ORDER BY {place} LIMIT {SAMPLE // _PARTS}",
            )
            + f") AS part{number}"
            for number, start in enumerate(starts)
        )
    )


def _selection(reader: Reader, table: str, columns: Sequence[str], rest: str) -> str:
    listed = ", ".join(reader.quoted(name) for name in columns)
    return f"SELECT {listed} FROM {reader.quoted(table)} {rest}"
