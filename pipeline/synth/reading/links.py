"""Foreign keys of a database as a view has them: declared ones, and those that names and values tell.

Left out: keys of several columns, keys that refer to what does not identify a row, and to tables that are not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.data.example import ForeignKey
from pipeline.synth.reading.nouns import one_and_many, spoken, words
from pipeline.synth.reading.readers import Reader
from pipeline.synth.view import ViewLink

_OWN_NAMES = {"id", "name", "code", "key", "number", "no", "title", "uid", "pk"}
_PEOPLE = {
    *("customer", "user", "client", "member", "person", "student", "author", "buyer"),
    *("guest", "passenger", "reviewer", "patient", "reader", "visitor", "player", "teacher", "doctor", "subscriber"),
}
_DONE_BY = {
    "order": ("placed by", "who placed"), "purchase": ("made by", "who made"), "payment": ("made by", "who made"),
    "rental": ("made by", "who made"), "booking": ("made by", "who made"), "reservation": ("made by", "who made"),
    "review": ("written by", "who wrote"), "comment": ("written by", "who wrote"), "post": ("written by", "who wrote"),
    "message": ("sent by", "who sent"), "tweet": ("written by", "who wrote"), "vote": ("cast by", "who cast"),
    "complaint": ("made by", "who made"), "claim": ("made by", "who made"), "transaction": ("made by", "who made"),
    "appointment": ("of", "with"),
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What links need to know of a table: its key, columns that are different in every row, columns and their values.

    `values` are None where there are no rows; `whole` says that they are all of the table's.
    """

    name: str
    key: str
    unique: frozenset[str]
    columns: tuple[str, ...]
    values: Mapping[str, frozenset[str]] | None = None
    whole: bool = False


def find_links(tables: Sequence[Known], declared: Sequence[ForeignKey], reader: Reader | None) -> tuple[ViewLink, ...]:
    """The links between the tables, each column in one at most, in the order of the tables; none runs both ways."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    by_name = {table.name.lower(): table for table in tables}

    def add(child: Known, column: str, parent: Known, parent_column: str) -> None:
        backwards = found.get((parent.name, parent_column)) == (child.name, column)
        if (child.name, column) not in found and not backwards and (child, column) != (parent, parent_column):
            found[child.name, column] = parent.name, parent_column

    for key in declared:
        child, parent = by_name.get(key.table.lower()), by_name.get(key.ref_table.lower())
        if child and parent:
            column, target = _spelled(child, key.column), _spelled(parent, key.ref_column)
            if (
                column
                and (target == parent.key or target in parent.unique)
                and _may_match(child, column, parent, target)
            ):
                add(child, column, parent, target)
    for child in tables:
        for column in child.columns:
            for parent in tables:
                if parent.key and _is_named_after(child, column, parent) and _is_within(child, column, parent, reader):
                    add(child, column, parent, parent.key)
    order = [(table.name, column) for table in tables for column in table.columns]
    targets = [found[place] for place in order if place in found]
    return tuple(
        _told(*place, *found[place], alone=sum(found.get(p) == found[place] for p in order if p[0] == place[0]) == 1)
        for place in order
        if place in found and targets
    )


def _spelled(table: Known, column: str) -> str:
    return next((c for c in table.columns if c.lower() == column.lower()), "")


def _may_match(child: Known, column: str, parent: Known, target: str) -> bool:
    """False where a declared key leads nowhere: all tables are known whole, and no value is in both."""
    if child.values is None or parent.values is None or not (child.whole and parent.whole):
        return True
    return bool(child.values[column] & parent.values[target])


def _is_named_after(child: Known, column: str, parent: Known) -> bool:
    """Whether the column has the name of the parent's key, or of the parent and its key (customer_id, customers.id)."""
    if child is parent or column == child.key == parent.key:
        return False
    name, key = column.lower(), parent.key.lower()
    if name == key:
        return key not in _OWN_NAMES
    if key not in _OWN_NAMES:
        return False
    return words(column) == [*words(one_and_many(parent.name)[0]), *words(parent.key)]


def _is_within(child: Known, column: str, parent: Known, reader: Reader | None) -> bool:
    """Whether every value of the column is one of the parent's key. Without rows the names alone decide."""
    if child.values is None or parent.values is None:
        return True
    own = child.values[column]
    if not own:
        return False
    if parent.whole:
        return own <= parent.values[parent.key]
    if reader is None:
        return False
    own_name, key = reader.quoted(column), reader.quoted(parent.key)
    orphans = reader.rows(
        f"SELECT 1 FROM (SELECT DISTINCT {own_name} AS value FROM {reader.quoted(child.name)} "
        f"WHERE {own_name} IS NOT NULL LIMIT 1000) AS child WHERE NOT EXISTS "
        f"(SELECT 1 FROM {reader.quoted(parent.name)} AS parent WHERE parent.{key} = child.value) LIMIT 1"
    )
    return orphans == []


def _told(child: str, column: str, parent: str, parent_column: str, alone: bool) -> ViewLink:
    """The link in English: by what people do, or, where the column says more than the parent's name, by its role."""
    one, (parent_one, _) = one_and_many(child)[0], one_and_many(parent)
    of, has = "of", "with"
    role = words(column)
    role = role[:-1] if role[-1] in ("id", "code", "number", "key", "name") and len(role) > 1 else role
    head = one.split()[-1].lower()
    if spoken(role) != parent_one and (not alone or child == parent):
        of, has = f"that have as {spoken(role)}", f"that are the {spoken(role)} of"
    elif head in _DONE_BY and parent_one.lower() in _PEOPLE:
        of, has = _DONE_BY[head]
    return ViewLink(child, column, parent, parent_column, of, has)
