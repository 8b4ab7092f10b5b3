"""Moderate shapes over one table: groups, inner queries, set operations."""

from __future__ import annotations

from pipeline.synth.grammar.conditions import condition, conditions, such, where
from pipeline.synth.grammar.draw import GROUPS, NUMBERS, Draw, quoted
from pipeline.synth.grammar.parts import bound, count_bound, more_statistics, named, rank, shown, statistic
from pipeline.synth.grammar.shapes import Pair, shape
from pipeline.synth.grammar.words import COUNTING, listed, opened


@shape("moderate", "group", weight=3)
def per_group(d: Draw) -> Pair:
    t = d.table(GROUPS)
    group = d.field(t, GROUPS)
    number = d.chance(0.55)
    what = None if number else more_statistics(d, t, statistic(d, t))
    found = conditions(d, t, 1)
    noun = such(t.many, found)
    says = f"the number of {noun}" if what is None else f"the {listed([s.says for s in what])} of {noun}"
    ask = d.pick(
        (
            *(
                f"For each {group.says}, {d.pick(('show', 'give', 'find', 'return'))} {says}.",
                f"What is {says} for each {group.says}?",
            ),
            *(
                f"Show each {group.says} with {says}.",
                f"List each {group.says} and {says}.",
                f"{says} per {group.says}",
            ),
            *(
                f"Show {says} by {group.says}.",
                f"Give me {says} for every {group.says}.",
                f"{says}, grouped by {group.says}",
            ),
            *(
                f"What are the {group.many} of {t.many}, and {says} for each?"
                if not found
                else f"{says} per {group.says}",
            ),
        )
    )
    if what is None and d.chance(0.3):
        ask = d.pick(
            (f"How many {noun} are there for each {group.says}?", f"How many {noun} does each {group.says} have?")
        )
    values = "COUNT(*)" if what is None else ", ".join(s.sql(False) for s in what)
    return ask, f"SELECT {group.bare}, {values} FROM {quoted(t.name)}{where(found, False)} GROUP BY {group.bare}"


@shape("moderate", "group", "having", weight=2)
def groups_with(d: Draw) -> Pair:
    t = d.table(GROUPS)
    group = d.field(t, GROUPS)
    found = conditions(d, t, 1)
    noun = such(t.many, found)
    if d.chance(0.6):
        limits = count_bound(d)
        having, words = f"COUNT(*) {limits.sign} {limits.value}", f"{limits.words} {noun}"
        says, value = "the number of them", "COUNT(*)"
    else:
        what = statistic(d, t, "AVG SUM")
        limits = bound(d, what.field)
        having, words = f"{what.sql(False)} {limits.sign} {limits.value}", f"{noun} have {what.says} {limits.words}"
        words = (
            f"an {what.says} of {limits.words} over {noun}"
            if what.name == "AVG"
            else f"a {what.says} of {limits.words} over {noun}"
        )
        says, value = f"the {what.says}", what.sql(False)
    both = d.chance(0.35)
    tail = f" and {says}" if both else ""
    ask = d.pick(
        (
            *(
                f"Which {group.many} have {words}?" + (f" Show also {says}." if both else ""),
                f"Find the {group.many} with {words}{', with ' + says if both else ''}.",
            ),
            *(f"List the {group.many} that have {words}{tail}.", f"Show each {group.says} with {words}{tail}."),
        )
    )
    columns = f"{group.bare}, {value}" if both else group.bare
    sql = f"SELECT {columns} FROM {quoted(t.name)}{where(found, False)} GROUP BY {group.bare} HAVING {having}"
    return ask, sql


@shape("moderate", "group", "order", "limit", weight=2)
def commonest(d: Draw) -> Pair:
    t = d.table(GROUPS)
    group = d.field(t, GROUPS)
    found = conditions(d, t, 1)
    noun, down = such(t.many, found), d.chance(0.75)
    both, k = d.chance(0.3), d.pick((1, 1, 1, 1, 3, 5))
    number = d.chance(0.7)
    if number:
        value, says = "COUNT(*)", "the most" if down else "the fewest"
        words, also = f"{says} {noun}", "how many"
    else:
        what = statistic(d, t, "AVG SUM")
        value, words = what.sql(False), f"the {'highest' if down else 'lowest'} {what.says} of {noun}"
        also = f"the {what.says}"
    many = group.many if k > 1 else group.says
    front = f"{k} {many}" if k > 1 else many
    have = "have" if k > 1 else "has"
    tail = f", and {also}" if both else ""
    asks = [
        f"Which {front} {have} {words}{tail}?",
        f"Find the {front} with {words}{tail}.",
        f"Show the {front} that {have} {words}{tail}.",
    ]
    if number and k == 1 and not both:
        asks += [f"What is the {'most' if down else 'least'} common {group.says} of {noun}?"] * 2
        asks += [f"Which {group.says} is the {'most' if down else 'least'} frequent among {noun}?"]
    columns = f"{group.bare}, {value}" if both else group.bare
    order = f"ORDER BY {value}{' DESC' if down else ''} LIMIT {k}"
    sql = f"SELECT {columns} FROM {quoted(t.name)}{where(found, False)} GROUP BY {group.bare} {order}"
    return d.pick(asks), sql


