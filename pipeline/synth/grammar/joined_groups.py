"""Complex shapes over joined tables: groups with conditions, three tables, bridges, inner queries."""

from __future__ import annotations

from pipeline.synth.grammar.conditions import conditions, such, where
from pipeline.synth.grammar.draw import NUMBERS, Draw, quoted
from pipeline.synth.grammar.parts import (
    bound,
    count_bound,
    named,
    shown,
    statistic,
)
from pipeline.synth.grammar.relatives import children_of, of_parents, some_parents
from pipeline.synth.grammar.shapes import Pair, shape
from pipeline.synth.grammar.words import COUNTING, listed, opened


@shape("complex", "join", "group", "having", weight=2.5)
def parents_with_many(d: Draw) -> Pair:
    edge = d.edge()
    label = d.label(edge.parent)
    fields = [label] if d.chance(0.7) else [label, d.field(edge.parent, ("category", "integer", "year", "text"))]
    children = conditions(d, edge.child, 1)
    noun = such(edge.child.many, children)
    if d.chance(0.65):
        limits = count_bound(d)
        value, words, also = "COUNT(*)", f"{limits.words} {noun}", "the number"
    else:
        what = statistic(d, edge.child, "AVG SUM MAX")
        limits = bound(d, what.field)
        value, also = what.sql(True), f"the {what.says}"
        words = f"{noun} with {what.says} {limits.words}"
    both = d.chance(0.3)
    tail, shows = f" and {also}" if both else "", listed([f.says for f in fields])
    ask = d.pick(
        (
            f"Which {edge.parent.many} {d.pick(('have', edge.link.has))} {words}? Show the {shows}{tail}.",
            opened(f"{named(d, fields)} of {edge.parent.many} {d.pick((edge.link.has, 'with'))} {words}{tail}", d.rng),
        )
    )
    columns = f"{shown(fields, True)}{f', {value}' if both else ''}"
    grouped = f"GROUP BY {edge.key} HAVING {value} {limits.sign} {limits.value}"
    return ask, f"SELECT {columns} FROM {edge.joined}{where(children, True)} {grouped}"


@shape("complex", "join", "group", "order", "limit", weight=3)
def parent_with_most(d: Draw) -> Pair:
    edge = d.edge()
    label = d.label(edge.parent)
    fields = [label] if d.chance(0.7) else [label, d.field(edge.parent, ("category", "integer", "year", "text"))]
    children = conditions(d, edge.child, 1)
    noun, down = such(edge.child.many, children), d.chance(0.8)
    k = d.pick((1, 1, 1, 3, 5, 10))
    if d.chance(0.6):
        value, best, also = "COUNT(*)", f"the {'most' if down else 'fewest'} {noun}", "the number"
        if k == 1 and d.chance(0.3):
            best = f"the {'largest' if down else 'smallest'} number of {noun}"
    else:
        what = statistic(d, edge.child, "AVG SUM")
        value, also = what.sql(True), f"the {what.says}"
        best = f"the {'highest' if down else 'lowest'} {what.says} of {noun}"
    both = d.chance(0.35)
    front, have = (f"{k} {edge.parent.many}", "have") if k > 1 else (edge.parent.one, "has")
    tail = f" and {also}" if both else ""
    ask = d.pick(
        (
            f"Which {front} {have} {best}? Show the {listed([f.says for f in fields])}{tail}.",
            opened(f"{named(d, fields, k > 1)} of the {front} with {best}{tail}", d.rng, k > 1 or len(fields) > 1),
        )
    )
    columns = f"{shown(fields, True)}{f', {value}' if both else ''}"
    order = f"ORDER BY {value}{' DESC' if down else ''} LIMIT {k}"
    return ask, f"SELECT {columns} FROM {edge.joined}{where(children, True)} GROUP BY {edge.key} {order}"


