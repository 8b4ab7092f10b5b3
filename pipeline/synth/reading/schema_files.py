"""The view of a schema alone: of a .sql file with CREATE TABLE statements, or of an entry of Spider's tables.json.

Without rows there are no values: questions can be drawn that need none, but nothing can be executed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipeline.data.decoding import read_list, read_text
from pipeline.data.example import Column, ForeignKey, Schema
from pipeline.data.tables_json import declared
from pipeline.errors import InputError
from pipeline.synth.reading.readers import Index
from pipeline.synth.reading.views import view_of_schema
from pipeline.synth.view import View


def read_schema_file(path: Path, db_id: str = "", dialect: str = "sqlite") -> View:
    """The view of a .sql file, or, of a .json file in the form of Spider's tables.json, of its entry `db_id`.

    Raises:
        InputError: the file cannot be read, does not parse, or holds no table.
    """
    view = _of_entry(path, db_id) if path.suffix.lower() == ".json" else _of_script(path, db_id or path.stem, dialect)
    if not view.tables:
        raise InputError(f"{path}: no table of which questions can be asked; give a file with CREATE TABLE statements")
    return view


def _of_entry(path: Path, db_id: str) -> View:
    entries = read_list(path)[0]
    said = declared(path, entries)
    if db_id not in said:
        raise InputError(f"{path}: no database {db_id!r}; there are: {', '.join(sorted(said)[:20])}")
    entry = next(e for e in entries if e["db_id"] == db_id)
    names = entry["table_names_original"]
    primary = {
        number for key in entry.get("primary_keys") or () for number in (key if isinstance(key, list) else [key])
    }
    types = {"text": "text", "number": "real", "time": "date", "boolean": "boolean"}
    tables: dict[str, list[Column]] = {name: [] for name in names}
    declared_types = entry.get("column_types") or ()
    for number, (table, column) in enumerate(entry["column_names_original"]):
        if table >= 0:
            kind = types.get(declared_types[number] if number < len(declared_types) else "", "")
            tables[names[table]].append(Column(column, kind, number in primary))
    schema = Schema({name: tuple(columns) for name, columns in tables.items()}, said[db_id].foreign_keys)
    return view_of_schema(db_id, schema, names=said[db_id].names)


def _of_script(path: Path, db_id: str, dialect: str) -> View:
    try:
        statements = sqlglot.parse(read_text(path)[0], dialect=dialect, error_level=sqlglot.ErrorLevel.IGNORE)
    except (SqlglotError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not SQL that can be read ({reason}); give CREATE TABLE statements") from None
    tables: dict[str, tuple[Column, ...]] = {}
    keys: list[ForeignKey] = []
    indexes: dict[str, list[Index]] = defaultdict(list)
    for statement in statements:
        if not isinstance(statement, exp.Create) or statement.find(exp.TemporaryProperty):
            continue
        if statement.kind == "TABLE" and isinstance(statement.this, exp.Schema):
            name = statement.this.this.name
            tables[name] = tuple(_columns(statement.this, dialect))
            keys += _foreign_keys(name, statement.this)
            indexes[name] += _indexes(statement.this)
        elif statement.kind == "INDEX" and (table := statement.this.args.get("table")):
            listed = statement.this.find_all(exp.Column)
            indexes[table.name].append(Index(tuple(c.name for c in listed), bool(statement.args.get("unique"))))
    primary = {name: [c.name for c in columns if c.primary_key] for name, columns in tables.items()}
    keys = [  # a reference that names no column means the primary key
        k if k.ref_column else ForeignKey(k.table, k.column, k.ref_table, primary[k.ref_table][0])
        for k in keys
        if k.ref_column or len(primary.get(k.ref_table, ())) == 1
    ]
    found = {name: [index for index in listed if index.columns] for name, listed in indexes.items()}
    return view_of_schema(db_id, Schema(tables, tuple(keys)), dialect, indexes=found)


def _columns(table: exp.Schema, dialect: str) -> list[Column]:
    primary = {name.lower() for key in table.find_all(exp.PrimaryKey) for name in _names(key.expressions)}
    found = []
    for definition in table.expressions:
        if isinstance(definition, exp.ColumnDef):
            kind = definition.args.get("kind")
            is_key = definition.find(exp.PrimaryKeyColumnConstraint) is not None or definition.name.lower() in primary
            comment = definition.find(exp.CommentColumnConstraint)
            said = comment.this.name if comment else ""
            declared = re.sub(r"^\w+", lambda m: m[0].lower(), kind.sql(dialect) if kind else "")
            declared = declared if declared.startswith("enum") else declared.lower()
            found.append(Column(definition.name, declared, is_key, said))
    return found


def _foreign_keys(name: str, table: exp.Schema) -> list[ForeignKey]:
    found = []
    for definition in table.expressions:
        for reference in definition.find_all(exp.Reference):
            own = [definition.name] if isinstance(definition, exp.ColumnDef) else []
            key = reference.parent
            if isinstance(key, exp.ForeignKey):
                own = _names(key.expressions)
            target = reference.this
            theirs = _names(target.expressions) if isinstance(target, exp.Schema) else [""]
            parent = target.this.name if isinstance(target, exp.Schema) else target.name
            if len(own) == 1 == len(theirs):
                found.append(ForeignKey(name, own[0], parent, theirs[0]))
    return found


def _indexes(table: exp.Schema) -> list[Index]:
    found = []
    for definition in table.expressions:
        if isinstance(definition, exp.ColumnDef):
            if definition.find(exp.UniqueColumnConstraint):
                found.append(Index((definition.name,), True))
            continue
        for unique in definition.find_all(exp.UniqueColumnConstraint):
            listed = unique.this.expressions if isinstance(unique.this, exp.Schema) else []
            found.append(Index(tuple(_names(listed)), True))
        for index in definition.find_all(exp.IndexColumnConstraint):
            found.append(Index(tuple(_names(index.expressions)), False))
    return found


def _names(nodes: list[exp.Expr]) -> list[str]:
    return [node.name or getattr(node.find(exp.Identifier), "name", "") for node in nodes]
