"""Database URLs: `sqlite:////absolute/path` and `mysql://user@host:3306/database`.

A URL is logged, stored and shown, so it never holds a password: that comes from an environment variable.
"""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pipeline.errors import InputError

MYSQL_PASSWORD_VARIABLE = "QUERYSMITH_MYSQL_PASSWORD"

_SQLITE_PREFIX = "sqlite:///"
_MYSQL_PORT = 3306


class MysqlAddress(NamedTuple):
    user: str
    host: str
    port: int
    database: str


def dialect_of(url: str) -> str:
    """ "sqlite" or "mysql"; raises InputError for any other URL."""
    dialect = url.partition(":")[0]
    if dialect not in ("sqlite", "mysql"):
        raise InputError(
            f"database URL {_shown(url)}: write sqlite:////data/a.sqlite or mysql://user@host:3306/database"
        )
    return dialect


def sqlite_path(url: str) -> str:
    """The absolute path in `sqlite:////abs/path`; raises InputError for any other URL."""
    path = url.removeprefix(_SQLITE_PREFIX)
    if path == url or not os.path.isabs(path):
        raise InputError(
            f"database URL {_shown(url)}: write sqlite:/// and an absolute path, such as sqlite:////data/a.sqlite"
        )
    return path


def mysql_address(url: str) -> MysqlAddress:
    """The parts of `mysql://user@host[:port]/database`, percent-decoded; raises InputError for any other URL."""
    parts = urlsplit(url)
    if parts.password is not None:
        raise InputError(
            f"database URL {_shown(url)}: it holds a password; take it out and set {MYSQL_PASSWORD_VARIABLE} instead"
        )
    try:
        port = parts.port or _MYSQL_PORT
    except ValueError:
        port = 0
    database = unquote(parts.path.removeprefix("/"))
    if parts.scheme != "mysql" or not (parts.username and parts.hostname and port and database):
        raise InputError(f"database URL {_shown(url)}: write mysql://user@host:3306/database")
    return MysqlAddress(unquote(parts.username), parts.hostname, port, database)


def _shown(url: str) -> str:
    """The URL without a password that somebody may have put into it."""
    start, at, rest = url.rpartition("@")
    scheme, separator, login = start.partition("://")
    return repr(f"{scheme}{separator}{login.partition(':')[0]}@{rest}" if at else url)
