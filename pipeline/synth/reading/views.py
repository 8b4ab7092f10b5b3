"""The view of a real database, or of a schema without rows: what questions about it can be made of.

`read_view` reads a SQLite or MySQL database, a bounded sample of it, and never writes; `view_of_schema` takes a schema
alone (of a .sql file: pipeline.synth.ddl), whose columns then have no values. Left out are views, empty tables, names
that need quoting, composite keys, and columns whose kind is in doubt (see pipeline.synth.reading.kinds).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from pipeline.data.example import Column, Database, Schema
from pipeline.synth.reading.kinds import Profile, column_kind, profile, values_of
from pipeline.synth.reading.links import Known, find_links
from pipeline.synth.reading.nouns import column_nouns, one_and_many, words
from pipeline.synth.reading.readers import Index, Reader, TableFacts, open_reader
from pipeline.synth.reading.reserved import needs_quotes
from pipeline.synth.reading.sampling import read_facts
from pipeline.synth.view import Kind, View, ViewColumn, ViewLink, ViewTable

Names = Mapping[tuple[str, str], str]  # what is said of (table, column), and of (table, ""), all in lower case

_MOST_TOLD_WORDS = 4  # of a description that serves as a noun


def read_view(database: Database, names: Names | None = None) -> View:
    """The view of a database; `names` are spoken names, as Spider's tables.json has them.

    Time and memory are bounded whatever the size of its tables: see pipeline.synth.reading.sampling.

    Raises:
        InputError: a password is wrong, or an account may do more than read.
        InfrastructureError: the file is missing, or the server does not answer.
    """
    with open_reader(database) as reader:
        facts = read_facts(reader, database)
        return _view(database.db_id, database.dialect, database.schema, names or {}, facts, reader)


def view_of_schema(
    db_id: str,
    schema: Schema,
    dialect: str = "sqlite",
    names: Names | None = None,
    indexes: Mapping[str, Sequence[Index]] | None = None,
) -> View:
    """The view of a schema without rows: kinds by types and names alone, no values."""
    facts = {table: TableFacts(indexes=tuple((indexes or {}).get(table, ()))) for table in schema.tables}
    for table, columns in schema.tables.items():
        primary = tuple(column.name for column in columns if column.primary_key)
        facts[table].indexes += (Index(primary, unique=True),) if primary else ()
    return _view(db_id, dialect, schema, names or {}, facts, None)


def _view(
    db_id: str,
    dialect: str,
    schema: Schema,
    names: Names,
    facts: Mapping[str, TableFacts],
    reader: Reader | None,
) -> View:
    columns: dict[str, list[Column]] = {}
    profiles: dict[str, dict[str, Profile]] = {}
    for table, listed in schema.tables.items():
        if table in facts and not needs_quotes(table, dialect):
            columns[table] = [c for c in listed if not needs_quotes(c.name, dialect)]
            sample = facts[table].sample if reader else None
            profiles[table] = {
                c.name: profile(c.type, None if sample is None else sample.get(c.name, ())) for c in columns[table]
            }
    referred = {(key.ref_table.lower(), key.ref_column.lower()) for key in schema.foreign_keys}
    known = [_known(table, columns[table], facts[table], profiles[table], referred, bool(reader)) for table in columns]
    single = [
        k for k in schema.foreign_keys if k.table not in facts or k.column.lower() not in facts[k.table].composite_keys
    ]
    links = find_links(known, single, reader)
    tables = {}
    for own in known:
        told = _columns(own, columns[own.name], facts[own.name], profiles[own.name], links, names)
        if told:
            one, many = one_and_many(names.get((own.name.lower(), ""), own.name))
            tables[own.name] = ViewTable(own.name, one, many, told, facts[own.name].rows)
    kept = {(table.name, column.name) for table in tables.values() for column in table.columns}
    links = tuple(k for k in links if {(k.child, k.column), (k.parent, k.parent_column)} <= kept)
    return View(db_id, tables, links, dialect)


def _known(
    table: str,
    columns: Sequence[Column],
    facts: TableFacts,
    profiles: Mapping[str, Profile],
    referred: Collection[tuple[str, str]],
    has_rows: bool,
) -> Known:
    """The table with its key: the primary key of one column, else a column that is different in every row and looks
    like an identifier."""
    usable = [c.name for c in columns if profiles[c.name].shape != "unusable"]
    unique = facts.unique & set(usable)
    primary = [c.name for c in columns if c.primary_key]
    key = primary[0] if len(primary) == 1 and primary[0] in unique else ""
    composite = any(index.unique and len(index.columns) > 1 for index in facts.indexes) and len(primary) > 1
    if facts.whole and facts.rows > 1:
        unique |= {c for c in usable if len(profiles[c].counts) == facts.rows}
    if not key and not composite and len(primary) != 1:
        candidates = [c for c in usable if c in unique]
        identifiers = [c for c in candidates if (table.lower(), c.lower()) in referred]
        identifiers += [c for c in candidates if words(c)[-1] in ("id", "code", "key", "number")]
        key = next(iter(identifiers), "")
    # As text: SQLite compares a column of numbers with one of text by their digits.
    values = {c: frozenset(map(str, profiles[c].counts)) for c in usable} if has_rows else None
    return Known(table, key, frozenset(unique), tuple(usable), values, facts.whole)


def _columns(
    table: Known,
    columns: Sequence[Column],
    facts: TableFacts,
    profiles: Mapping[str, Profile],
    links: Sequence[ViewLink],
    names: Names,
) -> tuple[ViewColumn, ...]:
    linked = {link.column for link in links if link.child == table.name}
    told = [(c.name, names.get((table.name.lower(), c.name.lower()), "") or _noun(c.description)) for c in columns]
    found = []
    for column, says in zip(columns, column_nouns(table.name, told), strict=True):
        name, seen = column.name, profiles[column.name]
        kind: Kind | None = column_kind(seen, words(says))
        if name in linked:
            kind = "link"
        if name == table.key:
            kind = "key"
        if kind:
            values = values_of(kind, seen)
            found.append(ViewColumn(name, says, kind, column.type, values, seen.nulls, name in facts.indexed))
    return tuple(_named(found, one_and_many(table.name)[0], profiles))


def _named(columns: list[ViewColumn], one: str, profiles: Mapping[str, Profile]) -> list[ViewColumn]:
    """Settle by which column people know a row: of a person the last name rather than the first; without any name, the
    column that is called as the table (`city` of cities)."""
    says = {c.says for c in columns if c.kind == "name"}
    if any(said.endswith("last name") for said in says):
        columns = [
            replace(c, kind="text") if c.kind == "name" and re.search(r"\b(first|middle) name$", c.says) else c
            for c in columns
        ]
    if not any(c.kind == "name" for c in columns):
        for place, column in enumerate(columns):
            seen = profiles[column.name]
            differs = seen.distinct_share > 0.7 or not seen.filled
            if column.kind in ("text", "category") and column.says == one and differs:
                columns[place] = replace(column, kind="name", values=values_of("name", seen))
    return columns


def _noun(description: str) -> str:
    """A description that is short enough to serve as the column's noun, else nothing."""
    plain = re.fullmatch(r"(?:the |an? )?([A-Za-z][A-Za-z ]*)", description.strip(), re.IGNORECASE)
    return plain[1].lower() if plain and len(plain[1].split()) <= _MOST_TOLD_WORDS else ""
