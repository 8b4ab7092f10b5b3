"""What a question pattern is, and the phrasings that several patterns share.

Slots (the prefix p is the table that t refers to, q the one after it, b a second one that t refers to):
t table, l/m/o joins t-p, p-q, t-b; c condition, cc two conditions, co either of two; e one row by name; n number,
r something to rank by, g category, d date, s statistic, v average or total, a any column to show, k a LIMIT,
h a HAVING threshold.
`{c}` is SQL over one table, `{c.full}` SQL over joined tables, `{c.np}` English ("orders with status shipped").
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter


@dataclass(frozen=True)
class Pattern:
    """One SQL shape and the ways to ask for it."""

    kind: str
    sql: str
    phrasings: tuple[str, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the slots, in a fixed order."""
        texts = " ".join((self.sql, *self.phrasings))
        return tuple(sorted({name.split(".")[0] for _, name, _, _ in Formatter().parse(texts) if name}))


def count(np: str) -> tuple[str, ...]:
    return (
        f"How many {np} are there?",
        f"Count the {np}.",
        f"What is the number of {np}?",
        f"How many {np} do we have?",
    )


def listing(what: str, np: str) -> tuple[str, ...]:
    return (
        f"List {what} of {np}.",
        f"Show {what} of all {np}.",
        f"What are {what} of {np}?",
        f"Give me {what} of {np}.",
    )


def value(what: str, np: str) -> tuple[str, ...]:
    return (f"What is {what} of {np}?", f"Find {what} of {np}.", f"Give me {what} of {np}.", f"Show {what} of {np}.")


def per(what: str, each: str) -> tuple[str, ...]:
    return (
        f"For each {each}, show {what}.",
        f"Show each {each} with {what}.",
        f"What is {what} for each {each}?",
        f"Give me {what} by {each}.",
    )


def most(one: str, many: str, has: str) -> tuple[str, ...]:
    return (f"Which {one} has {has}?", f"Find the {one} with {has}.", f"Of all {many}, which one has {has}?")


def first(k: str, many: str, has: str) -> tuple[str, ...]:
    return (f"Which {k} {many} have {has}?", f"Show the {k} {many} with {has}.", f"List the {k} {many} with {has}.")


def those(many: str, condition: str) -> tuple[str, ...]:
    return (f"Which {many} {condition}?", f"List the {many} that {condition}.", f"Show all {many} that {condition}.")
