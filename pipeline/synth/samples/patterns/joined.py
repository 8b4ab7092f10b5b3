"""Patterns over two or three tables that foreign keys connect: joins, IN and NOT EXISTS."""

from __future__ import annotations

from pipeline.synth.samples.patterns.pattern import Pattern, count, first, listing, most, per, those, value

CHILD, ROWS = "{t.many} {l.of} {pc.np}", "{c.np} {l.of} {pc.np}"
CHAIN, BRIDGE = "{t.many} {l.of} {p.many} {m.of} {qc.np}", "{t.many} {l.of} {pc.np} and {o.of} {bc.np}"
IDLE = "NOT EXISTS (SELECT 1 FROM {t} WHERE {l.on}"
PER_PARENT = "FROM {l.join} GROUP BY {p.key.full}"
PER_PARENT_C = "FROM {l.join} WHERE {c.full} GROUP BY {p.key.full}"
TWO_JOINS = "FROM {l.join} {m.onto}"
NAMES = "the {t.label.many}"

JOINED = (
    Pattern("join", "SELECT COUNT(*) FROM {l.join} WHERE {pc.full}", count(CHILD)),
    Pattern("join", "SELECT COUNT(*) FROM {l.join} WHERE {c.full} AND {pc.full}", count(ROWS)),
    Pattern("join", "SELECT {s.full} FROM {l.join} WHERE {pc.full}", value("the {s.says}", CHILD)),
    Pattern("join", "SELECT {s.full} FROM {l.join} WHERE {c.full} AND {pc.full}", value("the {s.says}", ROWS)),
    Pattern("join", "SELECT {a.full} FROM {l.join} WHERE {c.full} AND {pc.full}", listing("the {a.many}", ROWS)),
    Pattern(
        "join",
        "SELECT {t.label.full}, {p.label.full} FROM {l.join} WHERE {cc.full}",
        listing("the {t.label.many} and the {p.one} {p.label.many}", "{cc.np}"),
    ),
    Pattern(
        "join",
        "SELECT {t.label.full}, {pg.full} FROM {l.join} WHERE {cc.full}",
        listing("the {t.label.many} and the {p.one} {pg.many}", "{cc.np}"),
    ),
    Pattern(
        "join",
        "SELECT {p.label.full}, {a.full} FROM {l.join} WHERE {c.full} AND {pc.full}",
        listing("the {p.one} {p.label.many} and the {a.many}", ROWS),
    ),
    Pattern("join", "SELECT COUNT(*) FROM {l.join} WHERE {pe.full}", count("{t.many} {l.of} {pe.np}")),
    Pattern("join", "SELECT COUNT(*) FROM {l.join} WHERE {c.full} AND {pe.full}", count("{c.np} {l.of} {pe.np}")),
    Pattern("join", "SELECT {s.full} FROM {l.join} WHERE {pe.full}", value("the {s.says}", "{t.many} {l.of} {pe.np}")),
    Pattern("join", "SELECT {t.label.full} FROM {l.join} WHERE {pe.full}", listing(NAMES, "{t.many} {l.of} {pe.np}")),
    Pattern(
        "join",
        "SELECT DISTINCT {g.full} FROM {l.join} WHERE {pe.full}",
        listing("the different {g.many}", "{t.many} {l.of} {pe.np}"),
    ),
    Pattern(
        "join",
        "SELECT DISTINCT {pg.full} FROM {l.join} WHERE {cc.full}",
        listing("the different {pg.many}", "{p.many} {l.has} {cc.np}"),
    ),
    Pattern(
        "join order",
        "SELECT {t.label.full} FROM {l.join} WHERE {pc.full} ORDER BY {r.full} DESC LIMIT 1",
        most("{t.one} {l.of} {pc.np}", CHILD, "the {r.high} {r.says}"),
    ),
    Pattern(
        "join order",
        "SELECT {p.label.full} FROM {l.join} WHERE {c.full} ORDER BY {r.full} DESC LIMIT 1",
        (
            "Among {c.np}, the one with the {r.high} {r.says} belongs to which {p.one}?",
            "Of all {c.np}, find the {p.one} of the one with the {r.high} {r.says}.",
            "Show the {p.one} {p.label.says} of the one with the {r.high} {r.says} among {c.np}.",
        ),
    ),
    Pattern("join group", f"SELECT {{p.label.full}}, COUNT(*) {PER_PARENT}", per("the number of {t.many}", "{p.one}")),
    Pattern("join group", f"SELECT {{p.label.full}}, COUNT(*) {PER_PARENT_C}", per("the number of {c.np}", "{p.one}")),
    Pattern(
        "join group", f"SELECT {{p.label.full}}, {{s.full}} {PER_PARENT}", per("the {s.says} of {t.many}", "{p.one}")
    ),
    Pattern(
        "join group", f"SELECT {{p.label.full}}, {{s.full}} {PER_PARENT_C}", per("the {s.says} of {c.np}", "{p.one}")
    ),
    Pattern(
        "join group",
        "SELECT {pg.full}, COUNT(*) FROM {l.join} GROUP BY {pg.full}",
        per("the number of {t.many}", "{p.one} {pg.says}"),
    ),
    Pattern(
        "join group",
        "SELECT {pg.full}, COUNT(*) FROM {l.join} WHERE {c.full} GROUP BY {pg.full}",
        per("the number of {c.np}", "{p.one} {pg.says}"),
    ),
    Pattern(
        "join group",
        "SELECT {pg.full}, {s.full} FROM {l.join} WHERE {c.full} GROUP BY {pg.full}",
        per("the {s.says} of {c.np}", "{p.one} {pg.says}"),
    ),
    Pattern(
        "join superlative",
        f"SELECT {{p.label.full}} {PER_PARENT} ORDER BY COUNT(*) DESC LIMIT 1",
        most("{p.one}", "{p.many}", "the most {t.many}"),
    ),
    Pattern(
        "join superlative",
        f"SELECT {{p.label.full}} {PER_PARENT_C} ORDER BY COUNT(*) DESC LIMIT 1",
        most("{p.one}", "{p.many}", "the most {c.np}"),
    ),
    Pattern(
        "join superlative",
        f"SELECT {{p.label.full}}, COUNT(*) {PER_PARENT_C} ORDER BY COUNT(*) DESC LIMIT {{k}}",
        (
            "Which {k} {p.many} have the most {c.np}, and how many?",
            "Show the {k} {p.many} with the most {c.np} and that number.",
            "List the {k} {p.many} with the most {c.np}, with the number of each.",
        ),
    ),
    Pattern(
        "join superlative",
        f"SELECT {{p.label.full}} {PER_PARENT} ORDER BY {{v.full}} DESC LIMIT 1",
        most("{p.one}", "{p.many}", "the highest {v.says} of {t.many}"),
    ),
    Pattern(
        "join superlative",
        f"SELECT {{p.label.full}} {PER_PARENT_C} ORDER BY {{v.full}} DESC LIMIT {{k}}",
        first("{k}", "{p.many}", "the highest {v.says} of {c.np}"),
    ),
    Pattern(
        "join superlative",
        "SELECT {pg.full} FROM {l.join} WHERE {c.full} GROUP BY {pg.full} ORDER BY COUNT(*) DESC LIMIT 1",
        most("{p.one} {pg.says}", "{p.one} {pg.many}", "the most {c.np}"),
    ),
    Pattern(
        "join having",
        f"SELECT {{p.label.full}} {PER_PARENT} HAVING COUNT(*) > {{h}}",
        those("{p.many}", "have more than {h} {t.many}"),
    ),
    Pattern(
        "join having",
        f"SELECT {{p.label.full}} {PER_PARENT_C} HAVING COUNT(*) >= {{h}}",
        those("{p.many}", "have at least {h} {c.np}"),
    ),
    Pattern(
        "in",
        "SELECT {p.label} FROM {p} WHERE {pc} AND {p.key} IN (SELECT {l.fk} FROM {t} WHERE {c})",
        listing("the {p.label.many}", "{pc.np} {l.has} {c.np}"),
    ),
    Pattern(
        "in",
        "SELECT COUNT(*) FROM {p} WHERE {p.key} IN (SELECT {l.fk} FROM {t} WHERE {cc})",
        count("{p.many} {l.has} {cc.np}"),
    ),
    Pattern(
        "in",
        "SELECT COUNT(*) FROM {p} WHERE {pc} AND {p.key} IN (SELECT {l.fk} FROM {t} WHERE {c})",
        count("{pc.np} {l.has} {c.np}"),
    ),
    Pattern("not exists", f"SELECT COUNT(*) FROM {{p}} WHERE {IDLE})", count("{p.many} without any {t.many}")),
    Pattern(
        "not exists", f"SELECT COUNT(*) FROM {{p}} WHERE {IDLE} AND {{c.full}})", count("{p.many} without any {c.np}")
    ),
    Pattern(
        "not exists", f"SELECT COUNT(*) FROM {{p}} WHERE {{pc}} AND {IDLE})", count("{pc.np} without any {t.many}")
    ),
    Pattern(
        "not exists",
        f"SELECT {{p.label}} FROM {{p}} WHERE {{pc}} AND {IDLE})",
        listing("the {p.label.many}", "{pc.np} without any {t.many}"),
    ),
    Pattern(
        "not exists",
        f"SELECT {{p.label}} FROM {{p}} WHERE {{pc}} AND {IDLE} AND {{c.full}})",
        listing("the {p.label.many}", "{pc.np} without any {c.np}"),
    ),
    Pattern("two joins", f"SELECT COUNT(*) {TWO_JOINS} WHERE {{qc.full}}", count(CHAIN)),
    Pattern("two joins", f"SELECT {{s.full}} {TWO_JOINS} WHERE {{qc.full}}", value("the {s.says}", CHAIN)),
    Pattern(
        "two joins",
        f"SELECT COUNT(*) {TWO_JOINS} WHERE {{c.full}} AND {{qc.full}}",
        count("{c.np} {l.of} {p.many} {m.of} {qc.np}"),
    ),
    Pattern(
        "two joins", f"SELECT COUNT(*) {TWO_JOINS} WHERE {{qe.full}}", count("{t.many} {l.of} {p.many} {m.of} {qe.np}")
    ),
    Pattern(
        "two joins",
        f"SELECT {{s.full}} {TWO_JOINS} WHERE {{qe.full}}",
        value("the {s.says}", "{t.many} {l.of} {p.many} {m.of} {qe.np}"),
    ),
    Pattern(
        "two joins",
        f"SELECT {{qg.full}}, COUNT(*) {TWO_JOINS} WHERE {{c.full}} GROUP BY {{qg.full}}",
        per("the number of {c.np}", "{q.one} {qg.says}"),
    ),
    Pattern(
        "two joins",
        f"SELECT {{q.label.full}} {TWO_JOINS} WHERE {{c.full}} GROUP BY {{q.key.full}} ORDER BY COUNT(*) DESC LIMIT 1",
        most("{q.one}", "{q.many}", "the most {c.np}"),
    ),
    Pattern(
        "two joins",
        f"SELECT {{qg.full}}, {{s.full}} {TWO_JOINS} GROUP BY {{qg.full}}",
        per("the {s.says} of {t.many}", "{q.one} {qg.says}"),
    ),
    Pattern("two joins", "SELECT COUNT(*) FROM {l.join} {o.onto} WHERE {pc.full} AND {bc.full}", count(BRIDGE)),
    Pattern(
        "two joins",
        "SELECT {s.full} FROM {l.join} {o.onto} WHERE {pc.full} AND {bc.full}",
        value("the {s.says}", BRIDGE),
    ),
    Pattern(
        "two joins",
        "SELECT {pg.full}, COUNT(*) FROM {l.join} {o.onto} WHERE {bc.full} GROUP BY {pg.full}",
        per("the number of {t.many} {o.of} {bc.np}", "{p.one} {pg.says}"),
    ),
    Pattern(
        "two joins",
        "SELECT {p.label.full} FROM {l.join} {o.onto} WHERE {bc.full} GROUP BY {p.key.full} "
        "ORDER BY COUNT(*) DESC LIMIT 1",
        most("{p.one}", "{p.many}", "the most {t.many} {o.of} {bc.np}"),
    ),
)
