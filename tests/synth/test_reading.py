"""Views of real databases: kinds of columns, nouns, links, bounded reading."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from mysql_server import BENCHMARKS, MysqlServer, mysql_server  # noqa: F401 (a fixture)

from pipeline.data.example import Database, ForeignKey
from pipeline.data.mysql_schema import read_mysql
from pipeline.data.sqlite_schema import read_sqlite
from pipeline.data.tables_json import read_tables_json
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE
from pipeline.errors import InfrastructureError, InputError
from pipeline.synth.reading import sampling
from pipeline.synth.reading.nouns import column_nouns, one_and_many, words
from pipeline.synth.reading.schema_files import read_schema_file
from pipeline.synth.reading.views import read_view
from pipeline.synth.view import View, ViewLink

SHOP = """
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, customer_city TEXT,
    is_active INTEGER, joined DATE, password TEXT, photo BLOB, phone INTEGER);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers, qty INTEGER,
    unit_price REAL, order_year INTEGER, paid TEXT, note TEXT);
CREATE INDEX by_customer ON orders (customer_id, qty);
CREATE TABLE order_items (order_id INTEGER, line INTEGER, product TEXT, PRIMARY KEY (order_id, line));
CREATE TABLE empty_table (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE "odd name" (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE odd (id INTEGER PRIMARY KEY, "a b" TEXT, "select" TEXT, name TEXT, mixed, latin TEXT, void TEXT);
CREATE VIEW seen AS SELECT * FROM customers;
"""


@pytest.fixture
def shop(tmp_path: Path, sqlite_file: Callable[[Path, str], Path]) -> Database:
    path = sqlite_file(tmp_path / "shop.sqlite", SHOP)
    with closing(sqlite3.connect(path)) as connection:
        cities = ["Bern", "Bern", "Rome", "Oslo"]
        connection.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, 'x' || ?, x'00ff', ?)",
            [
                (n, f"F{n % 27}", f"L{n}", cities[n % 4], n % 2, f"2020-01-{n % 28 + 1:02}", n, 4_100_000 + n)
                for n in range(40)
            ],
        )
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (n, n % 40, n % 9, n / 4, 2000 + n % 5, "NY"[n % 2], None if n % 3 else f"note {n}\n")
                for n in range(100)
            ],
        )
        connection.executemany(
            "INSERT INTO order_items VALUES (?, ?, ?)", [(n, m, f"p{m}") for n in range(9) for m in range(4)]
        )
        connection.executemany(
            "INSERT INTO odd VALUES (?, 'a', 'b', ?, ?, CAST(x'e9' || ? AS TEXT), NULL)",
            [(n, f"name {n}", n if n % 2 else "x", n) for n in range(5)],
        )
        connection.execute('INSERT INTO "odd name" VALUES (1, 2)')
        connection.commit()
    return read_sqlite("shop", path)


def kinds(view: View, table: str) -> dict[str, str]:
    return {column.name: column.kind for column in view.tables[table].columns}


def test_kinds(shop: Database) -> None:
    view = read_view(shop)
    assert list(view.tables) == ["customers", "orders", "order_items", "odd"]
    assert kinds(view, "customers") == {
        "customer_id": "key",
        "first_name": "text",
        "last_name": "name",
        "customer_city": "category",
        "is_active": "flag",
        "joined": "date",
    }
    assert kinds(view, "orders") == {
        "order_id": "key",
        "customer_id": "link",
        "qty": "integer",
        "unit_price": "number",
        "order_year": "year",
        "paid": "flag",
        "note": "text",
    }
    assert kinds(view, "order_items") == {"order_id": "link", "line": "integer", "product": "category"}
    assert kinds(view, "odd") == {"id": "key", "name": "name"}
    assert view.tables["order_items"].key is None
    assert view.tables["orders"].rows == 100


def test_values_nulls_indexes_and_nouns(shop: Database) -> None:
    view = read_view(shop)
    city = next(c for c in view.tables["customers"].columns if c.name == "customer_city")
    assert (city.says, city.values, city.nulls) == ("city", ("Bern", "Rome", "Oslo"), False)
    orders = {c.name: c for c in view.tables["orders"].columns}
    assert orders["qty"].says == "quantity"
    assert orders["qty"].values == tuple(range(9))
    prices = orders["unit_price"].values
    assert len(prices) == 41
    assert (prices[0], prices[-1]) == (0.0, 24.75)
    assert list(prices) == sorted(prices)
    assert orders["note"].nulls
    assert orders["note"].values == ()  # with a line break, they cannot be quoted in a question
    assert [name for name, column in orders.items() if column.indexed] == ["order_id", "customer_id"]
    assert (view.tables["orders"].one, view.tables["orders"].many) == ("order", "orders")


def test_links_are_declared_or_implied(shop: Database) -> None:
    view = read_view(shop)
    assert view.links == (
        ViewLink("orders", "customer_id", "customers", "customer_id", "placed by", "who placed"),
        ViewLink("order_items", "order_id", "orders", "order_id"),
    )
    wrong = (ForeignKey("orders", "qty", "odd", "name"), ForeignKey("orders", "qty", "gone", "id"))
    more = read_view(read_sqlite("shop", Path(shop.url.removeprefix("sqlite:///")), wrong))
    assert more.links == view.links


def test_large_tables_are_sampled(shop: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "SAMPLE", 40)
    monkeypatch.setattr(sampling, "_PARTS", 4)
    view = read_view(shop)
    assert view.tables["orders"].rows == 100
    price = next(c for c in view.tables["orders"].columns if c.name == "unit_price")
    assert len(price.values) == 40
    assert price.values[-1] > 18  # from the whole table, not from its beginning
    assert len(view.links) == 2


def test_missing_file(shop: Database) -> None:
    Path(shop.url.removeprefix("sqlite:///")).unlink()
    with pytest.raises(InfrastructureError, match="does not exist"):
        read_view(shop)


@pytest.mark.parametrize(
    ("name", "one", "many"),
    [
        ("order_items", "order item", "order items"),
        ("CATEGORY", "category", "categories"),
        ("tblPeople", "person", "people"),
        ("DimCustomerAddress", "customer address", "customer addresses"),
        ("inventory", "inventory record", "inventory records"),
        ("singer_in_concert", "singer in concert", "singers in concert"),
        ("TV_Channel", "TV channel", "TV channels"),
    ],
)
def test_nouns_of_tables(name: str, one: str, many: str) -> None:
    assert one_and_many(name) == (one, many)


def test_nouns_of_columns() -> None:
    assert words("AvgUnitPriceAmt") == ["average", "unit", "price", "amount"]
    film = [("film_id", ""), ("film_title", ""), ("title", ""), ("length", "running time")]
    assert column_nouns("films", film) == ["film ID", "film title", "title", "running time"]
    lines = [("l_orderkey", ""), ("l_qty", ""), ("l_shipdate", "")]
    assert column_nouns("lineitem", lines) == ["order key", "quantity", "ship date"]


def test_schema_files(tmp_path: Path) -> None:
    script = tmp_path / "shop.sql"
    script.write_text(SHOP + "SELECT broken FROM;")
    view = read_schema_file(script)
    assert kinds(view, "customers")["last_name"] == "name"
    assert kinds(view, "orders")["customer_id"] == "link"
    assert view.links[0].parent == "customers"
    assert not any(column.values for table in view.tables.values() for column in table.columns)
    empty = tmp_path / "empty.sql"
    empty.write_text("SELECT 1;")
    with pytest.raises(InputError, match="no table"):
        read_schema_file(empty)


@pytest.mark.skipif(not (BENCHMARKS / "spider").is_dir(), reason="needs the benchmarks")
def test_spider_databases() -> None:
    root = BENCHMARKS / "spider"
    said = read_tables_json(root / "tables.json")["concert_singer"]
    view = read_view(said.read("concert_singer", root / "database/concert_singer/concert_singer.sqlite"), said.names)
    assert {(k.child, k.parent) for k in view.links} == {
        ("concert", "stadium"),
        ("singer_in_concert", "concert"),
        ("singer_in_concert", "singer"),
    }
    assert kinds(view, "singer")["Country"] == "category"
    alone = read_schema_file(root / "tables.json", "concert_singer")
    assert list(alone.tables) == list(view.tables)


@pytest.mark.integration
def test_mysql(mysql_server: MysqlServer, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv(MYSQL_PASSWORD_VARIABLE, mysql_server.password)
    mysql_server.load(
        """
        DROP DATABASE IF EXISTS views; CREATE DATABASE views; USE views;
        CREATE TABLE customer (customer_id INT PRIMARY KEY, full_name VARCHAR(20), vip TINYINT(1), `rank` INT,
            kind ENUM('x', 'y') COMMENT 'the class of people', born DATE, spent DECIMAL(8,2), raw BLOB);
        CREATE TABLE `order` (id INT PRIMARY KEY);
        CREATE TABLE purchase (purchase_id INT PRIMARY KEY, customer_id INT, FOREIGN KEY (customer_id)
            REFERENCES customer (customer_id));
        CREATE VIEW seen AS SELECT * FROM purchase;
        INSERT INTO `order` VALUES (1);
        INSERT INTO customer SELECT n, concat('Name ', n), n % 2, n, elt(n % 2 + 1, 'x', 'y'),
            date_add('2020-01-01', INTERVAL n DAY), n + 0.5, 'b' FROM
            (WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 50) SELECT n FROM c) AS numbers;
        INSERT INTO purchase SELECT customer_id, customer_id FROM customer;
        """
    )
    monkeypatch.setattr(sampling, "SAMPLE", 20)
    monkeypatch.setattr(sampling, "_PARTS", 4)
    view = read_view(read_mysql("views", mysql_server.url("views")))
    assert view.dialect == "mysql"
    assert kinds(view, "customer") == {
        "customer_id": "key",
        "full_name": "name",
        "vip": "flag",
        "kind": "category",
        "born": "date",
        "spent": "number",
    }
    columns = {c.name: c for c in view.tables["customer"].columns}
    assert columns["kind"].says == "class of people"
    assert columns["spent"].values[-1] > 30
    assert view.tables["customer"].rows == 50
    assert view.links == (ViewLink("purchase", "customer_id", "customer", "customer_id", "made by", "who made"),)
