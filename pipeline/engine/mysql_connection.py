"""Opens MySQL connections that can only read, and knows what has been done on each.

Three layers, each enough by itself against a write: the account may do nothing but read (checked on every connection),
the session's transactions are read-only, and the server takes one statement at a time. The server ends a query at
`timeout_s` by itself.
TLS is used where the server offers it, without a check of its certificate, as MySQL's own clients do by default.
"""

from __future__ import annotations

import re
import ssl
import struct
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

import pymysql
from pymysql.connections import Connection
from pymysql.protocol import FieldDescriptorPacket, MysqlPacket

from pipeline.engine.mysql_errors import NO_SUCH_THREAD, connection_error, number_of
from pipeline.engine.result import Limits
from pipeline.engine.urls import MysqlAddress
from pipeline.errors import InputError

# A server that needs this long for one step of opening a connection (which takes 10 ms), or for a statement of ours,
# does not answer.
_CONNECT_S = 5.0
_ANSWER_S = 2.0
_OPEN_CONNECTIONS = 8
_IDLE_S = 1.0  # after so long without use a connection is checked before a query is sent
_ROW_OVERHEAD_BYTES = 2**20  # numbers count as 8 bytes but are sent as their digits
_MIN_PARSER_BYTES = 10_000_000  # the least that the server takes

_WORK = ("first", "key", "last", "next", "prev", "rnd", "rnd_next")
_SORTS = ("merge_passes", "range", "rows", "scan")
_OPENED = "Opened_table_definitions"
_COUNTERS = "SHOW SESSION STATUS WHERE Variable_name IN ({})".format(
    ", ".join([f"'Handler_read_{n}'" for n in _WORK] + [f"'Sort_{n}'" for n in _SORTS] + [f"'{_OPENED}'"])
)

