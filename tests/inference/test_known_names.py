"""Which SQL a reader lets stand: names of the schema, SQL's own words, aliases; whatever pieces it comes in."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.example import Column, Schema
from pipeline.inference.known_names import Reader
from pipeline.inference.names import Names, Words
from pipeline.synth.grammar import draw
from pipeline.synth.imagined import TRAINING, imagined_view

SCHEMA = Schema(
    {
        "customers": (Column("id", "integer"), Column("name", "text"), Column("City", "text")),
        "orders": (Column("id", "integer"), Column("customer_id", "integer"), Column("paid on", "date")),
        "Order Lines": (Column("order_id", "integer"),),
    }
)
NAMES = Names(SCHEMA, "sqlite")
MYSQL = Names(SCHEMA, "mysql")
FINE = (
    "SELECT name FROM customers",
    "select NAME from CUSTOMERS where city = 'nowhere in the schema'",
    "SELECT customers.name, COUNT(*) FROM orders JOIN customers ON orders.customer_id = customers.id GROUP BY name",
    'SELECT orders."paid on" FROM orders WHERE orders."paid on" > \'2023-01-01\' LIMIT 10',
    'SELECT order_id FROM "Order Lines" WHERE "Order Lines".order_id = 1e3',
    "SELECT t1.name FROM customers AS t1 WHERE t1.id IN (SELECT c.id FROM customers c)",
    "WITH totals AS MATERIALIZED (SELECT customer_id, COUNT(*) AS n_of FROM orders GROUP BY customer_id), more AS "
    "(SELECT * FROM totals) SELECT totals.n_of FROM totals JOIN more ON more.customer_id = totals.customer_id",
    "SELECT name, ROW_NUMBER() OVER (PARTITION BY City ORDER BY id) AS place FROM customers ORDER BY place",
    "SELECT o.id FROM orders o JOIN customers c ON o.customer_id = c.id ORDER BY o.id",
    "SELECT `paid on` FROM `Order Lines`, orders",
    "SELECT name, customer_id FROM orders JOIN customers ON customer_id = customers.id",
    "SELECT customer_id FROM orders WHERE id > (SELECT AVG(id) FROM customers) UNION SELECT id FROM customers",
    "SELECT `T1`.`name` FROM `customers` AS `T1` INNER JOIN `orders` AS `T2` ON `T1`.`id` = `T2`.`customer_id`",
    'SELECT name FROM customers WHERE name = "Ann" AND id IN (1, 2)',
    "SELECT name FROM customers WHERE id NOT BETWEEN 1 AND 2 AND name NOT LIKE '%a' AND City IS NOT NULL",
    "SELECT CASE WHEN id > 1 THEN 'a' ELSE NULL END AS size, name || ', ' || City, id * 2 % 3 FROM customers",
    "SELECT SUM(id) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM orders, customers",
    "SELECT name, (SELECT COUNT(*) FROM orders WHERE customer_id = customers.id AND City = 'x') FROM customers",
    "SELECT name FROM customers WHERE EXISTS (SELECT 1 FROM orders WHERE customer_id = customers.id AND City = 'x')",
    "SELECT total FROM (SELECT COUNT(*) AS total, City FROM customers GROUP BY City) AS t WHERE total > 1 AND City = 1",
    "SELECT name FROM customers UNION SELECT customer_id FROM orders WHERE id > 1 ORDER BY name",
    "SELECT T1.id FROM orders AS T1 WHERE T1.id IN (SELECT T1.id FROM customers AS T1 WHERE T1.City = 'x') "
    "AND T1.customer_id = 2",
    'WITH RECURSIVE t AS (SELECT id FROM orders UNION ALL SELECT id + 1 FROM t WHERE id < 9) SELECT "id" FROM t s, t',
    'SELECT name FROM customers WHERE name BETWEEN "a" AND "b" AND name IN ("c", "d") AND REPLACE(name, "e", "f") = 1',
    "SELECT orders.id * 1.5, .5 FROM orders JOIN customers USING (id) GROUP BY orders.id HAVING MAX(customer_id) > 1",
    "SELECT COUNT(DISTINCT CASE WHEN id = 1 THEN id END) FROM orders UNION ALL SELECT 1 LIMIT 3 OFFSET 1",
)
FINE_IN_SQLITE = ("SELECT CAST(strftime('%Y', \"paid on\") AS INTEGER) FROM orders",)
FINE_IN_MYSQL = (
    "SELECT EXTRACT(YEAR FROM id) FROM orders",
    "SELECT DISTINCT *, NOW() FROM orders WHERE id <> -1 AND id <= +2 AND NOT id IN (SELECT ALL id FROM customers)",
    "SELECT GROUP_CONCAT(name ORDER BY id SEPARATOR ', ') FROM customers WHERE EXISTS (SELECT 1 FROM orders)",
    "SELECT DATE_SUB(CURDATE(), INTERVAL 1 DAY), IF(id > 1, LEFT(name, 2), REPLACE(name, 'a', 'b')) FROM customers",
    "SELECT TIMESTAMPDIFF(YEAR, `paid on`, NOW()), MONTH(`paid on`) FROM orders WHERE YEAR(`paid on`) = 2020",
)
WRONG = (
    ("SELECT title", "SELECT tit"),
    ("SELECT names FROM customers", "SELECT names"),
    ("SELECT nam FROM customers", "SELECT nam "),
    ("SELECT id FROM orders_2", "SELECT id FROM orders_"),
    ("SELECT name FROM name", "SELECT name FROM n"),
    ("SELECT orders.name", "SELECT orders.n"),
    ('SELECT orders."paid at"', 'SELECT orders."paid a'),
    ("SELECT paid on FROM orders", "SELECT pa"),
    ("SELECT order_id FROM order lines", "SELECT order_id FROM o"),
    ('SELECT id FROM "Order"', 'SELECT id FROM "Order"'),
    ("SELECT id AS x1 FROM orders ORDER BY x1 + placed", "SELECT id AS x1 FROM orders ORDER BY x1 + pl"),
    ("SELECT id FROM order", "SELECT id FROM order<end>"),
    ("SELECT name FROM orders", "SELECT name FROM o"),
    ("SELECT id, COUNT(customer_id) FROM customers", "SELECT id, COUNT(customer_id) FROM c"),
    (
        "SELECT id FROM orders WHERE id IN (SELECT name FROM o",
        "SELECT id FROM orders WHERE id IN (SELECT name FROM o",
    ),
    ("SELECT `paid at` FROM orders", "SELECT `paid a"),
    ("SELECT oth.id FROM orders", "SELECT oth."),
    ("SELECT x FROM orders", "SELECT x "),
    ("SELECT orders. FROM orders", "SELECT orders. "),
    ("SELECT COUNT(id FROM orders", "SELECT COUNT(id FROM orders<end>"),
    ("SELECT id) FROM orders", "SELECT id)"),
    ("SELECT id FROM orders WHERE id = 'a", "SELECT id FROM orders WHERE id = 'a<end>"),
    ("SELECT id, = 10 FROM orders", "SELECT id, ="),
    ("SELECT id, FROM orders", "SELECT id, FR"),
    ("SELECT and id FROM orders", "SELECT an"),
    ("SELECT MATERIALIZED FROM orders", "SELECT MAT"),
    ("SELECT id FROM orders WHERE ORDER BY id", "SELECT id FROM orders WHERE ORDER "),
    ("SELECT id FROM orders WHERE id = AND id > 2", "SELECT id FROM orders WHERE id = AN"),
    ("SELECT id FROM orders WHERE id >= 2 OR", "SELECT id FROM orders WHERE id >= 2 OR<end>"),
    ("SELECT COUNT(WHERE id > 2) FROM orders", "SELECT COUNT(WH"),
    ("SELECT id FROM", "SELECT id FROM<end>"),
    ("SELECT id FROM orders GROUP BY id,", "SELECT id FROM orders GROUP BY id,<end>"),
    ("SELECT T2000.id FROM orders", "SELECT T200"),
    ("SELECT MONTH >= 31 FROM orders", "SELECT MO"),
    ("SELECT AVG >= 31 FROM orders", "SELECT AVG "),
    ("SELECT AVG(id.id) FROM orders", "SELECT AVG(id."),
    ("SELECT id customer_id FROM orders", "SELECT id cus"),
    ("SELECT id FROM 01", "SELECT id FROM 0"),
    ("SELECT id FROM -01", "SELECT id FROM -"),
    ("SELECT id FROM orders, *", "SELECT id FROM orders, *"),
    ("SELECT id FROM 'orders'", "SELECT id FROM '"),
    ("SELECT id FROM (orders)", "SELECT id FROM (o"),
    ("SELECT id AS n FROM n", "SELECT id AS n FROM n"),
    ("WITH t AS (SELECT id FROM t)", "WITH t AS (SELECT id FROM t"),
    ("SELECT orders.1 FROM orders", "SELECT orders.1"),
    ("SELECT id FROM orders WHERE City = 'x'", "SELECT id FROM orders WHERE Ci"),
    ("SELECT id FROM orders GROUP BY name", "SELECT id FROM orders GROUP BY na"),
    ("SELECT id FROM orders WHERE customers.id = 1", "SELECT id FROM orders WHERE customers"),
    ("SELECT id FROM orders AS o WHERE o.City = 1", "SELECT id FROM orders AS o WHERE o.Ci"),
    ("SELECT id FROM orders o WHERE o.City = 1", "SELECT id FROM orders o WHERE o.Ci"),
    ("SELECT id FROM orders WHERE t1.id = 1", "SELECT id FROM orders WHERE t1"),
    (
        "SELECT name FROM customers WHERE id IN (SELECT id FROM (SELECT id FROM orders WHERE City = 1) AS t)",
        "SELECT name FROM customers WHERE id IN (SELECT id FROM (SELECT id FROM orders WHERE Ci",
    ),
    ('SELECT id FROM orders WHERE "paid at" = 1', 'SELECT id FROM orders WHERE "paid a'),
    ('SELECT MAX("paid at") FROM orders', 'SELECT MAX("paid a'),
    ("SELECT id FROM orders WHERE orders = 1", "SELECT id FROM orders WHERE orders "),
    ("SELECT customers FROM customers", "SELECT customers "),
    (f"SELECT id = '{'a and ' * 5}'", f"SELECT id = '{'a and ' * 4}"),
    ("SELECT id FROM orders WHERE id = 'a\n'", "SELECT id FROM orders WHERE id = 'a\n"),
    ("SELECT id FROM orders WHERE with = 2", "SELECT id FROM orders WHERE w"),
)


def reader(names: Names = NAMES) -> Reader:
    begun = Reader(names)
    assert begun.take("<think>\nno_such_name stands here\n</think>")
    return begun


def refused_at(sql: str, names: Names = NAMES) -> str:
    """The text up to the character that may not stand there; "" if all may."""
    follower, text = reader(names), f"\n\n{sql}"
    for end, character in enumerate(text, start=1):
        if not follower.take(character):
            return text[2:end]
    return "" if follower.take("") else f"{sql}<end>"


@pytest.mark.parametrize(
    ("sql", "names"),
    [*((sql, NAMES) for sql in (*FINE, *FINE_IN_SQLITE)), *((sql, MYSQL) for sql in (*FINE, *FINE_IN_MYSQL))],
)
def test_known_names_may_stand(sql: str, names: Names) -> None:
    assert refused_at(sql, names) == ""


@pytest.mark.parametrize(("sql", "until"), WRONG)
def test_others_are_refused_as_soon_as_they_show(sql: str, until: str) -> None:
    assert refused_at(sql) == until


@given(st.sampled_from([*FINE, *(sql for sql, _ in WRONG)]), st.data())
def test_how_the_text_is_cut_does_not_matter(sql: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sql) - 1), max_size=8)))
    pieces = [sql[a:b] for a, b in zip([0, *cuts], [*cuts, len(sql)], strict=True)]
    follower = reader()
    assert all(follower.take(piece) for piece in [*pieces, ""]) == (refused_at(sql) == "")


OWN = frozenset(("customers", "orders", "order lines", "id", "name", "city", "customer_id", "paid on", "order_id"))
OF_ORDERS = frozenset(("orders", "id", "customer_id", "paid on"))


@pytest.mark.parametrize(
    ("sql", "piece", "meant", "fits"),
    [
        ("SELECT sub", "stitute", OWN, False),  # SUBSTRING would fit
        ("SELECT t1", "tle", OWN, False),
        ("SELECT c", "ountry", OWN, True),  # not CASE, but "city"
        ("SELECT l", "ines FROM", {"order lines"}, False),
        ("SELECT ", "Line", {"order lines"}, True),
        ("SELECT nam", " FROM", {"name"}, True),
        ("SELECT SUM(id) AS lengthy FROM orders ORDER BY len", "d", OF_ORDERS | {"lengthy"}, True),
        ("SELECT orders.", "paid", {"paid on"}, True),
        ("SELECT orders.c", "id", None, None),
        ("SELECT order_id FROM ", "Line", {"order lines"}, True),
        ("SELECT COUNT", " (*)", None, None),  # means the function, though it may not stand there
        ("SELECT DISTINCT", ", id", None, None),
        ("SELECT ", "title", None, None),
        ("SELECT id FROM orders WHERE id = 'sub", "", None, None),
        ("SELECT id FROM orders WHERE id > 1 ", "orderly", None, None),
    ],
)
def test_whoever_goes_on_as_no_word_does_meant_a_name(
    sql: str, piece: str, meant: Set[str] | None, fits: bool | None
) -> None:
    follower = reader()
    assert follower.take(f"\n\n{sql}")
    found = follower.meant(piece)
    assert (found and found.whole) == meant
    if found:
        assert follower.held_to(found) is fits


def test_a_word_that_is_held_to_names_is_nothing_else() -> None:
    first = reader()
    assert first.take("SELECT SUM(l")
    held = first.with_name(first.words, Words(["order lines", "id"])).named
    for other in ("l", "s", "t1", "NULL", "customer_id", "order lines"):
        assert not Reader(NAMES, held, in_sql=True).take(f"SELECT SUM({other}")
    for name in ("id", '"Order Lines"', "`order lines`"):
        again = Reader(NAMES, held, in_sql=True)
        assert again.take(f"SELECT SUM({name}), SUM(customer_id) FROM orders")
        assert again.take("")
    again = Reader(NAMES, held, in_sql=True)
    assert again.take("SELECT SUM(i")
    assert again.meant("rgendwas") is None  # once more would be for ever


def test_a_thought_must_end_before_the_completion_does() -> None:
    thinking = Reader(NAMES)
    assert thinking.take("<think>\nUse orders.")
    assert not thinking.copy().take("")


@pytest.mark.parametrize("pieces", [["</think>"], ["\n</think>"], ["</", "think", ">"], [*"</think>"]])
def test_a_thought_that_goes_round_in_circles_may_only_end(pieces: list[str]) -> None:
    thinking = Reader(NAMES)
    assert thinking.take("<think>\nUse orders. Join " + "orders for " * 3)
    assert thinking.copy().take("orders for customers.")
    assert thinking.take("orders for ")
    for other in ("orders", "\n", " customers", "<", "think>"):
        assert thinking.copy().take(other) is (other == "<")
        assert thinking.meant(other) is None
        assert not thinking.begins_word(other)
    assert all(thinking.take(piece) for piece in pieces)
    assert not thinking.take("\nSELECT no_such")


def test_a_copy_goes_its_own_way() -> None:
    first = reader()
    first.take("SELECT id AS mine FROM orders ORDER BY ")
    second = first.copy()
    assert not second.take("xyz")
    assert first.take("mine")


def test_golds_of_imagined_databases_may_stand() -> None:
    asked = 0
    for seed in range(40):
        rng = Random(seed)
        view = replace(imagined_view(rng, TRAINING), dialect=("sqlite", "mysql")[seed % 2])
        names = Names(view.schema, view.dialect)
        for one in filter(None, (draw(view, rng) for _ in range(12))):
            asked += 1
            assert refused_at(one.sql, names) == ""
    assert asked > 200


def test_pieces_of_letters_stand_only_where_names_have_such_letters() -> None:
    half = "\N{REPLACEMENT CHARACTER}"
    assert not reader().take(f"SELECT na{half}")
    assert reader().take(f"SELECT name FROM customers WHERE city = '{half}")
    assert reader(Names(Schema({"café": (Column("id", "integer"),)}), "sqlite")).take(f"SELECT id FROM caf{half}")
