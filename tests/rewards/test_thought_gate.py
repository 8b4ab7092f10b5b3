"""The gate lets thoughts through and holds keyword stuffing back."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.example import Column, Database, Schema
from pipeline.data.spider import load_spider
from pipeline.rewards.thought_gate import refusal, schema_names, stuffing
from pipeline.synth.samples.writing import write_samples
from pipeline.synth.thoughts import describe

SCHEMA = Schema(
    {
        "customers": tuple(Column(name, "text") for name in ("customer_id", "name", "city")),
        "orders": tuple(Column(name, "text") for name in ("order_id", "customer_id", "amount", "placed_on")),
    }
)
SHOP = Database("shop", "sqlite", "", SCHEMA, "")
SQL = (
    "SELECT c.name, SUM(o.amount) FROM customers c JOIN orders o ON c.customer_id = o.customer_id "
    "WHERE c.city = 'Bern' GROUP BY c.customer_id ORDER BY SUM(o.amount) DESC LIMIT 3"
)

# The same query, reasoned about in the styles of different writers and models.
GOOD = {
    "plain": (
        "We need the customers who live in Bern, so I filter customers by city. Their spending is in the table "
        "orders, which I join on customer_id. Then I add up the amount for each customer and keep the three "
        "largest totals."
    ),
    "musing": (
        "Okay, let's see. The question asks for the top three customers of Bern by what they spent. Hmm, the "
        "city is in customers, but the amount is in orders. Wait, do I need every order? Yes, because the "
        "total is a sum over all of them. So I group by the customer and sort descending."
    ),
    "numbered": (
        "1. Find the customers in Bern by their city.\n2. Join orders to them with customer_id.\n3. Sum the "
        "amount of each customer's orders.\n4. Sort by that sum, largest first, and return only the first three "
        "rows with the name."
    ),
    "bullets": (
        "To answer this I need two tables:\n- customers, because it has the name and the city\n- orders, because "
        "it holds the amount of each order\n\nThey are linked by customer_id. After joining, I group the rows by "
        "customer and sort the groups by the total amount."
    ),
    "markdown": (
        "**Goal**: the three best customers of Bern.\n\n**Tables**: `customers` gives the name, `orders` gives "
        "the amount. They share `customer_id`.\n\n**Steps**: filter on the city first, since that leaves fewer "
        "rows to join. Then sum the amount per customer and take the top three."
    ),
    "with code": (
        "The city restricts the customers, and the amount comes from orders. I will join both tables on the "
        "customer_id and aggregate:\n```sql\nSELECT name, SUM(amount) FROM customers JOIN orders USING "
        "(customer_id)\n```\nThat still lacks the filter for Bern and the limit of three, so both of them must "
        "be added at the end."
    ),
    "inline SQL": (
        "First I restrict the rows with WHERE city = 'Bern'. The amounts are in orders, so I JOIN orders ON "
        "customer_id. Since we want one row for each customer, I GROUP BY customer_id and return the name with "
        "SUM(amount). Finally ORDER BY the sum DESC with LIMIT 3."
    ),
    "terse": (
        "City is a column of customers, amount is one of orders. Join them on customer_id, keep only Bern, sum "
        "the amount for every customer, put the highest first and stop after three of them."
    ),
    "questioning": (
        "What does the question want? It wants names. Of whom? Of customers from Bern. Which of them? Those "
        "three who paid the most in all their orders. How do I know what they paid? From the amount of each "
        "order, which I have to add up."
    ),
    "careful": (
        "A customer without orders has no amount at all, and an inner join would drop such a customer. This is "
        "fine here, because only the three with the highest total are asked for. The city must be Bern, and "
        "the total is the sum of the amount over the customer's orders."
    ),
    "spoken names": (
        "The customer id links the two tables. For everyone whose city is Bern I look up what they ordered and "
        "sum up the amount. The result has one row per customer, sorted by that sum in descending order, and "
        "no more than three rows."
    ),
    "long": (
        "The database has two tables. The table customers has one row for each customer, with the name and the "
        "city where they live. The table orders has one row for each order, with the amount that was paid and "
        "the day it was placed on. The question is about customers in Bern, so the first step is a filter on "
        "the city. The second step is to find their orders, which refer to customers by customer_id. In the "
        "third step the orders of the same customer are put together and their amounts are added. What remains "
        "is to sort by the sum, with the largest first, and to cut the list after three rows."
    ),
}

_NAMES = ["customers", "orders", "customer_id", "name", "city", "amount", "order_id", "placed_on"]
_KEYWORDS = [
    *("SELECT", "FROM", "WHERE", "JOIN", "ON", "GROUP", "BY", "ORDER"),
    *("DESC", "LIMIT", "SUM", "COUNT", "AND", "IN", "HAVING", "DISTINCT"),
]


def _drawn(pools: list[list[str]], seed: int) -> str:
    draw = random.Random(seed)
    return " ".join(draw.choice(pool) for _ in range(20) for pool in pools)


def _shuffled(text: str, seed: int = 1) -> str:
    words = text.split()
    random.Random(seed).shuffle(words)
    return " ".join(words)


def _as_sentences(text: str) -> str:
    """Shuffled, and cut into what looks like sentences."""
    words = [word.strip(".,?").lower() for word in _shuffled(text).split()]
    return " ".join(" ".join(words[i : i + 9]).capitalize() + "." for i in range(0, len(words), 9))


STUFFED = {
    "names": _drawn([_NAMES], 1) + " " + _drawn([_NAMES], 2),
    "names and keywords": _drawn([_KEYWORDS, _NAMES], 1),
    "names and keywords, in sentences": _drawn([_KEYWORDS, _NAMES, ["customers.", "the", "amount."]], 2),
    "lower case keywords": _drawn([_KEYWORDS, _NAMES], 3).lower(),
    "listed with commas": ", ".join(_drawn([_NAMES, _KEYWORDS], 4).split()),
    "one filler": _drawn([["the"], _NAMES, _KEYWORDS], 5),
    "many fillers": _drawn([["the", "so", "we", "need", "a", "then", "this", "which"], _NAMES, _KEYWORDS], 6),
    "the x of the y": " ".join(f"The {_NAMES[i]} of the {_NAMES[i - j]} and." for j in (1, 2, 3) for i in range(8)),
    "the SQL itself": f"{SQL} {SQL}",
    "the schema": "customers(customer_id key, name text, city text) orders(order_id key, customer_id integer, amount "
    "real, placed_on text) joins: orders.customer_id = customers.customer_id city text amount real name text, "
    "order_id key, placed_on text, customers orders",
    "stuffing behind a thought": GOOD["plain"] + " " + _drawn([_NAMES, _KEYWORDS], 7),
    "stuffing before a thought": _drawn([_NAMES, _KEYWORDS], 8) + ". " + GOOD["plain"],
    "shuffled": _shuffled(GOOD["plain"]),
    "shuffled, longer": _shuffled(GOOD["long"]),
    "shuffled musing": _shuffled(GOOD["musing"]),
    "shuffled into sentences": _as_sentences(GOOD["long"]),
    "shuffled into sentences, shorter": _as_sentences(GOOD["careful"]),
    "sorted": " ".join(sorted(GOOD["long"].split())),
    "sorted, shorter": " ".join(sorted(GOOD["plain"].split())),
    "backwards": " ".join(reversed(GOOD["long"].split())),
    "said twice": f"{GOOD['plain']} {GOOD['plain']}",
    "one word changed": " ".join(
        f"First I look at the customers of the city and then at their {word}." for word in ("name", "amount", "orders")
    ),
    "each sentence once more": " ".join(
        f"{sentence}. {sentence.replace('the', 'each', 1)}." for sentence in GOOD["long"].strip(".").split(". ")
    ),
    "one word": "amount " * 40,
    "function words": "the of and to in that it is so we need this for which " * 3 + "customers amount.",
    "no punctuation": " ".join(word.strip(".,") for word in _shuffled(GOOD["careful"], 3).lower().split()),
}


@pytest.mark.parametrize("style", GOOD)
def test_thoughts_pass(style: str) -> None:
    assert refusal(GOOD[style], SQL, SHOP, min_words=25) is None


@pytest.mark.parametrize("trick", STUFFED)
def test_stuffing_does_not(trick: str) -> None:
    assert len(STUFFED[trick].split()) >= 30
    assert refusal(STUFFED[trick], SQL, SHOP) is not None
    assert stuffing(STUFFED[trick], schema_names(SHOP)) is not None


@pytest.fixture(scope="module")
def derived(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, Database]]:
    """Thought, SQL and database of the bundled samples' questions."""
    folder = write_samples(tmp_path_factory.mktemp("samples") / "samples", seed=5, questions_per_database=60)
    loaded = load_spider(folder)
    thoughts = [(e.reasoning or "", e.gold_sql[0], loaded.databases[e.db_id]) for e in loaded.train]
    assert len(thoughts) > 150
    return thoughts


