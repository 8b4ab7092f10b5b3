"""Highly complex shapes over joined tables: windows, correlated queries, common table expressions."""

from __future__ import annotations

from pipeline.synth.grammar.conditions import conditions, such, where
from pipeline.synth.grammar.draw import NUMBERS, Draw, quoted
from pipeline.synth.grammar.parts import (
    count_bound,
    named,
    rank,
    shown,
    statistic,
)
from pipeline.synth.grammar.shapes import Pair, shape
from pipeline.synth.grammar.words import opened


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
