"""Simple shapes: one table, no groups."""

from __future__ import annotations

from pipeline.synth.grammar.conditions import condition, conditions, entity, such, where
from pipeline.synth.grammar.draw import NUMBERS, Draw, quoted
from pipeline.synth.grammar.parts import (
    limit,
    more_statistics,
    named,
    rank,
    shown,
    statistic,
)
from pipeline.synth.grammar.shapes import Pair, shape
from pipeline.synth.grammar.words import COUNTING, listed, opened


@shape("simple", "count", weight=2)
def count(d: Draw) -> Pair:
    t = d.table()
    found = conditions(d, t, 2)
    return d.pick(COUNTING).format(such(t.many, found)), f"SELECT COUNT(*) FROM {quoted(t.name)}{where(found, False)}"


@shape("simple", "select", weight=4)
def listing(d: Draw) -> Pair:
    t = d.table()
    fields = d.fields(t, 4)
    found = conditions(d, t, 2)
    noun = such(t.many, found) if found else d.pick((t.many, f"all {t.many}", f"every {t.one}", f"all the {t.many}"))
    ask = opened(f"{named(d, fields)} {d.pick(('of', 'of', 'for'))} {noun}", d.rng)
    if d.chance(0.15):
        ask = d.pick(("For {0}, show {1}.", "For {0}, what are {1}?", "Of {0}, give {1}.")).format(
            noun, named(d, fields)
        )
    return ask, f"SELECT {shown(fields, False)} FROM {quoted(t.name)}{where(found, False)}"


@shape("simple", "select", weight=1)
def which(d: Draw) -> Pair:
    t = d.table()
    label = d.label(t)
    found = conditions(d, t, 2, least=1)
    ask = d.pick(("Which {0}? Give the {1}.", "Find the {0} and show their {1}.", "Which are the {0}? List the {1}."))
    return ask.format(
        such(t.many, found), label.says
    ), f"SELECT {label.bare} FROM {quoted(t.name)}{where(found, False)}"


@shape("simple", "select", weight=0.6)
def everything(d: Draw) -> Pair:
    t = d.table()
    found = conditions(d, t, 2)
    what = d.pick(
        ("all information about", "all details of", "all columns of", "everything about", "the full record of")
    )
    ask = opened(f"{what} {such(d.pick((t.many, f'the {t.many}')), found)}", d.rng)
    return ask, f"SELECT * FROM {quoted(t.name)}{where(found, False)}"


@shape("simple", "select", weight=1)
def of_one(d: Draw) -> Pair:
    t = d.table(("name",))
    who = entity(d, t)
    fields = d.fields(t, 3)
    ask = opened(f"{named(d, fields, many=False)} of the {t.one} {who.words}", d.rng, many=len(fields) > 1)
    return ask, f"SELECT {shown(fields, False)} FROM {quoted(t.name)} WHERE {who.sql(False)}"


@shape("simple", "distinct", weight=1)
def different(d: Draw) -> Pair:
    t = d.table()
    fields = [d.field(t, ("category", "category", "name", "year", "text", "flag"))]
    found = conditions(d, t, 1)
    word = d.pick(("different", "distinct", "unique", "different"))
    ask = opened(f"the {word} {listed([f.many for f in fields])} of {such(t.many, found)}", d.rng)
    return ask, f"SELECT DISTINCT {shown(fields, False)} FROM {quoted(t.name)}{where(found, False)}"


@shape("simple", "aggregate", weight=3)
def aggregate(d: Draw) -> Pair:
    t = d.table(NUMBERS)
    what = more_statistics(d, t, statistic(d, t))
    found = conditions(d, t, 2)
    noun = such(d.pick((t.many, f"all {t.many}")), found)
    ask = opened(f"the {listed([s.says for s in what])} of {noun}", d.rng, many=len(what) > 1)
    return ask, f"SELECT {', '.join(s.sql(False) for s in what)} FROM {quoted(t.name)}{where(found, False)}"


