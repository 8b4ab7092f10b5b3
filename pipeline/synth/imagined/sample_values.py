"""Sample values of an imagined column: literals that a question can name and a row can hold."""

from __future__ import annotations

import datetime
import math
import random
from collections.abc import Callable

from pipeline.synth.imagined.lexicon import Attribute, Names
from pipeline.synth.imagined.wording import Wording
from pipeline.synth.view import Value

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def sample_values(attribute: Attribute, wording: Wording) -> tuple[Value, ...]:
    """Three to twelve different values of any attribute but a flag: those of a category, name or text in no order
    (the first counts as the most frequent), quantities, years and dates ascending."""
    rng = wording.rng
    if attribute.kind == "category":
        return _category(attribute, wording)
    if attribute.kind in ("integer", "number", "year"):
        digits = attribute.decimals if attribute.kind == "number" else 0
        drawn = {quantity(rng, attribute.low, attribute.high, digits) for _ in range(rng.randint(3, 8))}
        return tuple(sorted(drawn))
    if attribute.kind == "date":
        return tuple(sorted(_days(rng, attribute)))
    recipe = RECIPES[attribute.recipe]
    size = rng.randint(3, 8)
    texts = dict.fromkeys(wording.value(recipe(rng, wording.lexicon.names)) for _ in range(size))
    return tuple(texts)


def quantity(rng: random.Random, low: float, high: float, digits: int) -> int | float:
    """A number between the two: over several magnitudes small ones are as usual as large ones."""
    if low > 0 and high > 40 * low:
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
        if value > 10_000 and rng.random() < 0.5:
            value = round(value, -2)
    else:
        value = rng.triangular(low, high)
    return round(value, digits) if digits else round(value)


def _category(attribute: Attribute, wording: Wording) -> tuple[Value, ...]:
    rng, values = wording.rng, attribute.values
    chosen = rng.sample(values, min(len(values), rng.choice((3, 3, 4, 4, 5, 6, 8, 12))))
    draw = rng.random()
    if draw < 0.06:  # codes: the beginnings of the words
        chosen = [v[: rng.randint(1, 3)].strip() if len(v) > 3 else v for v in chosen]
    recase = str.upper if draw < 0.15 else _raised if draw < 0.45 else _titled if draw < 0.6 else str
    return tuple(dict.fromkeys(recase(wording.value(v)) for v in chosen))


def _raised(text: str) -> str:
    return text[0].upper() + text[1:]


def _titled(text: str) -> str:
    return " ".join(map(_raised, text.split()))


def _days(rng: random.Random, attribute: Attribute) -> set[str]:
    first = datetime.date(int(attribute.low), 1, 1).toordinal()
    last = datetime.date(int(attribute.high), 12, 31).toordinal()
    return {datetime.date.fromordinal(rng.randint(first, last)).isoformat() for _ in range(rng.randint(3, 8))}


def _person(rng: random.Random, names: Names) -> str:
    return f"{rng.choice(names.firsts)} {rng.choice(names.lasts)}"


def _place(rng: random.Random, names: Names) -> str:
    place = rng.choice(names.places)
    return f"{place} {rng.choice(names.place_parts)}" if rng.random() < 0.12 else place


def _title(rng: random.Random, names: Names) -> str:
    draw, adjective = rng.random(), rng.choice(names.adjectives).capitalize()
    thing, other = rng.choice(names.things).capitalize(), rng.choice(names.things).capitalize()
    if draw < 0.35:
        return f"The {adjective} {thing}"
    if draw < 0.6:
        return f"{adjective} {thing}"
    if draw < 0.75:
        return f"{thing} of {other}"
    if draw < 0.82:
        return f"{rng.choice(names.firsts)}'s {thing}"
    return thing if draw < 0.92 else f"{thing} and {other}"


def _product(rng: random.Random, names: Names) -> str:
    text = f"{rng.choice(names.adjectives)} {rng.choice(names.things)}"
    draw = rng.random()
    if draw < 0.5:
        text = text.title()
    return f"{text} {rng.randint(2, 900)}" if draw > 0.85 else text


def _company(rng: random.Random, names: Names) -> str:
    head = rng.choice((names.lasts, names.places, names.things))
    return f"{rng.choice(head).capitalize()} {rng.choice(names.company_endings)}"


def _code(rng: random.Random, names: Names) -> str:
    draw = rng.random()
    letters = "".join(rng.choice(_LETTERS) for _ in range(rng.randint(1, 3)))
    if draw < 0.5:
        return f"{letters}-{rng.randint(10, 9999)}"
    return f"{letters}{rng.randint(100, 999)}" if draw < 0.9 else f"{rng.randint(1, 99)}{letters}"


def _phone(rng: random.Random, names: Names) -> str:
    return f"+{rng.randint(1, 98)} {rng.randint(100, 999)} {rng.randint(10000, 999999)}"


def _email(rng: random.Random, names: Names) -> str:
    return f"{rng.choice(names.firsts)}.{rng.choice(names.lasts)}@{rng.choice(names.things)}.example".lower()


def _url(rng: random.Random, names: Names) -> str:
    return f"www.{rng.choice(names.adjectives)}-{rng.choice(names.things)}.example".lower()


def _address(rng: random.Random, names: Names) -> str:
    street = rng.choice((names.lasts, names.things, names.adjectives))
    return f"{rng.randint(1, 240)} {rng.choice(street).capitalize()} {rng.choice(names.streets)}"


def _note(rng: random.Random, names: Names) -> str:
    text = f"{rng.choice(names.adjectives)} {rng.choice(names.things)}"
    link = rng.choice(("with", "without", "for the", "and", "in the"))
    return f"{text} {link} {rng.choice(names.adjectives)} {rng.choice(names.things)}".capitalize()


def _word(rng: random.Random, names: Names) -> str:
    return rng.choice(names.things).capitalize()


RECIPES: dict[str, Callable[[random.Random, Names], str]] = {
    "person": _person,
    "first": lambda rng, names: rng.choice(names.firsts),
    "last": lambda rng, names: rng.choice(names.lasts),
    "place": _place,
    "title": _title,
    "product": _product,
    "company": _company,
    "code": _code,
    "phone": _phone,
    "email": _email,
    "url": _url,
    "address": _address,
    "note": _note,
    "word": _word,
}
