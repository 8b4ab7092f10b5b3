"""Shapes over tables that foreign keys connect. A child refers to its parent: an order to its customer."""

from __future__ import annotations

from pipeline.synth.grammar.conditions import Condition, conditions, entity, such, where
from pipeline.synth.grammar.draw import GROUPS, NUMBERS, Draw, Edge, quoted
from pipeline.synth.grammar.parts import bound, count_bound, limit, named, rank, shown, statistic
from pipeline.synth.grammar.shapes import Pair, shape
from pipeline.synth.grammar.words import COUNTING, listed, opened


def _one(d: Draw, edge: Edge, least: int = 0) -> list[Condition]:
    """Conditions on the parent: mostly on its values, else its name."""
    if edge.parent.label and edge.parent.label.kind == "name" and d.chance(0.4):
        return [entity(d, edge.parent)]
    return conditions(d, edge.parent, 1, least)


def _of(d: Draw, edge: Edge, parents: list[Condition]) -> str:
    """The parent's side of the English: "placed by customers from France"."""
    named_one = any(c.field.column.kind == "name" and c.form.startswith("{c} =") for c in parents)
    noun = f"the {edge.parent.one}" if named_one else edge.parent.many
    return f"{edge.link.of} {such(noun, parents)}"


def _children(d: Draw, edge: Edge, children: list[Condition], parents: list[Condition]) -> str:
    """Children with conditions on both sides: "orders placed by customers from France with a price above 5"."""
    if children and d.chance(0.5):
        return f"{such(edge.child.many, children)} {_of(d, edge, parents)}"
    if not children:
        return f"{edge.child.many} {_of(d, edge, parents)}"
    verb = d.pick(("and", "that are also", ""))
    return (
        f"{edge.child.many} {_of(d, edge, parents)} {verb if parents else ''} {' and '.join(c.words for c in children)}"
    )


def _parents(edge: Edge, parents: list[Condition], children: list[Condition]) -> str:
    """Parents that have such children: "customers from France who placed orders with status open"."""
    return f"{such(edge.parent.many, parents)} {edge.link.has} {such(edge.child.many, children)}"


@shape("moderate", "join", "count", weight=2)
def count_of_parent(d: Draw) -> Pair:
    edge = d.edge()
    parents, children = _one(d, edge, 1), conditions(d, edge.child, 1)
    ask = d.pick(COUNTING).format(_children(d, edge, children, parents))
    return ask, f"SELECT COUNT(*) FROM {edge.joined}{where([*children, *parents], True)}"


@shape("moderate", "join", "select", weight=3)
def children_of_parent(d: Draw) -> Pair:
    edge = d.edge()
    fields = d.fields(edge.child, 3)
    parents, children = _one(d, edge, 1), conditions(d, edge.child, 1)
    ask = opened(f"{named(d, fields)} of {_children(d, edge, children, parents)}", d.rng)
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
    parents, children = _one(d, edge, 1), conditions(d, edge.child, 1)
    ask = opened(f"the {what.says} of {_children(d, edge, children, parents)}", d.rng, many=False)
    return ask, f"SELECT {what.sql(True)} FROM {edge.joined}{where([*children, *parents], True)}"


@shape("moderate", "subquery", "select", weight=2.5)
def parents_with(d: Draw) -> Pair:
    edge = d.edge()
    fields = d.fields(edge.parent, 3)
    children, parents = conditions(d, edge.child, 2, 1), conditions(d, edge.parent, 1)
    inner = f"{edge.key_bare} IN (SELECT {edge.fk_bare} FROM {quoted(edge.child.name)}{where(children, False)})"
    sql = f"FROM {quoted(edge.parent.name)}{where(parents, False)} {'AND' if parents else 'WHERE'} {inner}"
    noun = _parents(edge, parents, children)
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
    thing = f"{such(edge.child.one, children)} with {by.best(d)}"
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
    parents = _one(d, edge, 1)
    k = limit(d) if d.chance(0.35) else 0
    noun = _children(d, edge, [], parents)
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
        f"the {d.pick(('different', 'distinct', 'unique'))} {field.many} of {_parents(edge, [], children)}", d.rng
    )
    return ask, f"SELECT DISTINCT {field.full} FROM {edge.joined}{where(children, True)}"


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
    ends = _one(d, far, 1)
    children = conditions(d, near.child, 1)
    noun = f"{such(near.child.many, children)} {near.link.of} {near.parent.many} {_of(d, far, ends)}"
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
    ends = _one(d, there, 1)
    middle = conditions(d, here.child, 1)
    tables = f"{here.joined} {there.onto}{where([*ends, *middle], True)}"
    other = _of(d, there, ends)
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
    parents = _one(d, edge, 1)
    above = d.chance(0.65)
    way = "above" if above else "below"
    noun = _children(d, edge, [], parents)
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


