"""The one text form: schema, prompt, and completions that are taken apart as they were put together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.example import Column, Database, Example, ForeignKey, Schema
from pipeline.data.prompts import (
    THINK_CLOSE,
    THINK_OPEN,
    Mode,
    read_completion,
    render_completion,
    render_prompt,
    render_schema,
)

SQL = "SELECT 1"


class Template:
    """A chat template that shows its messages."""

    def apply_chat_template(self, messages: list[dict[str, str]], **options: Any) -> str:
        assert options == {"tokenize": False, "add_generation_prompt": True}
        return "".join(f"[{m['role']}]{m['content']}" for m in messages) + "[assistant]"


def test_schema_shows_types_keys_and_joins(shop: Database) -> None:
    assert render_schema(shop.schema).splitlines() == [
        "customers(customer_id integer key, name text, city text)",
        "orders(order_id integer key, customer_id integer, amount real)",
        "notes(note_id integer key, order_id integer, body text)",
        "joins: orders.customer_id = customers.customer_id, notes.order_id = orders.order_id",
    ]


def test_names_that_sql_must_quote_are_quoted() -> None:
    schema = Schema(
        {"order items": (Column("1st", ""), Column('a"b', "text"), Column("größe", "int"))},
        (ForeignKey("order items", "1st", "t", "x-y"),),
    )
    assert render_schema(schema).splitlines() == [
        '"order items"("1st", "a""b" text, größe int)',
        'joins: "order items"."1st" = t."x-y"',
    ]
    assert render_schema(Schema({})) == ""


@pytest.mark.parametrize("mode", ["think", "no_think"])
def test_prompt(shop: Database, mode: Mode) -> None:
    example = Example("shop", "How many?", (SQL,), reasoning="A secret thought.", source="secret.json#1")
    text = render_prompt(Template(), example, shop, mode)
    assert (
        text == f"[user]Write one sqlite query.\n{render_schema(shop.schema)}\nQuestion: How many? /{mode}[assistant]"
    )
    with_evidence = render_prompt(Template(), replace(example, evidence="many = more than 3"), shop, mode)
    assert "\nEvidence: many = more than 3\nQuestion: " in with_evidence


def test_the_prompt_does_not_tell_the_answer(shop: Database) -> None:
    example = Example("shop", "Who?", ("SELECT gold",), difficulty="hard", source="dev.json#1", reasoning="Because.")
    text = render_prompt(Template(), example, shop, "think")
    assert not any(secret in text for secret in ("gold", "hard", "dev.json", "Because"))


# Thoughts and SQL as they may be: any text that holds no think tag and no code fence.
def parts(text: str, mode: Mode) -> tuple[str, str, bool]:
    """Thought, SQL and whether it is well formed."""
    completion = read_completion(text, mode)
    return completion.thought, completion.sql, completion.well_formed


TEXTS = (
    st.text(min_size=1).map(str.strip).filter(lambda t: t and not any(m in t for m in ("<think>", "</think>", "```")))
)


@given(TEXTS, TEXTS)
def test_a_thinking_completion_is_read_as_it_was_written(thought: str, sql: str) -> None:
    text = render_completion(thought, sql)
    assert parts(text, "think") == (thought, sql, True)
    assert parts(text, "no_think") == (thought, sql, False)


@given(TEXTS)
def test_a_completion_without_thought_is_read_as_it_was_written(sql: str) -> None:
    text = render_completion(None, sql)
    assert parts(text, "no_think") == ("", sql, True)
    assert parts(text, "think") == ("", sql, False)


@given(st.text(), st.sampled_from(["think", "no_think"]))
def test_any_text_can_be_read(text: str, mode: Mode) -> None:
    completion = read_completion(text, mode)
    assert completion.sql == completion.sql.strip()
    assert not completion.well_formed or (completion.sql and text.lstrip().startswith(THINK_OPEN))


@pytest.mark.parametrize(
    ("text", "mode", "expected"),
    [
        # two think blocks
        (f"<think>a</think>\n<think>b</think>\n{SQL}", "think", ("a", "", False)),
        (f"<think>a</think>\n<think>b</think>\n```sql\n{SQL}\n```", "think", ("a", SQL, False)),
        (f"<think></think>\n<think>b</think>\n{SQL}", "no_think", ("", "", False)),
        # a block inside a block, and tags that are left over
        (f"<think>a<think>b</think>\n{SQL}", "think", ("a<think>b", SQL, False)),
        (f"<think>a</think>\n{SQL}</think>", "think", ("a", f"{SQL}</think>", False)),
        # text before
        (f"Sure!\n<think>a</think>\n{SQL}", "think", ("", "", False)),
        (f"{SQL}\n<think>a</think>\n{SQL}", "think", ("", "", False)),
        # no think block: the SQL counts, the form does not
        (SQL, "think", ("", SQL, False)),
        (SQL, "no_think", ("", SQL, False)),
        # a block that was never closed (cut at the token limit), or never opened
        ("<think>a long thought", "think", ("", "", False)),
        (f"a</think>\n{SQL}", "think", ("", f"a</think>\n{SQL}", False)),
        # the wrong mode
        (f"<think>\n \n</think>\n\n{SQL}", "think", ("", SQL, False)),
        (f"<think>a</think>\n\n{SQL}", "no_think", ("a", SQL, False)),
        # no SQL
        ("<think>a</think>", "think", ("a", "", False)),
        ("<think>a</think>\n\n  \n", "think", ("a", "", False)),
        ("<think>a</think>\n```sql\n\n```", "think", ("a", "", False)),
        ("<think></think>", "no_think", ("", "", False)),
        ("", "no_think", ("", "", False)),
        # fenced SQL
        (f"<think>a</think>\n```sql\n{SQL}\n```", "think", ("a", SQL, True)),
        (f"<think>a</think>\n```\n{SQL}\n```\n", "think", ("a", SQL, True)),
        (f"<think></think>\n```SQL\n{SQL}\n```", "no_think", ("", SQL, True)),
        (f"<think>a</think>\n```sql {SQL}```", "think", ("a", SQL, True)),
        # prose around the block: the SQL counts, the form does not
        (f"<think>a</think>\nHere:\n```sql\n{SQL}\n```\nDone.", "think", ("a", SQL, False)),
        # white space around
        (f"\n <think>a</think>{SQL} \n", "think", ("a", SQL, True)),
    ],
)
def test_forms(text: str, mode: Mode, expected: tuple[str, str, bool]) -> None:
    assert parts(text, mode) == expected


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (f"<think>a</think>\n\n{SQL}\n", SQL),
        (f"<think>a</think>\nHere:\n```sql\n{SQL}\n```\nDone.", f"Here:\n```sql\n{SQL}\n```\nDone."),
        (SQL, SQL),
        ("<think>a", "<think>a"),
    ],
)
def test_the_answer_is_what_follows_the_think_block(text: str, answer: str) -> None:
    assert read_completion(text, "think").answer == answer


def test_the_thought_is_stripped_and_the_tags_are_qwens() -> None:
    assert render_completion(" a \n", SQL) == f"{THINK_OPEN}\na\n{THINK_CLOSE}\n\n{SQL}"
    assert render_completion(None, SQL) == f"<think>\n\n</think>\n\n{SQL}"