@shape("complex", "join", "group", "order", weight=1)
def parents_in_order(d: Draw) -> Pair:
    edge = d.edge()
    label = d.label(edge.parent)
    children = conditions(d, edge.child, 1)
    down = d.chance(0.6)
    noun = such(edge.child.many, children)
    way = "most first" if down else "fewest first"
    ask = d.pick(
        (
            f"Show the {label.says} of each {edge.parent.one} and the number of {noun}, {way}.",
            f"List {edge.parent.many} by their number of {noun}, {way}; give {label.says} and number.",
        )
    )
    order = f"ORDER BY COUNT(*){' DESC' if down else ''}"
    return ask, f"SELECT {label.full}, COUNT(*) FROM {edge.joined}{where(children, True)} GROUP BY {edge.key} {order}"


@shape("complex", "join", "left join", "group", weight=1)
def per_parent_or_none(d: Draw) -> Pair:
    edge = d.edge()
    d.need(edge.child.key)
    assert edge.child.key is not None
    label, one, many = d.label(edge.parent), edge.parent.one, edge.child.many
    ask = d.pick(
        (
            f"Show the {label.says} of every {one} with its number of {many}, also of those without any.",
            f"For all {edge.parent.many}, including those with no {many}, give {label.says} and number of {many}.",
            f"How many {many} does each {one} have, counting 0 where there are none? Show the {label.says}.",
        )
    )
    child_key = f"{quoted(edge.child.name)}.{quoted(edge.child.key.name)}"
    join = f"{quoted(edge.parent.name)} LEFT JOIN {quoted(edge.child.name)} ON {edge.fk} = {edge.key}"
    return ask, f"SELECT {label.full}, COUNT({child_key}) FROM {join} GROUP BY {edge.key}"


@shape("complex", "join", "three tables", weight=2.5)
def through_chain(d: Draw) -> Pair:
    near, far = d.chain()
    ends = some_parents(d, far, 1)
    children = conditions(d, near.child, 1)
    noun = f"{such(near.child.many, children)} {near.link.of} {near.parent.many} {of_parents(d, far, ends)}"
    tables = f"{near.joined} {far.onto}{where([*children, *ends], True)}"
    roll = d.rng.random()
    if roll < 0.35:
        return d.pick(COUNTING).format(noun), f"SELECT COUNT(*) FROM {tables}"
    if roll < 0.6 and any(c.kind in NUMBERS for c in near.child.columns):
        what = statistic(d, near.child)
        return opened(f"the {what.says} of {noun}", d.rng, False), f"SELECT {what.sql(True)} FROM {tables}"
    fields = d.fields(near.child, 3)
    return opened(f"{named(d, fields)} of {noun}", d.rng), f"SELECT {shown(fields, True)} FROM {tables}"


@shape("complex", "join", "three tables", "group", weight=1.5)
def per_grandparent(d: Draw) -> Pair:
    near, far = d.chain()
    label = d.label(far.parent)
    number = d.chance(0.6)
    what = None if number else statistic(d, near.child, "AVG SUM MAX")
    children = conditions(d, near.child, 1)
    noun = such(near.child.many, children)
    says = f"the number of {noun}" if what is None else f"the {what.says} of {noun}"
    value = "COUNT(*)" if what is None else what.sql(True)
    select = f"SELECT {label.full}, {value} FROM {near.joined} {far.onto}{where(children, True)} GROUP BY {far.key}"
    if d.chance(0.4):
        down = d.chance(0.8)
        best = f"the {'highest' if down else 'lowest'} {says.removeprefix('the ')}"
        ask = f"Which {far.parent.one} has {best}? Show the {label.says} and that value."
        return ask, f"{select} ORDER BY {value}{' DESC' if down else ''} LIMIT 1"
    ask = d.pick(
        (
            f"For each {far.parent.one}, show the {label.says} and {says} of its {near.parent.many}.",
            f"Show {says} of all {near.parent.many} of each {far.parent.one}, with the {label.whose}.",
        )
    )
    return ask, select


@shape("complex", "join", "three tables", "bridge", weight=2.5)
def across_bridge(d: Draw) -> Pair:
    here, there = d.bridge()
    fields = d.fields(here.parent, 2)
    ends = some_parents(d, there, 1)
    middle = conditions(d, here.child, 1)
    tables = f"{here.joined} {there.onto}{where([*ends, *middle], True)}"
    other = of_parents(d, there, ends)
    noun = f"{here.parent.many} {here.link.has} {such(here.child.many, middle)} {other}"
    if d.chance(0.3):
        sql = f"SELECT COUNT(DISTINCT {here.key}) FROM {tables}"
        return d.pick(COUNTING).format(f"different {noun}"), sql
    ask = opened(f"the {d.pick(('different', 'distinct'))} {listed([f.many for f in fields])} of {noun}", d.rng)
    return ask, f"SELECT DISTINCT {shown(fields, True)} FROM {tables}"


