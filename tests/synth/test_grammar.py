"""Questions drawn from the grammar: every shape yields SQL that runs and a question that names what it asks for."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from random import Random

import pytest

from pipeline.sql.parsing import parse
from pipeline.synth.grammar import conditions, draw
from pipeline.synth.grammar.draw import Draw, Unfillable
from pipeline.synth.grammar.shapes import SHAPES, Shape
from pipeline.synth.grammar.words import finished, literal, plural
from pipeline.synth.view import LEVELS, View, ViewColumn, ViewLink, ViewTable

VIEW = View(
    "shop",
    {
        t.name: t
        for t in (
            ViewTable(
                "customers",
                "customer",
                "customers",
                (
                    ViewColumn("id", "id", "key", "integer", (1, 2, 3)),
                    ViewColumn("full name", "name", "name", "text", ("Ann O'Neil", "Bo Li", "Cy Young")),
                    ViewColumn("city", "city", "category", "text", ("Oslo", "Rome", "Lima"), nulls=True),
                    ViewColumn("born", "birth year", "year", "integer", (1970, 1980, 1990, 2000)),
                    ViewColumn("vip", "VIP status", "flag", "integer", (0, 1)),
                    ViewColumn("limit_eur", "credit limit", "number", "real", (10.5, 20.0, 30.25, 99.0)),
                ),
                3,
            ),
            ViewTable(
                "orders",
                "order",
                "orders",
                (
                    ViewColumn("order_id", "id", "key", "integer", (1, 2, 3)),
                    ViewColumn("customer_id", "customer id", "link", "integer", (1, 2)),
                    ViewColumn("seller_id", "seller id", "link", "integer", (1, 2)),
                    ViewColumn("status", "status", "category", "text", ("open", "sent")),
                    ViewColumn("placed", "order date", "date", "date", ("2023-01-05", "2023-05-09", "2024-02-01")),
                    ViewColumn("amount", "amount", "integer", "integer", (5, 7, 9, 20)),
                ),
                6,
            ),
            ViewTable(
                "sellers",
                "seller",
                "sellers",
                (
                    ViewColumn("id", "id", "key", "integer", (1, 2)),
                    ViewColumn("name", "name", "name", "text", ("Top Shop", "Corner")),
                    ViewColumn("region_id", "region id", "link", "integer", (1,)),
                    ViewColumn("grade", "grade", "category", "text", ("A", "B")),
                ),
                2,
            ),
            ViewTable(
                "regions",
                "region",
                "regions",
                (
                    ViewColumn("id", "id", "key", "integer", (1, 2)),
                    ViewColumn("name", "name", "name", "text", ("North", "South")),
                    ViewColumn("area", "area", "number", "real", (1.5, 2.5, 3.5)),
                ),
                2,
            ),
        )
    },
    (
        ViewLink("orders", "customer_id", "customers", "id", "placed by", "who placed"),
        ViewLink("orders", "seller_id", "sellers", "id", "from", "with"),
        ViewLink("sellers", "region_id", "regions", "id", "in", "with"),
    ),
)
TABLES = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, "full name" TEXT, city TEXT, born INTEGER, vip INTEGER, limit_eur REAL);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER, seller_id INTEGER, status TEXT, placed DATE,
                     amount INTEGER);
CREATE TABLE sellers (id INTEGER PRIMARY KEY, name TEXT, region_id INTEGER, grade TEXT);
CREATE TABLE regions (id INTEGER PRIMARY KEY, name TEXT, area REAL);
"""


def drawn(shape: Shape, view: View, seed: int) -> tuple[str, str, Draw]:
    """The first question of this shape that the view allows."""
    for attempt in range(200):
        d = Draw(view, Random(f"{seed}/{attempt}"))
        try:
            return *shape.make(d), d
        except Unfillable:
            continue
    raise AssertionError(f"{shape.make.__name__} fits nowhere")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.make.__name__)
def test_each_shape_runs_and_says_its_values(shape: Shape) -> None:
    """SQLite and our parser take the SQL; a text that it compares with stands in the question, of a date the year."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        for seed in range(30):
            question, sql, _ = drawn(shape, VIEW, seed)
            connection.execute(sql).fetchall()
            parse(sql, "sqlite")
            assert "{" not in question + sql
            assert "  " not in sql
            compared = re.findall(r"(?:= |<> |\(|, )'((?:[^']|'')*)'", sql)
            for text in (t.replace("''", "'") for t in compared if not t.startswith("%")):
                spoken = text[:4] if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else text
                assert spoken in question or text.endswith("-01"), (question, sql)  # -01: where a year or month ends


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.make.__name__)
def test_each_shape_in_mysql(shape: Shape) -> None:
    """The same question in MySQL's dialect: its own quotes and date functions, and a name for each derived table."""
    _, sql, _ = drawn(shape, VIEW, 1)
    tree = parse(sql, "sqlite")
    text = tree.sql(dialect="mysql")
    parse(text, "mysql")
    assert "STRFTIME" not in text
    assert not re.search(r"\) WHERE place", text)


