"""Two databases on a MySQL server for the benchmark of the engine, made for it and removed after it."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
from pymysql.constants import CLIENT

from pipeline.bench.mysql_load import copy_rows
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE, mysql_address
from pipeline.errors import InfrastructureError

ADMIN_PASSWORD_VARIABLE = "QUERYSMITH_MYSQL_ADMIN_PASSWORD"
SMALL, LARGE, READER = "querysmith_bench", "querysmith_bench_large", "querysmith_bench"

_DATABASE_NAME = re.compile(r"\bsuperhero(?=\.)|(?<=DATABASE )superhero|(?<=EXISTS )superhero(?=;)")


@contextmanager
def mysql_superhero(admin_url: str, schema: Path, large: Path) -> Iterator[tuple[str, str]]:
    """URLs of BIRD's superhero database as it is, and of its enlarged copy (from the SQLite file `large`).

    `admin_url` names an account that may create databases and users; its password is taken from the environment. The
    engine that is built inside reads as an account that may do nothing else.
    Raises InfrastructureError where the server does not answer or refuses.
    """
    address = mysql_address(admin_url)
    try:
        connection = pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=os.environ.get(ADMIN_PASSWORD_VARIABLE, ""),
            client_flag=CLIENT.MULTI_STATEMENTS,
            autocommit=True,
        )
    except pymysql.MySQLError as error:
        raise InfrastructureError(
            f"MySQL server {address.host}:{address.port}: {error.args[-1]}: is it running, and is the password of "
            f"{address.user} in {ADMIN_PASSWORD_VARIABLE}?"
        ) from error
    before = os.environ.get(MYSQL_PASSWORD_VARIABLE)
    password = secrets.token_urlsafe(24)
    try:
        text = schema.read_text(encoding="utf-8")
        _run(connection, _DATABASE_NAME.sub(SMALL, text))
        analyse(connection, SMALL)
        tables = re.findall(r"^CREATE TABLE .*?^\);", _DATABASE_NAME.sub(LARGE, text), re.DOTALL | re.MULTILINE)
        _run(connection, f"DROP DATABASE IF EXISTS {LARGE}; CREATE DATABASE {LARGE}; {' '.join(tables)}")
        copy_rows(large, connection, LARGE)
        _run(connection, f"DROP USER IF EXISTS {READER}; CREATE USER {READER} IDENTIFIED BY '{password}'")
        for database in (SMALL, LARGE):
            _run(connection, f"GRANT SELECT ON {database}.* TO {READER}")
        os.environ[MYSQL_PASSWORD_VARIABLE] = password
        yield tuple(f"mysql://{READER}@{address.host}:{address.port}/{database}" for database in (SMALL, LARGE))  # type: ignore[misc]
    finally:
        os.environ.pop(MYSQL_PASSWORD_VARIABLE, None)
        if before is not None:
            os.environ[MYSQL_PASSWORD_VARIABLE] = before
        _run(connection, f"DROP USER IF EXISTS {READER}")
        for database in (SMALL, LARGE):
            _run(connection, f"DROP DATABASE IF EXISTS {database}")
        connection.close()


def analyse(connection: pymysql.Connection, database: str) -> None:
    """Bring the optimizer's statistics up to date. The server does that by itself, but some seconds later: until then
    the plan, and with it the last digit of an average of fractions, is a matter of luck."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (database,))
        for (table,) in cursor.fetchall():
            cursor.execute(f"ANALYZE TABLE `{database}`.`{table}`")


def _run(connection: pymysql.Connection, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        while cursor.nextset():
            pass