@shape("complex", "join", "three tables", "bridge", weight=1.5)
def bridge_listing(d: Draw) -> Pair:
    here, there = d.bridge()
    first, second = d.label(here.parent), d.label(there.parent)
    middle = conditions(d, here.child, 1)
    extra = d.fields(here.child, 1, ("category", "integer", "number", "date", "year")) if d.chance(0.4) else []
    what = [first.whose, second.whose, *(f.says for f in extra)]
    ask = opened(
        f"{listed([f'the {w}' for w in what])} of {such(d.pick((here.child.many, f'each {here.child.one}')), middle)}",
        d.rng,
    )
    sql = f"SELECT {shown([first, second, *extra], True)} FROM {here.joined} {there.onto}{where(middle, True)}"
    return ask, sql


@shape("complex", "subquery", "set operation", weight=1.5)
def parents_with_both(d: Draw) -> Pair:
    edge = d.edge()
    fields = d.fields(edge.parent, 2)
    first, second = conditions(d, edge.child, 1, 1), conditions(d, edge.child, 1, 1)
    negative = d.chance(0.35)
    name = quoted(edge.child.name)
    sides = [f"(SELECT {edge.fk_bare} FROM {name}{where(side, False)})" for side in (first, second)]
    if negative:
        d.need(edge.fk_bare != edge.key_bare or edge.child.name != edge.parent.name)
        inner = f"{edge.fk} = {edge.key} AND {second[0].sql(True)}"
        sql = f"{edge.key} IN {sides[0]} AND NOT EXISTS (SELECT 1 FROM {name} WHERE {inner})"
        words = f"{such(edge.child.many, first)} but no {such(edge.child.many, second)}"
    else:
        sql = f"{edge.key} IN {sides[0]} AND {edge.key} IN {sides[1]}"
        words = f"both {such(edge.child.many, first)} and {such(edge.child.many, second)}"
    noun = f"{edge.parent.many} {d.pick(('with', 'that have', edge.link.has))} {words}"
    ask = opened(f"{named(d, fields)} of {noun}", d.rng)
    return ask, f"SELECT {shown(fields, True)} FROM {quoted(edge.parent.name)} WHERE {sql}"


@shape("complex", "join", "subquery", weight=1)
def children_beyond_average(d: Draw) -> Pair:
    edge = d.edge()
    by = d.field(edge.child, NUMBERS)
    fields = d.fields(edge.child, 2)
    parents = some_parents(d, edge, 1)
    above = d.chance(0.65)
    way = "above" if above else "below"
    noun = children_of(d, edge, [], parents)
    ask = opened(f"{named(d, fields)} of {noun} with a {by.says} {way} the average of all {edge.child.many}", d.rng)
    inner = f"(SELECT AVG({by.bare}) FROM {quoted(edge.child.name)})"
    sql = f"FROM {edge.joined}{where(parents, True)} AND {by.full} {'>' if above else '<'} {inner}"
    return ask, f"SELECT {shown(fields, True)} {sql}"


@shape("complex", "set operation", "union", weight=0.7)
def union_of_two(d: Draw) -> Pair:
    edge = d.edge()
    label = d.label(edge.parent)
    parents, children = conditions(d, edge.parent, 1, 1), conditions(d, edge.child, 1, 1)
    first, second = such(edge.parent.many, parents), such(edge.child.many, children)
    ask = opened(f"the {label.many} of {first} and of those {edge.link.has} {second}, each once", d.rng)
    inner = f"{edge.key_bare} IN (SELECT {edge.fk_bare} FROM {quoted(edge.child.name)}{where(children, False)})"
    select = f"SELECT {label.bare} FROM {quoted(edge.parent.name)}"
    return ask, f"{select}{where(parents, False)} UNION {select} WHERE {inner}"
