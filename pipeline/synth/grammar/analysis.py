"""Complex and highly complex shapes over one table: classes, windows, common table expressions."""

from __future__ import annotations

from pipeline.synth.grammar.conditions import condition, conditions, such, where
from pipeline.synth.grammar.draw import GROUPS, NUMBERS, SHOWN, Draw, Unfillable, quoted
from pipeline.synth.grammar.parts import (
    Rank,
    count_bound,
    named,
    shown,
    statistic,
)
from pipeline.synth.grammar.shapes import Pair, shape


@shape("complex", "case", "group", weight=1)
def buckets(d: Draw) -> Pair:
    t = d.table(NUMBERS)
    field = d.field(t, NUMBERS, lambda c: len(c.values) > 3 and not c.nulls)
    values = [v for v in field.column.values if not isinstance(v, str)]
    value = d.pick(values[1:-1])
    low, high = d.pick((("low", "high"), ("small", "large"), ("cheap", "expensive"), ("few", "many")))
    found = conditions(d, t, 1)
    noun = such(t.many, found)
    case = f"CASE WHEN {field.bare} < {value} THEN '{low}' ELSE '{high}' END"
    ask = d.pick(
        (
            f"Call {noun} '{low}' if their {field.says} is below {value}, else '{high}'; how many are there of each?",
            f"Count {noun} by class: '{low}' for {field.says} under {value}, else '{high}'.",
        )
    )
    return ask, f"SELECT {case}, COUNT(*) FROM {quoted(t.name)}{where(found, False)} GROUP BY {case}"


@shape("complex", "group", "having", "order", "limit", weight=1)
def best_of_large_groups(d: Draw) -> Pair:
    t = d.table(GROUPS, NUMBERS)
    group = d.field(t, GROUPS)
    what = statistic(d, t, "AVG SUM MAX")
    limits = count_bound(d)
    found = conditions(d, t, 1)
    down = d.chance(0.7)
    k = d.pick((1, 1, 1, 3, 5))
    noun = such(t.many, found)
    front = group.says if k == 1 else f"{k} {group.many}"
    best = f"the {'highest' if down else 'lowest'} {what.says}"
    ask = d.pick(
        (
            f"Among the {group.many} with {limits.words} {noun}, which {front} {'has' if k == 1 else 'have'} {best}?",
            f"Find the {front} with {best}, looking only at {group.many} that have {limits.words} {noun}.",
        )
    )
    order = f"ORDER BY {what.sql(False)}{' DESC' if down else ''} LIMIT {k}"
    grouped = f"GROUP BY {group.bare} HAVING COUNT(*) {limits.sign} {limits.value}"
    return ask, f"SELECT {group.bare} FROM {quoted(t.name)}{where(found, False)} {grouped} {order}"


@shape("complex", "subquery", "having", weight=1)
def groups_beyond_average(d: Draw) -> Pair:
    t = d.table(GROUPS, NUMBERS)
    group = d.field(t, GROUPS)
    by = d.field(t, NUMBERS)
    above = d.chance(0.65)
    way = "above" if above else "below"
    ask = d.pick(
        (
            f"Which {group.many} have an average {by.says} {way} the average {by.says} of all {t.many}?",
            f"Show the {group.many} whose average {by.says} is {way} the overall average.",
        )
    )
    name, sign = quoted(t.name), ">" if above else "<"
    inner = f"(SELECT AVG({by.bare}) FROM {name})"
    return ask, f"SELECT {group.bare} FROM {name} GROUP BY {group.bare} HAVING AVG({by.bare}) {sign} {inner}"


@shape("complex", "set operation", "union", weight=0.7)
def union(d: Draw) -> Pair:
    t = d.table(NUMBERS)
    label = d.label(t)
    by = d.field(t, NUMBERS, lambda c: not c.nulls)
    name = quoted(t.name)
    ask = d.pick(
        (
            f"Show the {label.many} of the {t.many} with the highest and with the lowest {by.says}, ties included.",
            f"Which {t.many} have either the maximum or the minimum {by.says}? List each {label.says} once.",
        )
    )
    sides = [
        f"SELECT {label.bare} FROM {name} WHERE {by.bare} = (SELECT {f}({by.bare}) FROM {name})" for f in ("MAX", "MIN")
    ]
    return ask, " UNION ".join(sides)


@shape("highly complex", "subquery", "correlated", weight=1.2)
def beyond_own_group(d: Draw) -> Pair:
    t = d.table(GROUPS, NUMBERS)
    group = d.field(t, ("category", "category", "year"))
    by = d.field(t, NUMBERS)
    fields = d.fields(t, 2, SHOWN)
    sign, way, more = d.pick(((">", "above", "higher"), (">", "above", "higher"), ("<", "below", "lower")))
    name, shows = quoted(t.name), named(d, fields)
    ask = d.pick(
        (
            f"Show {shows} of {t.many} whose {by.says} is {way} the average of their own {group.says}.",
            f"Which {t.many} have a {by.says} {more} than the average for their {group.says}? Give {shows}.",
        )
    )
    inner = f"(SELECT AVG(other.{by.bare}) FROM {name} AS other WHERE other.{group.bare} = {group.full})"
    return ask, f"SELECT {shown(fields, True)} FROM {name} WHERE {by.full} {sign} {inner}"


