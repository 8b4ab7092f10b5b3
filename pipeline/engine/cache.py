"""Results on disk, by the content of the database and the text of the query.

Meant for gold queries, which are asked again in every epoch, evaluation and gate, and for scoring the same predictions
again. Failures are stored as the failures they are: a gold that timed out never comes back as an empty result. Queries
whose answer depends on chance, the time or the session are never stored, and neither are crashes of a worker.
Not covered: throwing old entries away. The file may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import apsw
import msgspec

from pipeline.engine.protocol import decode_result, encode_result, portable
from pipeline.engine.result import ErrorKind, ExecutionResult, Limits, Query
from pipeline.engine.urls import dialect_of
from pipeline.errors import InfrastructureError
from pipeline.sql.parsing import bare_words

_VERSION = 1  # of the table and of the encoding; a file of another version is started anew
_APPLICATION = 0x51534D43
_BUSY_MS = 30_000
_PARAMETERS = 500

# What depends on more than the data. Most of these names are also good names for columns: only a call counts for those.
_CHANGING_CALLS = frozenset(
    b"changes connection_id curdate curtime database date datetime found_rows julianday last_insert_id"
    b" last_insert_rowid now rand random random_bytes randomblob row_count schema session_user sqlite_offset strftime"
    b" sysdate system_user time timediff total_changes unix_timestamp unixepoch user uuid uuid_short version".split()
)
_CHANGING_WORDS = frozenset(
    b"current_date current_role current_time current_timestamp current_user localtime localtimestamp"
    b" utc_date utc_time utc_timestamp".split()
)
_CALL = re.compile(rf"\b(?:{b'|'.join(sorted(_CHANGING_CALLS)).decode()})\b[`\"]?\s*(?:\(|/\*|--|#)", re.IGNORECASE)


class ResultCache:
    """Results under one set of limits, of databases whose content is known by its digest.

    `digests` gives that digest for each URL (see pipeline.data.example.Database); queries to other URLs are never kept.
    The file is shared safely between processes. All methods raise InfrastructureError where it cannot be used.
    """

    def __init__(self, path: Path, limits: Limits, digests: Mapping[str, str]) -> None:
        self._path = path
        encoded = msgspec.json.encode(limits)
        self._contexts = {url: _digest(encoded + digest.encode()) for url, digest in digests.items()}
        with self._faults():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _open(path)

    def close(self) -> None:
        self._connection.close()

    def read(self, queries: Iterable[Query]) -> dict[Query, ExecutionResult]:
        """What is known of these queries."""
        keys = {key: query for query in queries if (key := self._key(query))}
        wanted = list(keys)
        found: dict[Query, ExecutionResult] = {}
        with self._faults():
            for start in range(0, len(wanted), _PARAMETERS):
                some = wanted[start : start + _PARAMETERS]
                sql = f"SELECT key, result FROM results WHERE key IN ({','.join('?' * len(some))})"
                for key, result in self._connection.execute(sql, some):
                    found[keys[key]] = decode_result(result)
        return found

    def write(self, results: Iterable[tuple[Query, ExecutionResult]]) -> None:
        """Keep what may be kept of these results, all or nothing."""
        rows = [
            (key, encode_result(portable(result) if dialect_of(query.url) == "mysql" else result))
            for query, result in results
            if (key := self._key(query)) and not _is_crash(result) and not _may_change(query.sql)
        ]
        if rows:
            with self._faults(), self._connection:
                self._connection.executemany("INSERT OR REPLACE INTO results VALUES (?, ?)", rows)

    def _key(self, query: Query) -> bytes | None:
        context = self._contexts.get(query.url)
        return context and context + _digest(query.sql.encode("utf-8", "surrogatepass"))

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (OSError, apsw.Error) as error:
            raise InfrastructureError(
                f"result cache {self._path}: {type(error).__name__}: {error}: make room for it, or delete it (it holds "
                "nothing that cannot be computed again)"
            ) from error


def _may_change(sql: str) -> bool:
    """True if the same query on the same data may have another result next time. Strings that look so count as well."""
    if "@" in sql:
        return True  # a variable of the session or the server
    words = bare_words(sql)
    if not _CHANGING_WORDS.isdisjoint(words):
        return True
    return not _CHANGING_CALLS.isdisjoint(words) and _CALL.search(sql) is not None


def _open(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_BUSY_MS)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "normal")
    with connection:
        if connection.pragma("application_id") != _APPLICATION or connection.pragma("user_version") != _VERSION:
            connection.execute("DROP TABLE IF EXISTS results")
            connection.execute("CREATE TABLE results (key BLOB PRIMARY KEY, result BLOB NOT NULL) WITHOUT ROWID")
            connection.pragma("application_id", _APPLICATION)
            connection.pragma("user_version", _VERSION)
    return connection


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _is_crash(result: ExecutionResult) -> bool:
    return result.error is not None and result.error.kind == ErrorKind.CRASHED
