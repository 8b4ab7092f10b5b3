"""Moderate shapes over two tables that a foreign key connects: a child refers to its parent."""

from __future__ import annotations

from pipeline.synth.grammar.conditions import conditions, such, where
from pipeline.synth.grammar.draw import GROUPS, Draw, quoted
from pipeline.synth.grammar.parts import (
    limit,
    named,
    rank,
    shown,
    statistic,
)
from pipeline.synth.grammar.relatives import children_of, parents_having, some_parents
from pipeline.synth.grammar.shapes import Pair, shape
from pipeline.synth.grammar.words import COUNTING, listed, opened


@shape("moderate", "join", "count", weight=2)
def count_of_parent(d: Draw) -> Pair:
    edge = d.edge()
    parents, children = some_parents(d, edge, 1), conditions(d, edge.child, 1)
    ask = d.pick(COUNTING).format(children_of(d, edge, children, parents))
    return ask, f"SELECT COUNT(*) FROM {edge.joined}{where([*children, *parents], True)}"


@shape("moderate", "join", "select", weight=3)
def children_of_parent(d: Draw) -> Pair:
    edge = d.edge()
    fields = d.fields(edge.child, 3)
    parents, children = some_parents(d, edge, 1), conditions(d, edge.child, 1)
    ask = opened(f"{named(d, fields)} of {children_of(d, edge, children, parents)}", d.rng)
    return ask, f"SELECT {shown(fields, True)} FROM {edge.joined}{where([*children, *parents], True)}"


@shape("moderate", "join", "select", weight=2.5)
def child_and_parent(d: Draw) -> Pair:
    edge = d.edge()
    own, others = d.fields(edge.child, 2), d.fields(edge.parent, 2)
    children = conditions(d, edge.child, 1)
    noun = such(edge.child.many, children)
    fields = [*own, *others]
    if d.chance(0.5):
        what = f"{named(d, own)} of {noun} and the {listed([f.says for f in others])} of their {edge.parent.one}"
    elif d.chance(0.5):
        fields = [*others, *own]
        what = f"the {listed([f.whose for f in others])} and {named(d, own)} of {noun}"
    else:
        what = f"{named(d, own)} of {noun} together with the {listed([f.whose for f in others])}"
    return opened(what, d.rng), f"SELECT {shown(fields, True)} FROM {edge.joined}{where(children, True)}"


@shape("moderate", "join", "aggregate", weight=1.5)
def statistic_of_parent(d: Draw) -> Pair:
    edge = d.edge()
    what = statistic(d, edge.child)
    parents, children = some_parents(d, edge, 1), conditions(d, edge.child, 1)
    ask = opened(f"the {what.says} of {children_of(d, edge, children, parents)}", d.rng, many=False)
    return ask, f"SELECT {what.sql(True)} FROM {edge.joined}{where([*children, *parents], True)}"


@shape("moderate", "subquery", "select", weight=2.5)
def parents_with(d: Draw) -> Pair:
    edge = d.edge()
    fields = d.fields(edge.parent, 3)
    children, parents = conditions(d, edge.child, 2, 1), conditions(d, edge.parent, 1)
    inner = f"{edge.key_bare} IN (SELECT {edge.fk_bare} FROM {quoted(edge.child.name)}{where(children, False)})"
    sql = f"FROM {quoted(edge.parent.name)}{where(parents, False)} {'AND' if parents else 'WHERE'} {inner}"
    noun = parents_having(edge, parents, children)
    if d.chance(0.3):
        return d.pick(COUNTING).format(noun), f"SELECT COUNT(*) {sql}"
    ask = opened(f"{named(d, fields)} of {noun}", d.rng)
    if d.chance(0.2):
        ask = f"Which {noun}? {d.pick(('Show', 'Give', 'List'))} {named(d, fields)}."
    return ask, f"SELECT {shown(fields, False)} {sql}"


@shape("moderate", "join", "group", weight=3)
def per_parent(d: Draw) -> Pair:
    edge = d.edge()
    label = d.label(edge.parent)
    number = d.chance(0.6)
    what = None if number else statistic(d, edge.child)
    children = conditions(d, edge.child, 1)
    noun, one = such(edge.child.many, children), edge.parent.one
    says = f"the number of {noun}" if what is None else f"the {what.says} of {noun}"
    ask = d.pick(
        (
            *(f"For each {one}, show the {label.says} and {says}.", f"Show the {label.says} of each {one} and {says}."),
            *(
                f"What is {says} for each {one}? Show the {label.says} too.",
                f"List {label.whose} and {says} per {one}.",
            ),
            *(f"Give {says} by {one}, with the {label.says}.", f"For every {one} give its {label.says} and {says}."),
            f"Show {edge.parent.one} {label.many} with {says} each has.",
        )
    )
    if what is None and d.chance(0.3):
        ask = f"How many {noun} does each {one} have? Show the {label.says} and the number."
    value = "COUNT(*)" if what is None else what.sql(True)
    return ask, f"SELECT {label.full}, {value} FROM {edge.joined}{where(children, True)} GROUP BY {edge.key}"