@shape("moderate", "group", "order", weight=1)
def groups_in_order(d: Draw) -> Pair:
    t = d.table(GROUPS)
    group = d.field(t, GROUPS)
    found = conditions(d, t, 1)
    noun, down, both = such(t.many, found), d.chance(0.6), d.chance(0.6)
    way = d.pick(
        ("descending", "in descending order", "most first")
        if down
        else ("ascending", "in ascending order", "fewest first")
    )
    shows = f"the {group.many}" + (f" and the number of {noun} for each" if both else f" of {noun}")
    by = d.pick(("that number", "the number of rows", "how many there are", "count"))
    ask = opened(f"{shows}, {d.pick(('ordered', 'sorted'))} by {by} {way}", d.rng)
    columns = f"{group.bare}, COUNT(*)" if both else group.bare
    order = f"ORDER BY COUNT(*){' DESC' if down else ''}"
    return ask, f"SELECT {columns} FROM {quoted(t.name)}{where(found, False)} GROUP BY {group.bare} {order}"


@shape("moderate", "subquery", weight=1.5)
def beyond_average(d: Draw) -> Pair:
    t = d.table(NUMBERS)
    by = d.field(t, NUMBERS)
    above = d.chance(0.65)
    found = conditions(d, t, 1)
    way = d.pick(
        ("above", "higher than", "greater than", "more than") if above else ("below", "lower than", "less than")
    )
    noun = such(t.many, found)
    inner = f"(SELECT AVG({by.bare}) FROM {quoted(t.name)})"
    words = d.pick(
        (
            f"with {by.says} {way} the average",
            f"whose {by.says} is {way} the average of all {t.many}",
            f"with a {by.says} {way} average",
        )
    )
    sql = f" WHERE {''.join(c.sql(False) + ' AND ' for c in found)}{by.bare} {'>' if above else '<'} {inner}"
    noun = f"{noun} {'and ' if found else ''}{words}"
    if d.chance(0.4):
        return d.pick(COUNTING).format(noun), f"SELECT COUNT(*) FROM {quoted(t.name)}{sql}"
    fields = d.fields(t, 3)
    return opened(f"{named(d, fields)} of {noun}", d.rng), f"SELECT {shown(fields, False)} FROM {quoted(t.name)}{sql}"


@shape("moderate", "subquery", weight=1)
def all_at_extreme(d: Draw) -> Pair:
    t = d.table()
    by = rank(d, t)
    fields = d.fields(t, 3)
    best = by.best(d)
    ask = d.pick(
        (
            f"Show {named(d, fields)} of all {t.many} that have {best}.",
            f"Find every {t.one} that has {best}, ties included; give {named(d, fields)}.",
            f"What are {named(d, fields)} of all the {t.many} that share {best}?",
        )
    )
    inner = f"(SELECT {'MAX' if by.down else 'MIN'}({by.field.bare}) FROM {quoted(t.name)})"
    return ask, f"SELECT {shown(fields, False)} FROM {quoted(t.name)} WHERE {by.field.bare} = {inner}"


@shape("moderate", "set operation", weight=1.5)
def both_kinds(d: Draw) -> Pair:
    t = d.table(GROUPS)
    group = d.field(t, ("category", "category", "year", "name"))
    first = condition(d, t)
    if d.chance(0.4):
        d.used.discard((t.name, first.field.column.name))
        second = condition(d, t, (first.field.column.kind,))
        d.need(second.field == first.field and second.form != first.form)
    else:
        second = condition(d, t)
    ask = d.pick(
        (
            f"Which {group.many} have both {such(t.many, [first])} and {such(t.many, [second])}?",
            f"Show the {group.many} shared by {such(t.many, [first])} and {such(t.many, [second])}.",
            f"Find the {group.many} for which there are {such(t.many, [first])} and also {such(t.many, [second])}.",
        )
    )
    select = f"SELECT {group.bare} FROM {quoted(t.name)}"
    return ask, f"{select}{where([first], False)} INTERSECT {select}{where([second], False)}"


