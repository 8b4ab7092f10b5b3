"""Conditions on one column, in SQL and in the words with which people name them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from pipeline.synth.grammar.draw import Draw, Field, Unfillable
from pipeline.synth.grammar.words import ADJECTIVES, MONTHS, article, literal, plural, spoken_date, spoken_number
from pipeline.synth.view import Kind, ViewTable

ABOVE = ("more than", "greater than", "above", "over", "higher than", "larger than")
BELOW = ("less than", "below", "under", "lower than", "smaller than")
AT_LEAST = ("at least", "no less than", "greater than or equal to")
AT_MOST = ("at most", "no more than", "less than or equal to")
CONDITIONED: tuple[Kind, ...] = (
    *("category", "category", "category", "integer", "integer", "number", "number"),
    *("year", "year", "date", "flag", "name", "text", "key"),
)


@dataclass(frozen=True)
class Condition:
    """`form` is SQL with `{c}` for the column; `words` follow the table's noun ("with status open")."""

    field: Field
    form: str
    words: str

    def sql(self, joined: bool) -> str:
        return self.form.replace("{c}", self.field.sql(joined))


def condition(d: Draw, table: ViewTable, kinds: tuple[Kind, ...] = CONDITIONED) -> Condition:
    """A condition on a column of the table that nothing uses yet."""
    field = d.field(table, kinds, lambda c: c.values or c.nulls)
    column = field.column
    if column.nulls and (not column.values or d.chance(0.15)):
        return _missing(d, field)
    if not column.values:
        raise Unfillable
    return _BY_KIND[column.kind](d, field)


def conditions(d: Draw, table: ViewTable, most: int, least: int = 0) -> list[Condition]:
    """Some conditions on different columns; fewer are more frequent."""
    count = d.pick([n for n in range(least, most + 1) for _ in range(2 * (most + 1 - n))])
    found: list[Condition] = []
    for _ in range(count):
        try:
            found.append(condition(d, table))
        except Unfillable:
            d.need(len(found) >= least)
    return found


def where(found: list[Condition], joined: bool, word: str = "AND") -> str:
    """The WHERE clause, with a space before it, or nothing."""
    return f" WHERE {f' {word} '.join(c.sql(joined) for c in found)}" if found else ""


def such(noun: str, found: list[Condition], word: str = "and") -> str:
    """A noun with what is asked of it: "orders with status open and a price above 20"."""
    return f"{noun} {f' {word} '.join(c.words for c in found)}" if found else noun


def entity(d: Draw, table: ViewTable) -> Condition:
    """The table's row with this label, by its name alone ("the customer Ann Lee") or with the column's."""
    label = d.label(table)
    d.need(label.column.values and label.column.kind == "name")
    value = d.pick(label.column.values)
    shown = _shown(d, value)
    forms = [f"with {label.says} {shown}", f"whose {label.says} is {shown}"]
    texts = sum(c.kind in ("category", "name", "text") for c in table.columns)
    if texts == 1 or label.says.split()[-1] in ("name", "title"):  # else it could not be told which column is meant
        forms += [f"named {shown}", f"called {shown}"]
    return Condition(label, f"{{c}} = {literal(value)}", d.pick(forms))


def _only_time(field: Field) -> bool:
    """Whether "after 2014" alone says that this column is meant: no other of the table is about time, and this one is
    for all to see."""
    says = {"year", "date", "day", "time"} & set(field.says.split())
    alone = sum(c.kind in ("year", "date") for c in field.table.columns) == 1
    return alone and bool(says or "date" in field.column.type)


def _shown(d: Draw, value: object) -> str:
    """A text value in the question: bare, or in quotation marks."""
    text = d.say(str(value))
    return d.pick((text, text, text, f"'{text}'", f'"{text}"'))