@shape("moderate", "join", "group", weight=1.5)
def per_parent_group(d: Draw) -> Pair:
    edge = d.edge()
    group = d.field(edge.parent, GROUPS)
    number = d.chance(0.6)
    what = None if number else statistic(d, edge.child)
    children = conditions(d, edge.child, 1)
    noun = such(edge.child.many, children)
    says = f"the number of {noun}" if what is None else f"the {what.says} of {noun}"
    ask = d.pick(
        (
            *(f"For each {group.whose}, show {says}.", f"Show {says} for each {group.says} of the {edge.parent.one}."),
            *(
                f"What is {says} by {group.whose}?",
                f"Give {says} per {group.whose}.",
                f"{says}, grouped by {group.whose}",
            ),
        )
    )
    value = "COUNT(*)" if what is None else what.sql(True)
    return ask, f"SELECT {group.full}, {value} FROM {edge.joined}{where(children, True)} GROUP BY {group.full}"


@shape("moderate", "subquery", "negation", weight=2)
def parents_without(d: Draw) -> Pair:
    edge = d.edge()
    fields = d.fields(edge.parent, 2)
    parents, children = conditions(d, edge.parent, 1), conditions(d, edge.child, 1)
    noun, kids = such(edge.parent.many, parents), such(edge.child.many, children)
    words = d.pick(
        (
            *(f"{noun} {d.pick(('without any', 'with no', 'that have no', 'that do not have any'))} {kids}",) * 2,
            f"{noun} for which there are no {kids}",
        )
    )
    matching = " AND ".join([f"{edge.fk} = {edge.key}", *(c.sql(True) for c in children)])
    inner = f"NOT EXISTS (SELECT 1 FROM {quoted(edge.child.name)} WHERE {matching})"
    sql = f"FROM {quoted(edge.parent.name)}{where(parents, True)} {'AND' if parents else 'WHERE'} {inner}"
    if d.chance(0.3):
        return d.pick(COUNTING).format(words), f"SELECT COUNT(*) {sql}"
    return opened(f"{named(d, fields)} of {words}", d.rng), f"SELECT {shown(fields, True)} {sql}"


@shape("moderate", "join", "order", "limit", weight=1.5)
def parent_of_top(d: Draw) -> Pair:
    edge = d.edge()
    by = rank(d, edge.child)
    fields = d.fields(edge.parent, 2)
    children = conditions(d, edge.child, 1)
    thing = by.first(d, such(edge.child.one, children))
    ask = d.pick(
        (
            opened(f"{named(d, fields, False)} of the {edge.parent.one} of the {thing}", d.rng, len(fields) > 1),
            f"Which {edge.parent.one} does the {thing} belong to? Show {named(d, fields, False)}.",
            opened(
                f"{named(d, fields, False)} of the {edge.parent.one} {edge.link.has} the {thing}",
                d.rng,
                len(fields) > 1,
            ),
        )
    )
    order = f"ORDER BY {by.field.full}{by.direction} LIMIT 1"
    return ask, f"SELECT {shown(fields, True)} FROM {edge.joined}{where(children, True)} {order}"


@shape("moderate", "join", "order", weight=1)
def children_in_order(d: Draw) -> Pair:
    edge = d.edge()
    by = rank(d, edge.child)
    fields = d.fields(edge.child, 2)
    parents = some_parents(d, edge, 1)
    k = limit(d) if d.chance(0.35) else 0
    noun = children_of(d, edge, [], parents)
    if k:
        ask = opened(f"{named(d, fields)} of the {k} {noun}, those with {by.best(d)}", d.rng)
    else:
        ask = opened(f"{named(d, fields)} of {noun}, {by.order(d)}", d.rng)
    order = f"ORDER BY {by.field.full}{by.direction}{f' LIMIT {k}' if k else ''}"
    return ask, f"SELECT {shown(fields, True)} FROM {edge.joined}{where(parents, True)} {order}"


@shape("moderate", "join", "distinct", weight=1)
def different_of_parent(d: Draw) -> Pair:
    edge = d.edge()
    field = d.field(edge.parent, ("category", "category", "year", "name"))
    children = conditions(d, edge.child, 1, 1)
    ask = opened(
        f"the {d.pick(('different', 'distinct', 'unique'))} {field.many} of {parents_having(edge, [], children)}", d.rng
    )
    return ask, f"SELECT DISTINCT {field.full} FROM {edge.joined}{where(children, True)}"