@shape("simple", "aggregate", weight=0.5)
def count_and_statistic(d: Draw) -> Pair:
    t = d.table(NUMBERS)
    what = statistic(d, t)
    found = conditions(d, t, 1)
    ask = opened(f"the number of {such(t.many, found)} and their {what.says}", d.rng)
    return ask, f"SELECT COUNT(*), {what.sql(False)} FROM {quoted(t.name)}{where(found, False)}"


@shape("simple", "count", "distinct", weight=1)
def count_different(d: Draw) -> Pair:
    t = d.table()
    field = d.field(t, ("category", "category", "name", "year"))
    found = conditions(d, t, 1)
    word = d.pick(("different", "distinct", "unique"))
    ask = d.pick(
        ("How many {0} {1} {2}?", "Count the {0} {1} of {3}.", "What is the number of {0} {1} of {3}?")
    ).format(word, field.many, f"do {such(t.many, found)} have", such(t.many, found))
    return ask, f"SELECT COUNT(DISTINCT {field.bare}) FROM {quoted(t.name)}{where(found, False)}"


@shape("simple", "order", weight=2)
def ordered(d: Draw) -> Pair:
    t = d.table()
    by = rank(d, t, text=True)
    fields = d.fields(t, 3)
    if d.chance(0.35):
        fields = [by.field, *fields] if d.chance(0.3) else [*fields, by.field]
    found = conditions(d, t, 1)
    noun = such(d.pick((t.many, f"all {t.many}")), found)
    order = f"ORDER BY {by.field.bare}{by.direction}"
    if d.chance(0.15):
        ask = d.pick(("Sort {0} by {1} {2} and show {3}.", "Order {0} by {1} {2} and give {3}.")).format(
            noun, by.field.says, "descending" if by.down else "ascending", named(d, fields)
        )
    else:
        ask = opened(f"{named(d, fields)} of {noun}{d.pick((', ', ' '))}{by.order(d)}", d.rng)
    return ask, f"SELECT {shown(fields, False)} FROM {quoted(t.name)}{where(found, False)} {order}"


@shape("simple", "order", "limit", weight=2)
def top(d: Draw) -> Pair:
    t = d.table()
    by = rank(d, t)
    fields = d.fields(t, 3)
    found = conditions(d, t, 1)
    if d.chance(0.6):
        k, ask = (
            1,
            opened(f"{named(d, fields, False)} of the {by.first(d, such(t.one, found))}", d.rng, len(fields) > 1),
        )
        if d.chance(0.3):
            ask = d.pick(("Which {0} has {1}? Show {2}.", "Of all {3}, which one has {1}? Give {2}.")).format(
                such(t.one, found), by.best(d), named(d, fields, False), such(t.many, found)
            )
    else:
        k = limit(d)
        ask = opened(f"{named(d, fields)} of the {k} {by.first(d, such(t.many, found))}", d.rng)
        if d.chance(0.3) and by.down and by.field.column.kind in NUMBERS:
            ask = opened(f"{named(d, fields)} of the top {k} {such(t.many, found)} by {by.field.says}", d.rng)
    order = f"ORDER BY {by.field.bare}{by.direction} LIMIT {k}"
    return ask, f"SELECT {shown(fields, False)} FROM {quoted(t.name)}{where(found, False)} {order}"


@shape("simple", "condition", weight=1)
def either(d: Draw) -> Pair:
    t = d.table()
    first, second = condition(d, t), condition(d, t)
    sql = where([first, second], False, "OR")
    noun = such(t.many, [first, second], "or")
    if d.chance(0.4):
        return d.pick(COUNTING).format(noun), f"SELECT COUNT(*) FROM {quoted(t.name)}{sql}"
    fields = d.fields(t, 3)
    return opened(f"{named(d, fields)} of {noun}", d.rng), f"SELECT {shown(fields, False)} FROM {quoted(t.name)}{sql}"