@shape("highly complex", "cte", "join", weight=2)
def parents_beyond_average(d: Draw) -> Pair:
    edge = d.edge()
    label = d.label(edge.parent)
    number = d.chance(0.5)
    what = None if number else statistic(d, edge.child, "SUM AVG")
    children = conditions(d, edge.child, 1)
    more = d.chance(0.7)
    noun, many = such(edge.child.many, children), edge.parent.many
    says = f"number of {noun}" if what is None else f"{what.says} of {noun}"
    value = "COUNT(*)" if what is None else what.sql(False)
    way, size = ("above", "greater") if more else ("below", "smaller")
    ask = d.pick(
        (
            f"Show the {label.says} of {many} whose {says} is {way} the average over {many} that have any.",
            f"Which {many} have a {says} {size} than the average {edge.parent.one} with any? Show the {label.says}.",
        )
    )
    totals = f"SELECT {edge.fk_bare}, {value} AS total FROM {quoted(edge.child.name)}{where(children, False)}"
    join = f"totals JOIN {quoted(edge.parent.name)} ON totals.{edge.fk_bare} = {edge.key}"
    test = f"totals.total {'>' if more else '<'} (SELECT AVG(total) FROM totals)"
    return ask, f"WITH totals AS ({totals} GROUP BY {edge.fk_bare}) SELECT {label.full} FROM {join} WHERE {test}"


@shape("highly complex", "window", "join", weight=1.5)
def top_per_parent(d: Draw) -> Pair:
    edge = d.edge()
    by = rank(d, edge.child)
    label, own = d.label(edge.parent), d.fields(edge.child, 1)
    d.need(label.column.name != own[0].column.name)
    k = d.pick((1, 1, 2, 3))
    children = conditions(d, edge.child, 1)
    noun = such(edge.child.one if k == 1 else edge.child.many, children)
    front, shows = f"the {noun}" if k == 1 else f"the {k} {noun}", named(d, own, k > 1)
    ask = d.pick(
        (
            f"For each {edge.parent.one}, show its {label.says} and {shows} of {front} with {by.best(d)}.",
            f"For every {edge.parent.one} find {front} with {by.best(d)}; show {label.whose} and {own[0].says}.",
        )
    )
    place = f"ROW_NUMBER() OVER (PARTITION BY {edge.fk} ORDER BY {by.field.full}{by.direction}) AS place"
    inner = f"SELECT {label.full}, {own[0].full}, {place} FROM {edge.joined}{where(children, True)}"
    kept = "place = 1" if k == 1 else f"place <= {k}"
    return ask, f"SELECT {label.bare}, {own[0].bare} FROM ({inner}) AS ranked WHERE {kept}"


@shape("highly complex", "subquery", "correlated", weight=1.2)
def children_beyond_siblings(d: Draw) -> Pair:
    edge = d.edge()
    by = d.field(edge.child, NUMBERS)
    fields = d.fields(edge.child, 2)
    name, many, one = quoted(edge.child.name), edge.child.many, edge.parent.one
    sign, way, more = d.pick(((">", "above", "higher"), (">", "above", "higher"), ("<", "below", "lower")))
    ask = d.pick(
        (
            f"Show {named(d, fields)} of {many} whose {by.says} is {way} the average of the same {one}.",
            f"Which {many} have a {by.says} {more} than the average {edge.child.one} of their {one}? "
            f"Give {named(d, fields)}.",
        )
    )
    inner = f"(SELECT AVG(other.{by.bare}) FROM {name} AS other WHERE other.{edge.fk_bare} = {edge.fk})"
    return ask, f"SELECT {shown(fields, True)} FROM {name} WHERE {by.full} {sign} {inner}"


