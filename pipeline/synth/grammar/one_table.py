"""Shapes over one table."""

from __future__ import annotations

from pipeline.synth.grammar.conditions import condition, conditions, entity, such, where
from pipeline.synth.grammar.draw import GROUPS, NUMBERS, SHOWN, Draw, Unfillable, quoted
from pipeline.synth.grammar.parts import (
    Rank,
    bound,
    count_bound,
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
            opened(f"{named(d, fields, False)} of the {such(t.one, found)} with {by.best(d)}", d.rng, len(fields) > 1),
        )
        if d.chance(0.3):
            ask = d.pick(("Which {0} has {1}? Show {2}.", "Of all {3}, which one has {1}? Give {2}.")).format(
                such(t.one, found), by.best(d), named(d, fields, False), such(t.many, found)
            )
    else:
        k = limit(d)
        ask = opened(f"{named(d, fields)} of the {k} {such(t.many, found)} with {by.best(d)}", d.rng)
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