@shape("moderate", "set operation", weight=1)
def without_any(d: Draw) -> Pair:
    t = d.table(GROUPS)
    group = d.field(t, ("category", "category", "year"))
    found = [condition(d, t)]
    ask = d.pick(
        (
            f"Which {group.many} have no {such(t.many, found)}?",
            f"Show the {group.many} without any {such(t.many, found)}.",
            f"List the {group.many} of {t.many}, except those that have {such(t.many, found)}.",
        )
    )
    select = f"SELECT {group.bare} FROM {quoted(t.name)}"
    return ask, f"{select} EXCEPT {select}{where(found, False)}"


@shape("moderate", "date", "group", weight=1)
def per_period(d: Draw) -> Pair:
    t = d.table(("date",))
    day = d.field(t, ("date",), lambda c: not c.nulls)
    form, period = d.pick((("%Y", "year"), ("%Y", "year"), ("%Y-%m", "month")))
    number = d.chance(0.6)
    what = None if number else statistic(d, t, "AVG SUM")
    found = conditions(d, t, 1)
    noun = such(t.many, found)
    says = f"the number of {noun}" if what is None else f"the {what.says} of {noun}"
    ask = d.pick(
        (
            f"Show {says} per {period} of {day.says}.",
            f"For each {period} of {day.says}, give {says}.",
            f"What is {says} in each {period} of {day.says}?",
        )
    )
    group = f"STRFTIME('{form}', {day.bare})"
    value = "COUNT(*)" if what is None else what.sql(False)
    return ask, f"SELECT {group}, {value} FROM {quoted(t.name)}{where(found, False)} GROUP BY {group}"


@shape("moderate", "case", weight=1)
def share(d: Draw) -> Pair:
    t = d.table()
    asked = condition(d, t)
    found = conditions(d, t, 1)
    noun = such(t.many, found)
    ask = d.pick(
        (
            f"What percentage of {noun} are {t.many} {asked.words}?",
            f"What percent of the {noun} are those {asked.words}?",
            f"Of {noun}, what is the percentage of those {asked.words}?",
        )
    )
    d.need(not found or d.chance(0.3))
    sql = f"SELECT 100.0 * SUM(CASE WHEN {asked.sql(False)} THEN 1 ELSE 0 END) / COUNT(*) FROM {quoted(t.name)}"
    return ask, f"{sql}{where(found, False)}"


@shape("moderate", "case", weight=0.7)
def compare_counts(d: Draw) -> Pair:
    t = d.table()
    first, second = condition(d, t), condition(d, t)
    a, b = such(t.many, [first]), second.words
    if d.chance(0.5):
        counts = [f"SUM(CASE WHEN {c.sql(False)} THEN 1 ELSE 0 END)" for c in (first, second)]
        ask = d.pick((f"How many {a} and how many {b} are there?", f"Count the {a}, and those {b}."))
        return ask, f"SELECT {', '.join(counts)} FROM {quoted(t.name)}"
    counts = [f"SUM(CASE WHEN {c.sql(False)} THEN 1 ELSE 0 END)" for c in (first, second)]
    ask = d.pick(
        (
            f"How many more {a} are there than {b}?",
            f"What is the difference between the number of {a} and of those {b}?",
        )
    )
    return ask, f"SELECT {' - '.join(counts)} FROM {quoted(t.name)}"


@shape("moderate", "arithmetic", weight=0.7)
def spread(d: Draw) -> Pair:
    t = d.table(NUMBERS)
    field = d.field(t, NUMBERS)
    found = conditions(d, t, 1)
    noun = such(t.many, found)
    ask = d.pick(
        (
            f"What is the difference between the highest and the lowest {field.says} of {noun}?",
            f"By how much does the maximum {field.says} of {noun} exceed the minimum?",
            f"Show the range of {field.says} (maximum minus minimum) of {noun}.",
        )
    )
    return ask, f"SELECT MAX({field.bare}) - MIN({field.bare}) FROM {quoted(t.name)}{where(found, False)}"
