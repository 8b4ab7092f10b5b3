"""Database URLs: their parts, and that no password is accepted or shown."""

from __future__ import annotations

import pytest

from pipeline.engine.urls import MysqlAddress, dialect_of, mysql_address, sqlite_path
from pipeline.errors import InputError


def test_parts() -> None:
    assert dialect_of("sqlite:////data/a.sqlite") == "sqlite"
    assert sqlite_path("sqlite:////data/a b.sqlite") == "/data/a b.sqlite"
    assert dialect_of("mysql://reader@db/sales") == "mysql"
    assert mysql_address("mysql://reader@db/sales") == MysqlAddress("reader", "db", 3306, "sales")
    assert mysql_address("mysql://a%40b@[::1]:3307/my%20sales") == MysqlAddress("a@b", "::1", 3307, "my sales")


@pytest.mark.parametrize("url", ["postgresql://a@b/c", "/data/a.sqlite", "", "SQLITE:////a"])
def test_other_databases(url: str) -> None:
    with pytest.raises(InputError, match="database URL"):
        dialect_of(url)
    with pytest.raises(InputError, match="database URL"):
        mysql_address(url)


@pytest.mark.parametrize(
    "url", ["mysql://db/sales", "mysql://reader@/sales", "mysql://reader@db", "mysql://reader@db:port/sales"]
)
def test_incomplete(url: str) -> None:
    with pytest.raises(InputError, match="write mysql://user@host:3306/database"):
        mysql_address(url)


@pytest.mark.parametrize(
    "url", ["mysql://reader:s3cret@db/sales", "mysql://reader:s3@cret@db/sales", "mysql://reader:s3cret@db:x/sales"]
)
def test_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InputError, match="QUERYSMITH_MYSQL_PASSWORD") as caught:
        mysql_address(url)
    assert "s3" not in str(caught.value)
    with pytest.raises(InputError) as caught:
        dialect_of(url.replace("mysql", "mariadb"))
    assert "s3" not in str(caught.value)
