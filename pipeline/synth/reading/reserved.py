"""Names that SQL takes only in quotes. Questions leave such tables and columns out."""

from __future__ import annotations

import re

from sqlglot import Dialect

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SQLITE = frozenset({  # that SQLite or sqlglot does not take for the name of a table or a column
    *("add", "all", "alter", "and", "any", "as", "asc", "autoincrement", "between", "case", "cast", "check"),
    *("collate", "commit", "constraint", "create", "cross", "cube", "current_date", "current_time"),
    *("current_timestamp", "current_user", "default", "deferrable", "delete", "desc", "describe", "distinct"),
    *("drop", "else", "escape", "except", "exists", "fetch", "for", "foreign", "from", "glob", "grant"),
    *("group", "having", "if", "ilike", "in", "index", "inner", "insert", "intersect", "into", "is", "isnull"),
    *("join", "lateral", "like", "limit", "lock", "not", "nothing", "notnull", "null", "offset", "on", "or"),
    *("order", "outer", "partitioned_by", "primary", "qualify", "raise", "references", "regexp", "returning"),
    *("revoke", "rlike", "rollback", "rollup", "rowid", "select", "set", "table", "tablesample", "then", "to"),
    *("transaction", "uncache", "union", "unique", "update", "using", "values", "when", "where", "window"),
    *("with", "xor"),
})  # fmt: skip


def needs_quotes(name: str, dialect: str) -> bool:
    """True for what is no plain word, and for a reserved word."""
    reserved = Dialect.get_or_raise(dialect).generator_class.RESERVED_KEYWORDS if dialect == "mysql" else _SQLITE
    return not _PLAIN.fullmatch(name) or name.lower() in reserved