@shape("highly complex", "window", weight=1.5)
def best_per_group(d: Draw) -> Pair:
    t = d.table(GROUPS)
    group = d.field(t, GROUPS)
    by = Rank(d.field(t, NUMBERS, lambda c: not c.nulls), d.chance(0.7))
    label = d.label(t)
    k = d.pick((1, 1, 2, 3))
    found = conditions(d, t, 1)
    noun = such(t.many if k > 1 else t.one, found)
    front = f"the {k} {noun}" if k > 1 else f"the {noun}"
    ask = d.pick(
        (
            f"For each {group.says}, show the {label.says} of {front} with {by.best(d)}.",
            f"In each {group.says}, which {'are' if k > 1 else 'is'} {front} with {by.best(d)}? "
            f"Show the {group.says} and the {label.says}.",
        )
    )
    place = f"ROW_NUMBER() OVER (PARTITION BY {group.bare} ORDER BY {by.field.bare}{by.direction}) AS place"
    inner = f"SELECT {group.bare}, {label.bare}, {place} FROM {quoted(t.name)}{where(found, False)}"
    kept = "place = 1" if k == 1 else f"place <= {k}"
    return ask, f"SELECT {group.bare}, {label.bare} FROM ({inner}) AS ranked WHERE {kept}"


@shape("highly complex", "cte", weight=1)
def groups_beyond_mean_count(d: Draw) -> Pair:
    t = d.table(GROUPS)
    group = d.field(t, ("category", "category", "year"))
    found = conditions(d, t, 1)
    noun, more = such(t.many, found), d.chance(0.7)
    both, way = d.chance(0.3), "above" if more else "below"
    ask = d.pick(
        (
            f"Which {group.many} have {'more' if more else 'fewer'} {noun} than the average {group.says}?",
            f"Show the {group.many} whose number of {noun} is {way} the average number per {group.says}.",
        )
    ) + (" Show also the number." if both else "")
    inner = f"SELECT {group.bare}, COUNT(*) AS total FROM {quoted(t.name)}{where(found, False)} GROUP BY {group.bare}"
    columns = f"{group.bare}, total" if both else group.bare
    sign = ">" if more else "<"
    return (
        ask,
        f"WITH counts AS ({inner}) SELECT {columns} FROM counts WHERE total {sign} (SELECT AVG(total) FROM counts)",
    )


@shape("highly complex", "arithmetic", "group", weight=1)
def share_per_group(d: Draw) -> Pair:
    t = d.table(GROUPS, NUMBERS)
    group = d.field(t, GROUPS)
    name = quoted(t.name)
    if d.chance(0.5):
        value, whole, says = "COUNT(*)", "COUNT(*)", f"number of {t.many}"
    else:
        by = d.field(t, NUMBERS)
        value = whole = f"SUM({by.bare})"
        says = f"total {by.says}"
    ask = d.pick(
        (
            f"What percentage of the {says} falls to each {group.says}?",
            f"For each {group.says}, show its percentage of the {says}.",
        )
    )
    return ask, f"SELECT {group.bare}, 100.0 * {value} / (SELECT {whole} FROM {name}) FROM {name} GROUP BY {group.bare}"


@shape("highly complex", "window", weight=0.8)
def ranked(d: Draw) -> Pair:
    t = d.table(NUMBERS)
    label = d.label(t)
    by = Rank(d.field(t, NUMBERS, lambda c: not c.nulls), d.chance(0.75))
    per = (
        d.field(t, ("category", "year"))
        if d.chance(0.5) and any(c.kind in ("category", "year") for c in t.columns)
        else None
    )
    within, first = f" within its {per.says}" if per else "", "highest" if by.down else "lowest"
    ask = d.pick(
        (
            f"Show the {label.says} of every {t.one} with its rank by {by.field.says}{within}, {first} first.",
            f"Rank the {t.many} by {by.field.says}{within}, rank 1 being the {first}; give {label.says} and rank.",
        )
    )
    part = f"PARTITION BY {per.bare} " if per else ""
    return ask, f"SELECT {label.bare}, RANK() OVER ({part}ORDER BY {by.field.bare}{by.direction}) FROM {quoted(t.name)}"


@shape("highly complex", "window", "date", weight=0.6)
def running_total(d: Draw) -> Pair:
    t = d.table(("date",), NUMBERS)
    day = d.field(t, ("date",), lambda c: not c.nulls)
    by = d.field(t, NUMBERS)
    ask = d.pick(
        (
            f"Show each {day.says} with the running total of {by.says} of {t.many}.",
            f"Give the cumulative {by.says} of {t.many} by {day.says}.",
        )
    )
    inner = f"SELECT {day.bare}, SUM({by.bare}) AS total FROM {quoted(t.name)} GROUP BY {day.bare}"
    return ask, f"SELECT {day.bare}, SUM(total) OVER (ORDER BY {day.bare}) FROM ({inner}) AS totals"


@shape("complex", "subquery", weight=0.7)
def difference_of_averages(d: Draw) -> Pair:
    t = d.table(NUMBERS)
    by = d.field(t, NUMBERS)
    first = condition(d, t, ("category", "category", "flag", "year"))
    d.used.discard((t.name, first.field.column.name))
    second = condition(d, t, (first.field.column.kind,))
    if second.field != first.field or second.form == first.form:
        raise Unfillable
    name, a, b = quoted(t.name), such(t.many, [first]), such(t.many, [second])
    ask = d.pick(
        (
            f"By how much does the average {by.says} of {a} exceed that of {b}?",
            f"What is the difference in average {by.says} between {a} and {b}?",
        )
    )
    sides = [f"(SELECT AVG({by.bare}) FROM {name}{where([c], False)})" for c in (first, second)]
    return ask, f"SELECT {sides[0]} - {sides[1]}"
