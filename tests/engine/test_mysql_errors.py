"""Which of MySQL's errors are a query's and which stop the job; what a wrong set-up is told."""

from __future__ import annotations

import pymysql
import pytest

from pipeline.engine.mysql_connection import privileges_beyond_reading
from pipeline.engine.mysql_errors import connection_error, is_lost, is_read_timeout, query_error
from pipeline.engine.result import ErrorKind
from pipeline.engine.urls import MysqlAddress
from pipeline.errors import InfrastructureError, InputError

ADDRESS = MysqlAddress("reader", "db.example", 3306, "shop")

QUERYS = [
    (1064, "42000", ErrorKind.SYNTAX),
    (1146, "42S02", ErrorKind.UNKNOWN_NAME),
    (1054, "42S22", ErrorKind.UNKNOWN_NAME),
    (1142, "42000", ErrorKind.REFUSED),
    (1792, "25006", ErrorKind.REFUSED),
    (3024, "HY000", ErrorKind.TIMEOUT),
    (1114, "HY000", ErrorKind.TOO_LARGE),
    (1436, "HY000", ErrorKind.TOO_LARGE),
    (1370, "42000", ErrorKind.RUNTIME),  # an unknown function
    (1305, "42000", ErrorKind.RUNTIME),
    (1055, "42000", ErrorKind.RUNTIME),
    (1242, "21000", ErrorKind.RUNTIME),
    (1690, "22003", ErrorKind.RUNTIME),
    (1052, "23000", ErrorKind.RUNTIME),
    (1111, "HY000", ErrorKind.RUNTIME),
    (1267, "HY000", ErrorKind.RUNTIME),
    (3579, "HY000", ErrorKind.RUNTIME),
    (3636, "HY000", ErrorKind.RUNTIME),
    (3691, "HY000", ErrorKind.RUNTIME),
    (3548, "SR001", ErrorKind.RUNTIME),
]

# Files, disks, corrupt tables, locks, limits of the account, shutdown, networks, an unknown error, and no number.
MACHINES = [
    *[(n, "HY000") for n in (3, 1021, 1026, 1030, 1034, 1105, 1194, 1205, 1712, 1815, 3032, 3168, 3169, 3675, 9999)],
    *[(1040, "08004"), (1053, "08S01"), (1159, "08S01"), (1203, "42000"), (1213, "40001"), (1226, "42000")],
    *[(2006, None), (2013, None)],
]


@pytest.mark.parametrize(("number", "state", "kind"), QUERYS)
def test_the_querys_own_errors(number: int, state: str, kind: ErrorKind) -> None:
    error = query_error(pymysql.OperationalError(number, "what happened", sqlstate=state), ADDRESS)
    assert (error.kind, error.message) == (kind, "what happened")


@pytest.mark.parametrize(("number", "state"), MACHINES)
def test_faults_of_the_machine_are_never_scored(number: int, state: str | None) -> None:
    with pytest.raises(InfrastructureError, match=r"^MySQL server db\.example:3306: what happened"):
        query_error(pymysql.OperationalError(number, "what happened", sqlstate=state), ADDRESS)


@pytest.mark.parametrize("number", [1044, 1045, 1049, 1130, 1698, 1820, 2059, 3118])
def test_a_wrong_set_up_is_not_retried(number: int) -> None:
    error = connection_error(pymysql.OperationalError(number, "no"), ADDRESS)
    assert isinstance(error, InputError)
    assert "db.example:3306" in str(error)
    assert "\n" not in str(error)
    assert ("QUERYSMITH_MYSQL_PASSWORD" in str(error)) == (number in (1045, 1698))


@pytest.mark.parametrize("error", [pymysql.OperationalError(2003, "refused"), pymysql.OperationalError(1040, "full")])
def test_no_server_is_an_infrastructure_error(error: Exception) -> None:
    found = connection_error(error, ADDRESS)
    assert isinstance(found, InfrastructureError)
    assert str(found).endswith("is it running and reachable?")


def test_lost_connections_and_read_timeouts() -> None:
    assert is_lost(pymysql.InterfaceError(0, ""))
    assert is_lost(pymysql.OperationalError(4031, "idle"))
    assert not is_lost(pymysql.OperationalError(1064, "syntax"))
    lost = pymysql.OperationalError(2013, "lost")
    assert not is_read_timeout(lost)
    lost.__context__ = TimeoutError("timed out")
    assert is_read_timeout(lost)


@pytest.mark.parametrize(
    "line",
    [
        "GRANT USAGE ON *.* TO `u`@`%`",
        "GRANT SELECT, SHOW VIEW ON `shop`.* TO `u`@`%`",
        "GRANT SELECT (`a`, `b`), SELECT (`c`) ON `shop`.`t` TO `u`@`%`",
        "GRANT SELECT ON `INSERT ON `` TO ``x`.* TO `u u`@`%`",
        "GRANT SHOW DATABASES ON *.* TO `u`@`%`",
        "REVOKE SELECT ON `mysql`.* FROM `u`@`%`",
    ],
)
def test_privileges_that_only_read(line: str) -> None:
    assert privileges_beyond_reading([line]) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("GRANT SELECT, INSERT ON `shop`.* TO `u`@`%`", "INSERT on `shop`.*"),
        ("GRANT ALL PRIVILEGES ON `shop`.* TO `u`@`%`", "ALL PRIVILEGES on `shop`.*"),
        ("GRANT SELECT (`a, b`), UPDATE (`c`) ON `shop`.`t` TO `u`@`%`", "UPDATE on `shop`.`t`"),
        ("GRANT FILE, PROCESS ON *.* TO `u`@`%`", "FILE, PROCESS on *.*"),
        ("GRANT EXECUTE ON FUNCTION `shop`.`f` TO `u`@`%`", "EXECUTE on FUNCTION `shop`.`f`"),
        ("GRANT BACKUP_ADMIN,CONNECTION_ADMIN ON *.* TO `u`@`%`", "BACKUP_ADMIN, CONNECTION_ADMIN on *.*"),
        ("GRANT SELECT ON `shop`.* TO `u`@`%` WITH GRANT OPTION", "WITH GRANT OPTION on `shop`.*"),
        ("GRANT PROXY ON ``@`` TO `u`@`%`", "PROXY on ``@``"),
        ("GRANT `boss`@`%` TO `u`@`%`", "GRANT `boss`@`%` TO `u`@`%`"),
        ("something new", "something new"),
    ],
)
def test_privileges_beyond_reading(line: str, found: str) -> None:
    assert privileges_beyond_reading(["GRANT USAGE ON *.* TO `u`@`%`", line]) == [found]
