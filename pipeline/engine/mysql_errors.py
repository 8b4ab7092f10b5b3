"""Which of MySQL's errors a query is to blame for, and which are faults of the machine or of the set-up.

Decided by the error's number, else by the class of its SQLSTATE, which the standard gives a meaning. Most of MySQL's
thousands of errors share the class HY ("general"), which says nothing: of these, the ones that the words of a reading
query can bring about are listed here. What is not listed raises InfrastructureError, so that a full disk or a corrupt
table never becomes the score of a query.
"""

from __future__ import annotations

import pymysql
from pymysql.constants import CR, ER

from pipeline.engine.result import ErrorKind, ExecutionError
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE, MysqlAddress
from pipeline.errors import InfrastructureError, InputError, QuerysmithError

QUERY_TIMEOUT = 3024  # the server's own max_execution_time
QUERY_INTERRUPTED = 1317  # somebody's KILL QUERY
UNKNOWN_SYSTEM_VARIABLE = 1193
NO_SUCH_THREAD = 1094

_PASSWORD = (ER.ACCESS_DENIED_ERROR, 1698)
# The server answers, but not to this account or not with this database: trying again changes nothing. 1102, 1049, 1044:
# the database; 1130: the client's address; 1251, 1524, 2059, 2061: the way to log in; 1820, 1862: the password has
# expired; 3118, 3955: the account is locked; 3159: TLS is required.
_SET_UP = frozenset({1044, 1049, 1102, 1130, 1251, 1524, 1820, 1862, 2059, 2061, 3118, 3159, 3955})

_KINDS: dict[int, ErrorKind] = {
    **dict.fromkeys((1064, 1065, 1149, 1382, 1626), ErrorKind.SYNTAX),
    **dict.fromkeys((1049, 1051, 1054, 1109, 1146), ErrorKind.UNKNOWN_NAME),
    # Privileges, read-only modes, firewalls, and tables and functions that are the server's own.
    **dict.fromkeys((1044, 1045, 1142, 1143, 1148, 1207, 1227, 1290, 1295, 1792, 1836), ErrorKind.REFUSED),
    **dict.fromkeys((3552, 3554, 3555, 3556, 3557, 3566, 3620, 3879, 6038, 6444), ErrorKind.REFUSED),
    QUERY_TIMEOUT: ErrorKind.TIMEOUT,
    # Memory, packets, temporary tables, the parser's stack, a limit on memory per connection.
    **dict.fromkeys((1037, 1038, 1041, 1114, 1119, 1153, 1257, 1301, 1436), ErrorKind.TOO_LARGE),
    **dict.fromkeys((3015, 3044, 3170, 3171, 3186, 3950, 4082, 6110), ErrorKind.TOO_LARGE),
    # InnoDB's full-text search has numbers of its own: too large a result, too many words, a malformed expression.
    **dict.fromkeys((188, 191, 209), ErrorKind.RUNTIME),
    # A function that does not exist, to an account that may not EXECUTE any: as unknown functions elsewhere.
    1370: ErrorKind.RUNTIME,
}

# Limits of the account and the server, although their SQLSTATE is 42000.
_MACHINE = frozenset({1203, 1226, 1461})

# SQLSTATE classes: 42 syntax and access, 22 data, 21 cardinality, 23 ambiguous names, 0A not supported, 44 check,
# 3D no database, SR and SU spatial reference systems and units, 01 and 02 warnings made errors by a strict mode.
_QUERY_CLASSES = frozenset({"01", "02", "0A", "21", "22", "23", "3D", "42", "44", "SR", "SU"})


def _numbers(*ranges: tuple[int, int]) -> frozenset[int]:
    return frozenset(number for first, last in ranges for number in range(first, last + 1))