@shape("highly complex", "join", "group", "subquery", weight=1.2)
def parents_beyond_overall(d: Draw) -> Pair:
    edge = d.edge()
    by = d.field(edge.child, NUMBERS)
    label = d.label(edge.parent)
    sign, way, more = d.pick(((">", "above", "higher"), (">", "above", "higher"), ("<", "below", "lower")))
    parents = conditions(d, edge.parent, 1)
    noun, many = such(edge.parent.many, parents), edge.child.many
    ask = d.pick(
        (
            f"Show the {label.says} of {noun} whose {many} have an average {by.says} {way} that of all {many}.",
            f"Which {noun} have {many} with a {more} average {by.says} than all {many} together? "
            f"Show the {label.says}.",
        )
    )
    inner = f"(SELECT AVG({by.bare}) FROM {quoted(edge.child.name)})"
    grouped = f"GROUP BY {edge.key} HAVING AVG({by.full}) {sign} {inner}"
    return ask, f"SELECT {label.full} FROM {edge.joined}{where(parents, True)} {grouped}"


@shape("highly complex", "join", "case", "group", weight=1)
def share_of_children(d: Draw) -> Pair:
    edge = d.edge()
    label = d.label(edge.parent)
    [asked] = conditions(d, edge.child, 1, 1)
    one, many = edge.parent.one, edge.child.many
    ask = d.pick(
        (
            f"For each {one}, show the {label.says} and the percentage of {many} {asked.words}.",
            f"What percentage of the {many} of each {one} are those {asked.words}? Show the {label.says} too.",
        )
    )
    value = f"100.0 * SUM(CASE WHEN {asked.sql(True)} THEN 1 ELSE 0 END) / COUNT(*)"
    return ask, f"SELECT {label.full}, {value} FROM {edge.joined} GROUP BY {edge.key}"


@shape("highly complex", "join", "three tables", "having", weight=1.2)
def bridge_with_many(d: Draw) -> Pair:
    here, there = d.bridge()
    label = d.label(here.parent)
    ends = conditions(d, there.parent, 1)
    limits = count_bound(d)
    linked = f"{here.child.many} {there.link.of} {limits.words} different {such(there.parent.many, ends)}"
    ask = d.pick(
        (
            f"Which {here.parent.many} have {linked}? Show the {label.says}.",
            opened(f"the {label.many} of {here.parent.many} {here.link.has} {linked}", d.rng),
        )
    )
    grouped = f"GROUP BY {here.key} HAVING COUNT(DISTINCT {there.key}) {limits.sign} {limits.value}"
    return ask, f"SELECT {label.full} FROM {here.joined} {there.onto}{where(ends, True)} {grouped}"


@shape("highly complex", "cte", "window", weight=0.8)
def top_parent_per_group(d: Draw) -> Pair:
    edge = d.edge()
    group = d.field(edge.parent, ("category", "category", "year"))
    label, one, many = d.label(edge.parent), edge.parent.one, edge.child.many
    ask = d.pick(
        (
            f"In each {group.says}, which {one} has the most {many}? Show the {group.says} and the {label.says}.",
            f"For each {group.says}, show the {label.says} of the {one} with the most {many}.",
        )
    )
    counts = f"SELECT {group.full}, {label.full}, COUNT(*) AS total FROM {edge.joined} GROUP BY {edge.key}"
    place = f"ROW_NUMBER() OVER (PARTITION BY {group.bare} ORDER BY total DESC) AS place"
    ranked = f"SELECT {group.bare}, {label.bare}, {place} FROM counts"
    return ask, f"WITH counts AS ({counts}) SELECT {group.bare}, {label.bare} FROM ({ranked}) AS ranked WHERE place = 1"
