"""What a SQLite database holds, for making altered copies: its definitions, a sample of its rows, keys and links.

Links are foreign keys: those declared, those known from elsewhere, and columns that look like one (the name of another
table's key, and none but its values). Not covered: composite links that nothing declares.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from pipeline.data.example import Schema

Value = None | int | float | str | bytes
Row = tuple[Value, ...]
Columns = tuple[str, ...]

_POOL = 4000  # rows read from a table: enough to draw from
_POOL_BYTES = 32 * 2**20
_OWN_NAMES = frozenset({"id", "name", "code", "key", "number"})


@dataclass(frozen=True)
class Link:
    """`columns` hold values of the `parent`'s columns: in every row that is not NULL, or, if not `strict`, in most."""

    columns: Columns
    parent: str
    parent_columns: Columns
    strict: bool


@dataclass(frozen=True)
class Table:
    """A table's writable columns, sampled rows, and what must be unique; a column alone in a key is an identity."""

    name: str
    columns: Columns
    rows: tuple[Row, ...]
    keys: tuple[Columns, ...]
    links: tuple[Link, ...]

    def values(self, column: str) -> list[Value]:
        at = self.columns.index(column)
        return [row[at] for row in self.rows]


@dataclass(frozen=True)
class Content:
    """`before` and `after` are the statements to run before and after the rows are written."""

    encoding: str
    before: tuple[str, ...]
    tables: tuple[Table, ...]
    after: tuple[str, ...]


def read_content(path: Path, schema: Schema) -> Content:
    """A sample of the database at `path`; `schema` may know foreign keys that the file does not declare.

    Raises sqlite3.Error where the file cannot be read.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    connection.text_factory = _text
    try:
        listed = connection.execute("PRAGMA table_list").fetchall()
        names = [n for s, n, kind, *_ in listed if s == "main" and kind in ("table", "virtual") and n[:7] != "sqlite_"]
        shadows = {n for s, n, kind, *_ in listed if s == "main" and kind == "shadow"}
        defined = connection.execute(
            "SELECT type, sql, tbl_name FROM sqlite_master "
            "WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
        ).fetchall()
        defined = [(kind, sql) for kind, sql, table in defined if table not in shadows]
        tables = _linked(connection, [_table(connection, name) for name in sorted(names)], schema)
        [encoding] = connection.execute("PRAGMA encoding").fetchone()
    finally:
        connection.close()
    early = [sql for wanted in ("table", "index") for kind, sql in defined if kind == wanted]
    late = [sql for wanted in ("view", "trigger") for kind, sql in defined if kind == wanted]
    return Content(encoding, tuple(early), tuple(tables), tuple(late))


def quoted(name: str) -> str:
    """A name as an identifier in SQLite's SQL."""
    return '"' + name.replace('"', '""') + '"'


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")  # written back as the same bytes


def _table(connection: sqlite3.Connection, name: str) -> Table:
    info = connection.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
    columns = tuple(column for _, column, *_, hidden in info if not hidden)
    keys = [tuple(column for _, column, *_, pk, _ in sorted(info, key=lambda row: row[5]) if pk)]
    for _, index, unique, _, partial in connection.execute(f"PRAGMA index_list({quoted(name)})").fetchall():
        indexed = [column for *_, column in connection.execute(f"PRAGMA index_info({quoted(index)})")]
        if unique and not partial and None not in indexed:
            keys.append(tuple(indexed))
    rows = tuple(_sample(connection, name, columns))
    return Table(name, columns, rows, tuple(dict.fromkeys(key for key in keys if key and set(key) <= set(columns))), ())