def _text(d: Draw, field: Field) -> Condition:
    says, values = field.says, [str(v) for v in field.column.values]
    value = d.pick(values)
    roll = d.rng.random()
    if roll < 0.62:
        v = _shown(d, value)
        words = d.pick(
            (
                *(f"with {says} {v}", f"with the {says} {v}", f"whose {says} is {v}", f"whose {says} is {v}"),
                *(f"that have {says} {v}", f"where the {says} is {v}", f"with {v} as {says}", f"of {says} {v}"),
                *(
                    f"having {says} {v}",
                    f"with {says} equal to {v}",
                    f"with {article(says)} of {v}",
                    f"with {v} {says}",
                ),
            )
        )
        return Condition(field, f"{{c}} = {literal(value)}", words)
    if roll < 0.74:
        v = _shown(d, value)
        words = d.pick(
            (
                *(f"whose {says} is not {v}", f"with {article(says)} other than {v}", f"with any {says} except {v}"),
                *(f"that do not have {says} {v}", f"where the {says} is not {v}", f"with {says} different from {v}"),
            )
        )
        return Condition(field, f"{{c}} <> {literal(value)}", words)
    if roll < 0.87:
        second = d.pick([v for v in values if v != value])
        v, w = _shown(d, value), _shown(d, second)
        words = d.pick(
            (
                *(f"whose {says} is {v} or {w}", f"with {says} {v} or {w}", f"whose {says} is either {v} or {w}"),
                *(f"with either {v} or {w} as {says}", f"that have {says} {v} or {w}"),
            )
        )
        return Condition(field, f"{{c}} IN ({literal(value)}, {literal(second)})", words)
    return _like(d, field, value)


def _like(d: Draw, field: Field, value: str) -> Condition:
    says = field.says
    plain = [w for w in value.replace("'", " ").split() if w.isalnum()]
    word = d.pick(plain)
    way = d.pick(("contains", "starts", "ends"))
    if way == "contains":
        part = word if d.chance(0.6) else word[: d.pick((1, 3, 4))]
        v = _quoted(d, part)
        forms = [f"whose {says} contains {v}", f"with {v} in the {says}", f"that have {v} in their {says}"]
        if len(part) == 1:
            forms = [f"whose {says} contains the letter {v}", f"with the letter {v} in the {says}"]
        return Condition(field, f"{{c}} LIKE '%{part}%'", d.pick(forms))
    if way == "starts":
        d.need(value.startswith(word))
        part = word[: d.pick((1, 1, 2, 3, len(word)))]
        v = _quoted(d, part)
        letter = f"the letter {v}" if len(part) == 1 else v
        forms = [f"whose {says} starts with {letter}", f"whose {says} begins with {letter}"]
        return Condition(field, f"{{c}} LIKE '{part}%'", d.pick([*forms, f"with {article(says)} starting with {v}"]))
    d.need(value.endswith(word))
    part = word[-d.pick((1, 2, 3, len(word))) :]
    v = _quoted(d, part)
    forms = [f"whose {says} ends with {v}", f"with {article(says)} ending in {v}"]
    return Condition(field, f"{{c}} LIKE '%{part}'", d.pick(forms))


def _quoted(d: Draw, text: str) -> str:
    text = d.say(text)
    return d.pick((f"'{text}'", f"'{text}'", f'"{text}"', text))


def _number(d: Draw, field: Field) -> Condition:
    says, values = field.says, [v for v in field.column.values if not isinstance(v, str)]
    inner = values[1:-1] or values
    value = d.pick(inner)
    v, roll = spoken_number(value, d.rng), d.rng.random()
    d.said.append(v)
    if roll < 0.12:
        forms = [f"with {article(says)} of {v}", f"whose {says} is {v}", f"with {says} {v}"]
        forms += [f"with {says} equal to {v}"]
        return Condition(field, f"{{c}} = {literal(value)}", d.pick([*forms, f"with exactly {v} {plural(says)}"]))
    if roll < 0.25 and len(values) > 2:
        low, high = sorted(d.rng.sample(values, 2))
        d.need(low < high)
        a, b = spoken_number(low, d.rng), spoken_number(high, d.rng)
        forms = [f"with {article(says)} between {a} and {b}", f"whose {says} is between {a} and {b}"]
        words = d.pick([*forms, f"with {article(says)} from {a} to {b}", f"whose {says} is in the range {a} to {b}"])
        return Condition(field, f"{{c}} BETWEEN {literal(low)} AND {literal(high)}", words)
    sign, ways = d.pick(((">", ABOVE), (">", ABOVE), ("<", BELOW), ("<", BELOW), (">=", AT_LEAST), ("<=", AT_MOST)))
    way = d.pick(ways)
    forms = [f"with {article(says)} {way} {v}", f"whose {says} is {way} {v}", f"with {says} {way} {v}"]
    forms += [f"that have {article(says)} {way} {v}", f"where the {says} is {way} {v}"]
    if sign == ">=":
        forms += [f"with {article(says)} of {v} or more", f"whose {says} is {v} or more"]
    if says in ADJECTIVES and sign in "<>":
        forms += [f"that are {ADJECTIVES[says][sign == '<']} than {v}", f"{ADJECTIVES[says][sign == '<']} than {v}"]
    if field.column.kind == "integer" and way in ("more than", "less than", "at least", "at most"):
        forms += [f"with {way} {v} {plural(says)}"]
    return Condition(field, f"{{c}} {sign} {literal(value)}", d.pick(forms))