def test_the_products_own_thoughts_pass_but_for_their_length(
    derived: list[tuple[str, str, Database]], record_property: pytest.RecordProperty
) -> None:
    reasons = [refusal(*thought) for thought in derived]
    share = reasons.count(None) / len(reasons)
    record_property("share_of_derived_thoughts_that_pass", share)
    assert set(reasons) <= {None, "length"}
    assert share > 0.6
    assert [refusal(*thought, min_words=15) for thought in derived].count(None) >= 0.99 * len(derived)


@pytest.mark.parametrize(
    ("spoil", "most"),
    [
        (_shuffled, 0.1),
        (_as_sentences, 0.1),
        (lambda text: " ".join(sorted(text.split())), 0.02),
        (lambda text: " ".join(reversed(text.split())), 0.02),
        (lambda text: f"{text} {text.replace('rows', 'records')}", 0.0),
    ],
)
def test_hardly_any_spoilt_thought_passes(
    derived: list[tuple[str, str, Database]], spoil: Callable[[str], str], most: float
) -> None:
    long = [thought for thought in derived if refusal(*thought) is None]
    passed = [text for text, sql, database in long if refusal(spoil(text), sql, database) is None]
    assert len(passed) <= most * len(long)


@pytest.mark.parametrize(
    ("thought", "sql", "reason"),
    [
        ("Join customers with orders.", SQL, "length"),
        (GOOD["plain"] + " x" * 1990, SQL, "length"),
        (GOOD["plain"] + " \ud800", SQL, "half a character"),
        (GOOD["plain"], "SELECT order_id, placed_on FROM orders", "names"),  # of these it mentions only orders
        (GOOD["plain"], "SELECT count(*) FROM orders", None),  # a query of one name
        (GOOD["plain"], "SELECT SELECT", None),  # then any two of the schema will do
        ("```sql\n" + GOOD["plain"] + "\n```", SQL, "no words"),
    ],
)
def test_the_other_reasons(thought: str, sql: str, reason: str | None) -> None:
    assert refusal(thought, sql, SHOP) == reason


