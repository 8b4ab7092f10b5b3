"""Patterns over one table: filters, aggregates, groups, superlatives, dates, subqueries and set operations."""

from __future__ import annotations

from pipeline.synth.samples.patterns.pattern import Pattern, count, first, listing, most, per, those, value

NAMES, YEAR = "the {t.label.many}", "strftime('%Y', {d})"

ONE_TABLE = (
    Pattern("count", "SELECT COUNT(*) FROM {t}", count("{t.many}")),
    Pattern("filter", "SELECT COUNT(*) FROM {t} WHERE {c}", count("{c.np}")),
    Pattern("filter", "SELECT COUNT(*) FROM {t} WHERE {cc}", count("{cc.np}")),
    Pattern("filter", "SELECT COUNT(*) FROM {t} WHERE {co}", count("{co.np}")),
    Pattern("filter", "SELECT {t.label} FROM {t} WHERE {c}", listing(NAMES, "{c.np}")),
    Pattern("filter", "SELECT {t.label} FROM {t} WHERE {cc}", listing(NAMES, "{cc.np}")),
    Pattern("filter", "SELECT {t.label} FROM {t} WHERE {co}", listing(NAMES, "{co.np}")),
    Pattern("filter", "SELECT {t.label}, {a} FROM {t} WHERE {c}", listing("the {t.label.many} and {a.many}", "{c.np}")),
    Pattern(
        "filter", "SELECT {t.label}, {a} FROM {t} WHERE {cc}", listing("the {t.label.many} and {a.many}", "{cc.np}")
    ),
    Pattern(
        "filter",
        "SELECT {t.label}, {a}, {a2} FROM {t} WHERE {cc}",
        listing("the {t.label.many}, {a.many} and {a2.many}", "{cc.np}"),
    ),
    Pattern("lookup", "SELECT {a} FROM {t} WHERE {e}", value("the {a.says}", "{e.np}")),
    Pattern("lookup", "SELECT {a}, {a2} FROM {t} WHERE {e}", value("the {a.says} and {a2.says}", "{e.np}")),
    Pattern(
        "order",
        "SELECT {t.label} FROM {t} WHERE {c} ORDER BY {r} DESC",
        (
            "List the {t.label.many} of {c.np} by {r.says}, {r.high} first.",
            "Show the {t.label.many} of {c.np}, {r.high} {r.says} first.",
            "List the {t.label.many} of {c.np} in descending order of {r.says}.",
        ),
    ),
    Pattern(
        "order",
        "SELECT {t.label} FROM {t} WHERE {c} ORDER BY {r}",
        (
            "List the {t.label.many} of {c.np} by {r.says}, {r.low} first.",
            "Show the {t.label.many} of {c.np}, {r.low} {r.says} first.",
            "List the {t.label.many} of {c.np} in ascending order of {r.says}.",
        ),
    ),
    Pattern(
        "distinct",
        "SELECT DISTINCT {g} FROM {t}",
        (
            "What are the different {g.many} of {t.many}?",
            "List the distinct {g.many} of {t.many}.",
            "Which different {g.many} do the {t.many} have?",
        ),
    ),
    Pattern(
        "distinct",
        "SELECT DISTINCT {g} FROM {t} WHERE {cc}",
        (
            "What are the different {g.many} of {cc.np}?",
            "List the distinct {g.many} of {cc.np}.",
            "Which different {g.many} do {cc.np} have?",
        ),
    ),
    Pattern("distinct", "SELECT COUNT(DISTINCT {g}) FROM {t}", count("different {g.many} of {t.many}")),
    Pattern("distinct", "SELECT COUNT(DISTINCT {g}) FROM {t} WHERE {c}", count("different {g.many} of {c.np}")),
    Pattern("aggregate", "SELECT {s} FROM {t}", value("the {s.says}", "all {t.many}")),
    Pattern("aggregate", "SELECT {s} FROM {t} WHERE {c}", value("the {s.says}", "{c.np}")),
    Pattern("aggregate", "SELECT {s} FROM {t} WHERE {cc}", value("the {s.says}", "{cc.np}")),
    Pattern("aggregate", "SELECT {s}, {s2} FROM {t} WHERE {c}", value("the {s.says} and the {s2.says}", "{c.np}")),
    Pattern(
        "aggregate", "SELECT MIN({n}), MAX({n}) FROM {t}", listing("the {n.low} and {n.high} {n.says}", "{t.many}")
    ),
    Pattern(
        "aggregate",
        "SELECT MIN({n}), MAX({n}) FROM {t} WHERE {c}",
        listing("the {n.low} and {n.high} {n.says}", "{c.np}"),
    ),
    Pattern(
        "aggregate",
        "SELECT MAX({n}) - MIN({n}) FROM {t} WHERE {c}",
        value("the difference between the {n.high} and {n.low} {n.says}", "{c.np}"),
    ),
    Pattern("group", "SELECT {g}, COUNT(*) FROM {t} GROUP BY {g}", per("the number of {t.many}", "{g.says}")),
    Pattern("group", "SELECT {g}, COUNT(*) FROM {t} WHERE {c} GROUP BY {g}", per("the number of {c.np}", "{g.says}")),
    Pattern("group", "SELECT {g}, {s} FROM {t} GROUP BY {g}", per("the {s.says} of {t.many}", "{g.says}")),
    Pattern("group", "SELECT {g}, {s} FROM {t} WHERE {c} GROUP BY {g}", per("the {s.says} of {c.np}", "{g.says}")),
    Pattern(
        "group",
        "SELECT {g}, {g2}, COUNT(*) FROM {t} GROUP BY {g}, {g2}",
        per("the number of {t.many}", "{g.says} and {g2.says}"),
    ),
    Pattern(
        "group",
        "SELECT {g}, COUNT(*) FROM {t} WHERE {c} GROUP BY {g} ORDER BY COUNT(*) DESC",
        (
            "For each {g.says}, show the number of {c.np}, most first.",
            "Count the {c.np} by {g.says}, most first.",
            "Show each {g.says} with the number of {c.np}, in descending order of that number.",
        ),
    ),
    Pattern(
        "having",
        "SELECT {g} FROM {t} GROUP BY {g} HAVING COUNT(*) > {h}",
        those("{g.many}", "have more than {h} {t.many}"),
    ),
    Pattern(
        "having",
        "SELECT {g} FROM {t} WHERE {c} GROUP BY {g} HAVING COUNT(*) >= {h}",
        those("{g.many}", "have at least {h} {c.np}"),
    ),
    Pattern(
        "having",
        "SELECT {g}, COUNT(*) FROM {t} WHERE {c} GROUP BY {g} HAVING COUNT(*) > {h}",
        (
            "Show each {g.says} with more than {h} {c.np} and their number.",
            "Which {g.many} have more than {h} {c.np}, and how many each?",
            "List the {g.many} with more than {h} {c.np} together with that number.",
        ),
    ),
    Pattern(
        "having",
        "SELECT {g} FROM {t} GROUP BY {g} HAVING {v} > {v.limit}",
        (
            "For which {g.many} is the {v.says} of {t.many} above {v.limit}?",
            "List the {g.many} where the {v.says} of {t.many} is more than {v.limit}.",
            "Show the {g.many} whose {v.says} of {t.many} exceeds {v.limit}.",
        ),
    ),
    Pattern(
        "superlative",
        "SELECT {g} FROM {t} GROUP BY {g} ORDER BY COUNT(*) DESC LIMIT 1",
        (
            "Which {g.says} has the most {t.many}?",
            "What is the most common {g.says} of {t.many}?",
            "Find the {g.says} with the largest number of {t.many}.",
        ),
    ),
    Pattern(
        "superlative",
        "SELECT {g} FROM {t} WHERE {c} GROUP BY {g} ORDER BY COUNT(*) DESC LIMIT 1",
        (
            "Which {g.says} has the most {c.np}?",
            "What is the most common {g.says} of {c.np}?",
            "Find the {g.says} with the largest number of {c.np}.",
        ),
    ),
    Pattern(
        "superlative",
        "SELECT {g} FROM {t} GROUP BY {g} ORDER BY COUNT(*) LIMIT 1",
        (
            "Which {g.says} has the fewest {t.many}?",
            "What is the least common {g.says} of {t.many}?",
            "Find the {g.says} with the smallest number of {t.many}.",
        ),
    ),
    Pattern(
        "superlative",
        "SELECT {g} FROM {t} WHERE {c} GROUP BY {g} ORDER BY {v} DESC LIMIT 1",
        most("{g.says}", "{g.many}", "the highest {v.says} of {c.np}"),
    ),
    Pattern(
        "superlative",
        "SELECT {g} FROM {t} GROUP BY {g} ORDER BY COUNT(*) DESC LIMIT {k}",
        first("{k}", "{g.many}", "the most {t.many}"),
    ),
    Pattern(
        "superlative",
        "SELECT {t.label} FROM {t} ORDER BY {r} DESC LIMIT 1",
        most("{t.one}", "{t.many}", "the {r.high} {r.says}"),
    ),
    Pattern(
        "superlative",
        "SELECT {t.label} FROM {t} ORDER BY {r} LIMIT 1",
        most("{t.one}", "{t.many}", "the {r.low} {r.says}"),
    ),
    Pattern(
        "superlative",
        "SELECT {t.label} FROM {t} WHERE {c} ORDER BY {r} DESC LIMIT 1",
        (
            "Of all {c.np}, which one has the {r.high} {r.says}?",
            "Which of the {c.np} has the {r.high} {r.says}?",
            "Among {c.np}, show the {t.label.says} of the one with the {r.high} {r.says}.",
        ),
    ),
    Pattern(
        "superlative",
        "SELECT {t.label}, {r} FROM {t} WHERE {cc} ORDER BY {r} LIMIT 1",
        (
            "Of all {cc.np}, which one has the {r.low} {r.says}, and what is it?",
            "Show the {t.label.says} and {r.says} of the one with the {r.low} {r.says} among {cc.np}.",
            "Among {cc.np}, find the {t.label.says} and {r.says} of the one with the {r.low} {r.says}.",
        ),
    ),
    Pattern(
        "superlative",
        "SELECT {t.label} FROM {t} ORDER BY {r} DESC LIMIT {k}",
        first("{k}", "{t.many}", "the {r.high} {r.says}"),
    ),
    Pattern(
        "superlative",
        "SELECT {t.label} FROM {t} WHERE {c} ORDER BY {r} DESC LIMIT {k}",
        (
            "Which {k} {c.np} have the {r.high} {r.says}?",
            "Among {c.np}, list the {k} with the {r.high} {r.says}.",
            "Of all {c.np}, show the {t.label.many} of the {k} with the {r.high} {r.says}.",
        ),
    ),
    Pattern(
        "subquery",
        "SELECT COUNT(*) FROM {t} WHERE {n} > (SELECT AVG({n}) FROM {t})",
        count("{t.many} {n.lead} above the average {n.says}"),
    ),
    Pattern(
        "subquery",
        "SELECT {t.label} FROM {t} WHERE {c} AND {n} > (SELECT AVG({n}) FROM {t})",
        listing(NAMES, "{c.np} and {n.lead} above the average of all {t.many}"),
    ),
    Pattern(
        "subquery",
        "SELECT COUNT(*) FROM {t} WHERE {c} AND {n} < (SELECT AVG({n}) FROM {t})",
        count("{c.np} and {n.lead} below the average of all {t.many}"),
    ),
    Pattern(
        "subquery",
        "SELECT {t.label} FROM {t} WHERE {n} = (SELECT MAX({n}) FROM {t})",
        (
            "Which {t.many} share the {n.high} {n.says} of all?",
            "List all {t.many} whose {n.says} is the {n.high} of all.",
            "Show every {t.one} whose {n.says} equals the {n.high} of all {t.many}.",
        ),
    ),
    Pattern(
        "date",
        f"SELECT {YEAR}, COUNT(*) FROM {{t}} GROUP BY {YEAR}",
        per("the number of {t.many}", "year of the {d.says}"),
    ),
    Pattern(
        "date",
        f"SELECT {YEAR}, COUNT(*) FROM {{t}} WHERE {{c}} GROUP BY {YEAR}",
        per("the number of {c.np}", "year of the {d.says}"),
    ),
    Pattern(
        "date",
        f"SELECT {YEAR}, {{s}} FROM {{t}} GROUP BY {YEAR}",
        per("the {s.says} of {t.many}", "year of the {d.says}"),
    ),
    Pattern(
        "date",
        "SELECT strftime('%m', {d}), COUNT(*) FROM {t} WHERE {c} GROUP BY strftime('%m', {d})",
        per("the number of {c.np}", "month of the {d.says}"),
    ),
    Pattern(
        "date",
        f"SELECT {YEAR} FROM {{t}} WHERE {{c}} GROUP BY {YEAR} ORDER BY COUNT(*) DESC LIMIT 1",
        most("year of the {d.says}", "years of the {d.says}", "the most {c.np}"),
    ),
    Pattern(
        "case",
        "SELECT 100.0 * COUNT(CASE WHEN {c} THEN 1 END) / COUNT(*) FROM {t}",
        (
            "What percentage of all {t.many} are {c.np}?",
            "Out of all {t.many}, what percent are {c.np}?",
            "Find the share of {c.np} among all {t.many} in percent.",
        ),
    ),
    Pattern(
        "set",
        "SELECT {g} FROM {t} WHERE {c} INTERSECT SELECT {g} FROM {t} WHERE {c2}",
        those("{g.many}", "have both {c.np} and {c2.np}"),
    ),
    Pattern(
        "set",
        "SELECT {g} FROM {t} EXCEPT SELECT {g} FROM {t} WHERE {cc}",
        those("{g.many}", "have {t.many} but no {cc.np}"),
    ),
)