def _year(d: Draw, field: Field) -> Condition:
    says, values = field.says, [v for v in field.column.values if not isinstance(v, str)]
    value = int(d.pick(values[1:-1] or values))
    v = str(value)
    alone = _only_time(field) and d.chance(0.4)
    sign, preposition, forms = d.pick(
        [
            ("=", d.pick(("in", "from")), [f"whose {says} is {v}", f"with {says} {v}", f"with {article(says)} of {v}"]),
            (">", "after", [f"whose {says} is after {v}", f"with {article(says)} later than {v}"]),
            ("<", "before", [f"whose {says} is before {v}", f"with {article(says)} earlier than {v}"]),
            (">=", "since", [f"whose {says} is {v} or later", f"with {article(says)} of {v} or later"]),
        ]
    )
    words = f"{preposition} {v}" if alone else d.pick(forms)
    return Condition(field, f"{{c}} {sign} {value}", words)


def _date(d: Draw, field: Field) -> Condition:
    says, values = field.says, [str(v)[:10] for v in field.column.values]
    day = d.pick(values[1:-1] or values)
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise Unfillable from None
    on = says.removesuffix(" date").removesuffix(" time")
    if d.chance(0.5):  # a whole year or month, as a range that an index can serve
        if d.chance(0.6):
            low, high, when = f"{found.year}-01-01", f"{found.year + 1}-01-01", str(found.year)
        else:
            after = (found.year + found.month // 12, found.month % 12 + 1)
            low, high = f"{found.year}-{found.month:02}-01", f"{after[0]}-{after[1]:02}-01"
            when = f"{MONTHS[found.month - 1]} {found.year}"
        forms = [f"whose {says} is in {when}", f"with {article(says)} in {when}", f"where the {says} falls in {when}"]
        if _only_time(field):
            forms += [f"in {when}", f"from {when}"]
        return Condition(field, f"{{c}} >= '{low}' AND {{c}} < '{high}'", d.pick(forms))
    v = spoken_date(day, d.rng)
    sign, forms = d.pick(
        [
            (">", [f"with {article(says)} after {v}", f"whose {says} is after {v}", f"with {on} later than {v}"]),
            ("<", [f"with {article(says)} before {v}", f"whose {says} is before {v}", f"with {on} earlier than {v}"]),
            (">=", [f"whose {says} is on or after {v}", f"with {article(says)} of {v} or later"]),
        ]
    )
    d.need(sign != ">" or len(str(field.column.values[0])) == 10)  # a time on that day is after its midnight
    return Condition(field, f"{{c}} {sign} '{day}'", d.pick(forms))


def _flag(d: Draw, field: Field) -> Condition:
    says, value = field.says, d.pick(field.column.values)
    v = _shown(d, value) if isinstance(value, str) else d.say(value)
    forms = [f"whose {says} is {v}", f"with {says} {v}", f"with {says} set to {v}", f"where {says} is {v}"]
    if value == 1:
        forms += [f"marked as {says}", f"flagged {says}"]
    if value == 0:
        forms += [f"not marked as {says}", f"that are not flagged {says}"]
    return Condition(field, f"{{c}} = {literal(value)}", d.pick(forms))


def _key(d: Draw, field: Field) -> Condition:
    says, value = field.says, d.pick(field.column.values)
    v = d.say(value)
    forms = [f"with {says} {v}", f"whose {says} is {v}", f"with the {says} {v}", f"with {says} equal to {v}"]
    return Condition(field, f"{{c}} = {literal(value)}", d.pick(forms))


def _missing(d: Draw, field: Field) -> Condition:
    says = field.says
    if d.chance(0.6):
        forms = [f"without {article(says)}", f"with no {says}", f"whose {says} is missing", f"whose {says} is unknown"]
        return Condition(field, "{c} IS NULL", d.pick([*forms, f"that have no {says}", f"with a missing {says}"]))
    forms = [f"with a known {says}", f"whose {says} is known", f"whose {says} is not missing", f"that have a {says}"]
    return Condition(field, "{c} IS NOT NULL", d.pick(forms))


_BY_KIND: dict[Kind, Callable[[Draw, Field], Condition]] = {
    "category": _text,
    "name": _text,
    "text": _text,
    "integer": _number,
    "number": _number,
    "year": _year,
    "date": _date,
    "flag": _flag,
    "key": _key,
}