def test_names_may_be_written_with_blanks() -> None:
    schema = Schema({"order_items": (Column("unit_price", "real"), Column("Date of Sale", "text"))})
    database = Database("d", "sqlite", "", schema, "")
    thought = "Every sale has a row of its own among the order items. I sort them by the {} and return the first one, "
    thought += "which is what the question asks for, because it wants only the highest of all."
    sql = 'SELECT unit_price FROM order_items ORDER BY "Date of Sale" LIMIT 1'
    assert refusal(thought.format("unit price"), sql, database) is None
    assert refusal(thought.format("date of sale"), sql, database) is None
    assert refusal(thought.replace("order items", "things").format("unit price"), sql, database) == "names"


@given(st.text() | st.lists(st.sampled_from([*_NAMES, "the", "of", ".", "\n", "```", "'", "A"])).map(" ".join))
def test_any_text_is_judged(text: str) -> None:
    assert refusal(text, SQL, SHOP, min_words=1) is None or stuffing(text, schema_names(SHOP)) != ""


def test_derived_thoughts_of_other_dialects_pass() -> None:
    sql = (
        "SELECT `name`, COUNT(*) FROM `customers` JOIN `orders` USING (`customer_id`) "
        "WHERE `city` = 'Bern' GROUP BY `name`"
    )
    database = Database("shop", "mysql", "", SCHEMA, "")
    assert refusal(describe(sql, "mysql") or "", sql, database, min_words=20) is None