def _sample(connection: sqlite3.Connection, table: str, columns: Columns) -> Iterator[Row]:
    """Rows in even steps over the whole table, as many as the pool takes."""
    [count] = connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()
    listed = ", ".join(map(quoted, columns))
    sql = f"SELECT {listed} FROM {quoted(table)}"
    if (step := -(-count // _POOL)) > 1:
        number = quoted("n" + "".join(columns))  # a name that no column has
        numbered = f"SELECT {listed}, row_number() OVER () AS {number} FROM {quoted(table)}"
        sql = f"SELECT {listed} FROM ({numbered}) WHERE {number} % {step} = 0"
    left = _POOL_BYTES
    for row in connection.execute(sql):
        left -= sum(len(value) for value in row if isinstance(value, str | bytes))
        if left < 0:
            return
        yield row


def _linked(connection: sqlite3.Connection, tables: list[Table], schema: Schema) -> list[Table]:
    """The tables with their links and with the identities that only the data and the links tell."""
    known = {table.name.lower(): table for table in tables}
    links: dict[str, list[Link]] = defaultdict(list)

    def add(
        table: Table, columns: Sequence[str], parent: str, parent_columns: Sequence[str], sure: bool = True
    ) -> None:
        other = known.get(parent.lower())
        if other is None:
            return  # dirty schemas refer to tables and columns that do not exist
        own, theirs = _spelled(table, columns), _spelled(other, parent_columns)
        taken = {column for link in links[table.name] for column in link.columns}
        if own and theirs and len(own) == len(theirs) and not taken & set(own) and (table, own) != (other, theirs):
            link = Link(own, other.name, theirs, strict=True)
            orphaned = f"SELECT EXISTS (SELECT 1 FROM {quoted(table.name)} AS child WHERE {is_orphan(link)})"
            strict = not connection.execute(orphaned).fetchone()[0]
            if sure or strict:
                links[table.name].append(replace(link, strict=strict))

    for table in tables:
        declared: dict[int, list[tuple[str, str | None, str]]] = defaultdict(list)
        for number, _, parent, column, to, *_ in connection.execute(f"PRAGMA foreign_key_list({quoted(table.name)})"):
            declared[number].append((column, to, parent))
        for _, group in sorted(declared.items()):
            parent = group[0][2]
            primary = known[parent.lower()].keys[:1] if parent.lower() in known else ()
            named = [to for _, to, _ in group if to]
            add(table, [column for column, _, _ in group], parent, named or (primary[0] if primary else ()))
    for key in schema.foreign_keys:
        if key.table.lower() in known:
            add(known[key.table.lower()], [key.column], key.ref_table, [key.ref_column])
    for table, parent in product(tables, tables):
        for column, parent_column in product(table.columns, (key[0] for key in parent.keys if len(key) == 1)):
            if _looks_linked(table, column, parent, parent_column):
                add(table, [column], parent.name, [parent_column], sure=False)
    referred = {(link.parent, column) for own in links.values() for link in own for column in link.parent_columns}
    found = []
    for table in tables:
        single = [(c,) for c in table.columns if (c,) not in table.keys and _is_identity(table, c, referred)]
        found.append(Table(table.name, table.columns, table.rows, (*table.keys, *single), tuple(links[table.name])))
    return found


def _spelled(table: Table, columns: Sequence[str]) -> Columns:
    """The columns as the table spells them; () if one does not exist."""
    spelled = {column.lower(): column for column in table.columns}
    own = tuple(spelled.get(column.lower(), "") for column in columns)
    return own if all(own) else ()


def _looks_linked(table: Table, column: str, parent: Table, parent_column: str) -> bool:
    """True for a column with the name of another table's key. `id` and the like are every table's own."""
    name = column.lower()
    if table is parent or name != parent_column.lower() or name in _OWN_NAMES or (column,) in table.keys:
        return False
    return any(value is not None for value in table.values(column))


def _is_identity(table: Table, column: str, referred: set[tuple[str, str]]) -> bool:
    """True for a column that is unique although nothing says so, and is referred to or called an identifier."""
    if (table.name, column) not in referred and not column.lower().endswith("id"):
        return False
    values = [value for value in table.values(column) if value is not None]
    return len(values) > 1 and len(set(values)) == len(table.rows)


def is_orphan(link: Link) -> str:
    """The condition on a row of the table `child` that its link leads nowhere."""
    given = [f"child.{quoted(column)} IS NOT NULL" for column in link.columns]
    equal = [
        f"parent.{quoted(theirs)} = child.{quoted(own)}"
        for own, theirs in zip(link.columns, link.parent_columns, strict=True)
    ]
    found = f"SELECT 1 FROM {quoted(link.parent)} AS parent WHERE {' AND '.join(equal)}"
    return f"{' AND '.join(given)} AND NOT EXISTS ({found})"