def said(view: View, table: str, what: str) -> str:
    """All the ways in which an entity of a table is put into words, or a condition on its year or date."""
    words = []
    for seed in range(300):
        d = Draw(view, Random(seed))
        if what == "entity":
            words.append(conditions.entity(d, view.tables[table]).words)
        else:
            words.append(conditions.condition(d, view.tables[table], ("year", "date")).words)
    return "; ".join(words)


def renamed(table: str, column: str, says: str, type_: str) -> View:
    """The view with another word and type for a column, so that only knowledge of the world would tell what it is."""
    columns = tuple(replace(c, says=says, type=type_) if c.name == column else c for c in VIEW.tables[table].columns)
    return replace(VIEW, tables={**VIEW.tables, table: replace(VIEW.tables[table], columns=columns)})


def test_a_column_is_left_unsaid_only_where_the_schema_tells_which_is_meant() -> None:
    called, since = re.compile(r"\b(named|called) "), re.compile(r"(^|; )(in|from|after|before|since) ")
    assert called.search(said(VIEW, "customers", "entity"))  # its column says "name"
    assert not called.search(said(renamed("customers", "full name", "toponym", "text"), "customers", "entity"))
    assert called.search(said(renamed("regions", "name", "toponym", "text"), "regions", "entity"))  # the one text
    assert since.search(said(VIEW, "customers", "when"))
    assert not since.search(said(renamed("customers", "born", "vintage", "integer"), "customers", "when"))
    assert since.search(said(renamed("orders", "placed", "vintage", "date"), "orders", "when"))
    assert not since.search(said(renamed("orders", "placed", "vintage", "text"), "orders", "when"))


def test_a_link_that_goes_by_the_name_of_its_table_is_never_shown_itself() -> None:
    """Who asks for sellers may mean their names."""

    def shown(view: View) -> int:
        drawn = [x for x in (draw(view, Random(seed)) for seed in range(1500)) if x]
        return sum(bool(re.match(r"SELECT (DISTINCT )?(orders\.)?seller_id\b", x.sql)) for x in drawn)

    assert shown(VIEW) > 0
    assert shown(renamed("orders", "seller_id", "seller", "link")) == 0


def test_levels_and_shapes_are_all_drawn() -> None:
    rng = Random(5)
    found = [x for x in (draw(VIEW, rng) for _ in range(4000)) if x]
    assert set(Counter(x.level for x in found)) == set(LEVELS)
    assert len({x.tags for x in found}) == len({s.tags for s in SHAPES})
    assert {x.level for x in (draw(VIEW, rng, "complex") for _ in range(50)) if x} == {"complex"}
    assert len({x.question for x in found}) > 0.8 * len(found)


def test_the_same_seed_draws_the_same() -> None:
    first, second = ([draw(VIEW, Random(seed)) for seed in range(200)] for _ in range(2))
    assert first == second


def test_a_view_of_another_dialect() -> None:
    view = View(VIEW.db_id, VIEW.tables, VIEW.links, "mysql")
    found = [x.sql for x in (draw(view, Random(seed)) for seed in range(300)) if x]
    assert any("`full name`" in sql for sql in found)
    assert not any('"' in sql or "STRFTIME" in sql for sql in found)


def test_a_view_with_nothing_to_ask() -> None:
    view = View("empty", {"t": ViewTable("t", "thing", "things", (ViewColumn("a", "a", "text", "text"),))})
    assert all(x is None or x.sql.startswith("SELECT") for x in (draw(view, Random(seed)) for seed in range(300)))


def test_slips_spare_values() -> None:
    """A misspelt value would be another question."""
    said = ["Rome", "Ann O'Neil"]
    for seed in range(500):
        text = finished("list customers named Ann O'Neil living in Rome today.", said, Random(seed))
        assert "Rome" in text
        assert "Ann O'Neil" in text


@pytest.mark.parametrize(
    ("noun", "many"),
    [
        ("city", "cities"),
        ("number of days", "numbers of days"),
        ("status", "statuses"),
        ("day", "days"),
        ("first name", "first names"),
        ("date of birth", "dates of birth"),
        ("box", "boxes"),
        ("person in charge", "people in charge"),
    ],
)
def test_plurals(noun: str, many: str) -> None:
    assert plural(noun) == many


def test_literals() -> None:
    assert [literal(v) for v in ("a'b", 3, 2.5, -1)] == ["'a''b'", "3", "2.5", "-1"]