_READING_PRIVILEGES = frozenset({"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES"})
_QUOTED_NAME = re.compile(r"`(?:[^`]|``)*`")
_COLUMNS = re.compile(r"\s*\([^()]*\)")
_GRANT = re.compile(r"GRANT (.+?) ON (.+) TO \S+?( WITH GRANT OPTION)?")
# They change how text is read: "ANSI" brings the other two back.
_LEXICAL_MODES = frozenset({"ANSI", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"})

_NOT_MYSQL = (struct.error, IndexError, ValueError, AssertionError)  # what pymysql makes of another protocol


class RowTooLarge(Exception):
    """One row is above the byte cap; the rest of it has not been read."""


class Counters(NamedTuple):
    """The session's sums so far: rows read and sorted, and tables whose definition was not in the server's cache."""

    work: int
    opened: int


class MysqlConnection(Connection):
    """One connection and its state. All that relies on pymysql's inner parts is in this class.

    Values come as the bytes that the server sent: pymysql would decode text strictly and make objects of dates.
    """

    _packet_bytes = 0
    _packet_limit: float = float("inf")

    def __init__(self, address: MysqlAddress, password: str | None, database: str | None, patience_s: float) -> None:
        self.address = address
        self._query_patience_s = patience_s
        self._counters: Counters | None = None
        self._counted_at = 0.0
        self._counting = Counters(0, 0)  # what reading the counters adds to them
        super().__init__(
            user=address.user,
            password=(password or "").encode(),  # pymysql would encode it as Latin-1
            host=address.host,
            port=address.port,
            database=database,
            charset="utf8mb4",
            use_unicode=False,
            conv={},
            autocommit=True,
            local_infile=False,
            connect_timeout=patience_s,
            read_timeout=patience_s,
            write_timeout=patience_s,
        )

    def start(self, sql: str) -> Sequence[FieldDescriptorPacket]:
        """Send a statement and read the description of its columns; none for a statement without a result."""
        self._counters = None
        self._read_timeout = self._query_patience_s
        self.query(sql, unbuffered=True)
        return self._result.fields if self._result.unbuffered_active else ()

    def rows(self) -> Iterator[tuple[bytes | None, ...]]:
        """The rows of the statement that was started last; to be read to the end, or the connection dropped."""
        while (row := self._result._read_rowdata_packet_unbuffered()) is not None:
            yield row

    def fetch(self, sql: str) -> list[tuple[str, ...]]:
        """All rows of a statement of ours, as text."""
        self._read_timeout = _ANSWER_S
        self.query(sql)
        return [tuple((value or b"").decode() for value in row) for row in self._result.rows or ()]

    def limit_queries(self, max_row_bytes: int, patience_s: float) -> None:
        """From now on refuse longer rows, and wait no longer for the next bytes of a query's result."""
        self._packet_limit = max_row_bytes + _ROW_OVERHEAD_BYTES
        self._query_patience_s = patience_s

    def drop(self) -> None:
        """Close the connection at once. pymysql reads the rest of a result when it is collected, unless told not to."""
        if self._result is not None:
            self._result.unbuffered_active = False
        self._force_close()

    def counters_before(self) -> Counters:
        """The counters before a query: those after the last one, or read anew if anything has been done since."""
        return self._counters or self.counters_after()

    def counters_after(self) -> Counters:
        values = {name: int(value) for name, value in self.fetch(_COUNTERS)}
        opened = values.pop(_OPENED)
        self._counters = Counters(sum(values.values()), opened)
        self._counted_at = time.monotonic()
        return self._counters

    def is_alive(self) -> bool:
        """Asks the server after some time without use only, when a restart or a firewall may have ended it."""
        if time.monotonic() - self._counted_at > _IDLE_S:
            try:
                self.counters_after()
            except pymysql.MySQLError:
                return False
        return True

    def calibrate(self) -> None:
        """Measure what reading the counters costs; nothing with MySQL 8.4 and 9.7, which do not count SHOW STATUS."""
        before, after = self.counters_after(), self.counters_after()
        self._counting = Counters(after.work - before.work, after.opened - before.opened)

    def done_between(self, before: Counters, after: Counters) -> Counters:
        return Counters(after.work - before.work - self._counting.work, after.opened - before.opened)

    def _create_ssl_ctx(self, _: Any) -> ssl.SSLContext:
        return _tls()

    def _read_packet(self, packet_type: type[MysqlPacket] = MysqlPacket) -> MysqlPacket:
        self._packet_bytes = 0
        return super()._read_packet(packet_type)

    def _read_bytes(self, num_bytes: int) -> bytes:
        """Called for each part of a packet. A row comes in one packet, as long as the server likes."""
        self._packet_bytes += num_bytes
        if self._packet_bytes > self._packet_limit:
            raise RowTooLarge("one row is larger than the result may be")
        return super()._read_bytes(num_bytes)


class Connections:
    """The connections of one process, one per address, least recently used closed first. Not thread-safe.

    patience_s: the longest wait for the next bytes of a query's result.
    """

    def __init__(self, limits: Limits, password: str | None, patience_s: float) -> None:
        self._limits = limits
        self._password = password
        self._patience_s = patience_s
        self._open: OrderedDict[MysqlAddress, MysqlConnection] = OrderedDict()

    def get(self, address: MysqlAddress) -> MysqlConnection:
        """A living connection that can only read.

        Raises InputError where the account is wrong or may write, InfrastructureError where no server answers.
        """
        if address in self._open and not self._open[address].is_alive():
            self.drop(self._open[address])
        if address not in self._open:
            connection = _open_read_only(address, self._password, self._limits)
            connection.limit_queries(self._limits.max_bytes, self._patience_s)
            self._open[address] = connection
        self._open.move_to_end(address)
        while len(self._open) > _OPEN_CONNECTIONS:
            self._open.popitem(last=False)[1].close()
        return self._open[address]

    def drop(self, connection: MysqlConnection) -> None:
        """Close a connection that cannot be used again; whatever it was doing goes on until the server notices."""
        connection.drop()
        if self._open.get(connection.address) is connection:
            del self._open[connection.address]

    def kill(self, connection: MysqlConnection) -> None:
        """Close a connection in the middle of a result, and end its query on the server."""
        with suppress(pymysql.MySQLError, OSError, MemoryError, *_NOT_MYSQL):
            kill(connection, self._password, "CONNECTION")
        self.drop(connection)

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()


def kill(connection: MysqlConnection, password: str | None, what: str) -> None:
    """End the QUERY or the CONNECTION of another connection of ours, from a connection of its own.

    Raises one of pymysql's errors if the server does not answer.
    """
    address = connection.address
    killer = MysqlConnection(address, password, None, _ANSWER_S)
    try:
        killer.fetch(f"KILL {what} {connection.thread_id()}")
    except pymysql.MySQLError as error:
        if number_of(error) != NO_SUCH_THREAD:  # it has ended by itself
            raise
    finally:
        killer.drop()


def _open_read_only(address: MysqlAddress, password: str | None, limits: Limits) -> MysqlConnection:
    connection = None
    try:
        connection = MysqlConnection(address, password, address.database, _CONNECT_S)
        [[account, modes]] = connection.fetch("SELECT CURRENT_USER(), @@SESSION.sql_mode")
        connection.fetch(_settings(modes, limits))
        connection.fetch("SET ROLE NONE")
        grants = [line for (line,) in connection.fetch("SHOW GRANTS")]
        connection.calibrate()
    except (pymysql.MySQLError, OSError, RuntimeError, *_NOT_MYSQL) as error:
        if connection is not None:
            connection.drop()
        raise connection_error(error, address) from error
    if more := privileges_beyond_reading(grants):
        connection.drop()
        user, _, host = account.rpartition("@")
        raise InputError(
            f"MySQL server {address.host}:{address.port}: the account '{user}'@'{host}' may do more than read "
            f"({'; '.join(more)}): use an account of its own, made with CREATE USER 'querysmith'@'{host}' IDENTIFIED "
            f"BY '...'; GRANT SELECT ON `{address.database}`.* TO 'querysmith'@'{host}'"
        )
    return connection


def _settings(modes: str, limits: Limits) -> str:
    """Bounds of the session, as far as any account may set them, and quotes as our own reader of SQL takes them."""
    kept = ",".join(mode for mode in modes.split(",") if mode not in _LEXICAL_MODES)
    return (
        "SET SESSION transaction_read_only = ON"
        f", max_execution_time = {max(1, round(limits.timeout_s * 1000))}"  # 0 would mean none
        # Waiting for somebody's ALTER TABLE is the machine's fault and so must end before the query's own time does.
        f", lock_wait_timeout = {max(1, int(limits.timeout_s / 2))}"
        f", parser_max_mem_size = {max(_MIN_PARSER_BYTES, limits.memory_mb * 2**20)}"
        f", sql_mode = '{kept}'"
    )


def privileges_beyond_reading(grants: Sequence[str]) -> list[str]:
    """What the lines of SHOW GRANTS allow besides reading, in words; empty for an account that only reads.

    Fails closed: a line that is not understood is returned as it is. Lines of partial revokes only take away.
    """
    found = []
    for line in grants:
        if line.startswith("REVOKE "):
            continue
        # Names may contain anything, so they go first. The target keeps its own for the message.
        match = _GRANT.fullmatch(_QUOTED_NAME.sub("``", line))
        if match is None:
            found.append(line)  # a role: GRANT `r`@`%` TO ...
            continue
        privileges = {name.strip() for name in _COLUMNS.sub("", match[1]).split(",")}
        more = sorted(privileges - _READING_PRIVILEGES) + (["WITH GRANT OPTION"] if match[3] else [])
        if more:
            found.append(f"{', '.join(more)} on {_target(line)}")
    return found


def _target(line: str) -> str:
    return line.partition(" ON ")[2].rpartition(" TO ")[0] or line


@cache
def _tls() -> ssl.SSLContext:
    """As pymysql makes it for each connection, which takes 16 ms because it reads all certificates and checks none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