# Of class HY (from performance_schema.events_errors_summary_global_by_error of 9.7).
_QUERY_ERRORS = (
    # Tables and columns: too many, none, not reopenable; full-text search; views that refer to what is gone.
    frozenset({1096, 1097, 1116, 1117, 1137, 1191, 1214, 1240, 1283, 1345, 1347, 1350, 1351, 1352, 1353, 1356, 1364})
    | {1447, 1448, 1449, 1462, 1764, 3018, 3568, 3569, 3643}
    # Functions, variables, aggregates, arguments, collations, character sets, time zones, values out of form.
    | {1108, 1111, 1128, 1193, 1204, 1210, 1221, 1228, 1229, 1233, 1238, 1246, 1256, 1258, 1259, 1260, 1267, 1270, 1271}
    | {1272, 1273, 1291, 1298, 1300, 1366, 1411, 1470, 1473, 1475, 1525, 1575, 1585, 1649, 1818, 1882, 3200}
    | {3026, 3028, 3029, 3087, 3088, 3128, 3513, 3514, 3550, 3615, 3636, 3637, 3668, 3852, 3854, 3912}
    | {3942, 3943, 3953, 3954, 3973, 3986, 3987, 3988, 3994, 3995, 3997, 3998, 4007, 4074, 4075, 4086, 4114, 4120, 4122}
    | {4169, 6034, 6036, 6037, 6108, 6413, 6417, 6527}
    # Geometry and the C++ library under it (not 3044, out of memory); JSON; AES; recursion; windows; patterns; vectors.
    | _numbers((3033, 3043), (3045, 3055), (3064, 3066), (3069, 3073), (3140, 3158), (3235, 3238), (3573, 3577))
    | _numbers((3579, 3602), (3684, 3700), (6134, 6138), (6428, 6432))
    | {3122, 3134, 3672, 3676, 3677, 3887, 3900}
)


def number_of(error: BaseException) -> int:
    """The error's number; 0 for one that has none."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def is_lost(error: BaseException) -> bool:
    """True if the connection is gone: the next one may work, whatever this one was doing."""
    lost = (CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, 1053, 1080, 1152, 1184, 3169, 4031)
    return number_of(error) in lost or isinstance(error, pymysql.InterfaceError)


def is_read_timeout(error: BaseException) -> bool:
    """True if the connection was given up because nothing came within its read timeout."""
    return number_of(error) == CR.CR_SERVER_LOST and isinstance(error.__context__, TimeoutError)


def query_error(error: pymysql.MySQLError, address: MysqlAddress) -> ExecutionError:
    """The error that the query caused, or raise InfrastructureError if it is not the query's doing.

    Unknown functions count as RUNTIME: only unknown tables and columns are UNKNOWN_NAME. 1317 (interrupted) is nobody's
    here: only the caller knows whether it has interrupted the query itself.
    """
    number, message = number_of(error), _words(error)
    if kind := _KINDS.get(number):
        return ExecutionError(kind, message)
    state = getattr(error, "sqlstate", None) or ""
    if number not in _MACHINE and (number in _QUERY_ERRORS or state[:2] in _QUERY_CLASSES):
        return ExecutionError(ErrorKind.RUNTIME, message)
    raise unavailable(error, address)


def connection_error(error: BaseException, address: MysqlAddress) -> QuerysmithError:
    """What to raise when no connection could be opened: InputError for a wrong set-up, else InfrastructureError."""
    number = number_of(error)
    if number in _PASSWORD:
        return InputError(
            f"MySQL server {_server(address)}: {_words(error)}: set {MYSQL_PASSWORD_VARIABLE} to the password of "
            f"{address.user}@{address.host}, or correct the user in the database URL"
        )
    if number in _SET_UP:
        return InputError(
            f"MySQL server {_server(address)}: {_words(error)} (error {number}): correct the database URL of "
            f"{address.database}, or the account {address.user}"
        )
    if number == UNKNOWN_SYSTEM_VARIABLE:
        return InputError(f"MySQL server {_server(address)}: {_words(error)}: use MySQL 8.4 or newer")
    return unavailable(error, address)


def unavailable(error: BaseException, address: MysqlAddress) -> InfrastructureError:
    number = number_of(error)
    words = f"{_words(error)} (error {number})" if number else f"{type(error).__name__}: {_words(error)}"
    return InfrastructureError(f"MySQL server {_server(address)}: {words}: is it running and reachable?")


def _words(error: BaseException) -> str:
    """The message without its number, and never empty."""
    return str(error.args[-1]) if error.args and error.args[-1] else type(error).__name__


def _server(address: MysqlAddress) -> str:
    return f"{address.host}:{address.port}"
