"""The English of questions: plurals, articles, lists, numbers, dates and what people do to a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from random import Random

IRREGULAR = {
    "person": "people",
    "child": "children",
    "man": "men",
    "woman": "women",
    "foot": "feet",
    "tooth": "teeth",
    "mouse": "mice",
    "series": "series",
    "species": "species",
    "status": "statuses",
    "analysis": "analyses",
    "index": "indexes",
    "half": "halves",
    "shelf": "shelves",
    "leaf": "leaves",
    "life": "lives",
}
OPENERS = (
    *("List {}.", "Show {}.", "Give {}.", "Find {}.", "Return {}.", "Show me {}.", "Give me {}.", "Tell me {}."),
    *("What {are} {}?", "What {are} {}?", "What {are} {}?", "Display {}.", "Get {}.", "Report {}.", "Provide {}."),
    *("Please list {}.", "Can you show {}?", "I need {}.", "I want to see {}.", "We need {}.", "Look up {}.", "{}"),
)
COUNTING = (
    *("How many {} are there?", "How many {} are there?", "Count the {}.", "What is the number of {}?"),
    *("Show the number of {}.", "How many {} do we have?", "Give the count of {}.", "Find the number of {}."),
    *("What is the total number of {}?", "Return the number of {}.", "Tell me how many {} there are.", "number of {}"),
)
# What people say of a quantity, by its noun: more, less, the most, the least.
ADJECTIVES = {
    "age": ("older", "younger", "oldest", "youngest"),
    "price": ("more expensive", "cheaper", "most expensive", "cheapest"),
    "cost": ("more expensive", "cheaper", "most expensive", "cheapest"),
    "weight": ("heavier", "lighter", "heaviest", "lightest"),
    "height": ("taller", "shorter", "tallest", "shortest"),
    "length": ("longer", "shorter", "longest", "shortest"),
    "duration": ("longer", "shorter", "longest", "shortest"),
    "size": ("larger", "smaller", "largest", "smallest"),
    "area": ("larger", "smaller", "largest", "smallest"),
    "population": ("more populous", "less populous", "most populous", "least populous"),
    "speed": ("faster", "slower", "fastest", "slowest"),
    "depth": ("deeper", "shallower", "deepest", "shallowest"),
    "width": ("wider", "narrower", "widest", "narrowest"),
}
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_KEYS = "abcdefghijklmnopqrstuvwxyz"


def plural(noun: str) -> str:
    """The plural of a noun, of the head of one that has an "of" or "in"."""
    head, rest = noun, ""
    if match := re.match(r"(.+?)( (?:of|in|per|for|at|on|from) .+)", noun):
        head, rest = match[1], match[2]
    first, _, word = head.rpartition(" ")
    if word in IRREGULAR:
        word = IRREGULAR[word]
    elif word.endswith("y") and word[-2:-1] not in "aeiou":
        word = f"{word[:-1]}ies"
    elif word.endswith(("s", "x", "ch", "sh", "z")):
        word = f"{word}es"
    else:
        word = f"{word}s"
    return f"{first} {word}{rest}".strip()


def article(noun: str) -> str:
    """The noun with a or an."""
    return f"{'an' if noun[:1] in 'aeio' else 'a'} {noun}"


def listed(parts: Sequence[str], word: str = "and") -> str:
    """a, b and c."""
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}" if len(parts) > 1 else parts[0]


def spoken_number(value: float, rng: Random) -> str:
    """A number as people write it: now and then with separators."""
    if isinstance(value, int) and abs(value) >= 10_000 and rng.random() < 0.1:
        return f"{value:,}"
    return literal(value)


def spoken_date(day: str, rng: Random) -> str:
    """A date YYYY-MM-DD as people write it, mostly as it stands."""
    if rng.random() < 0.6:
        return day
    parsed = date.fromisoformat(day)
    month = MONTHS[parsed.month - 1]
    return rng.choice((f"{month} {parsed.day}, {parsed.year}", f"{parsed.day} {month} {parsed.year}"))


def literal(value: float | str) -> str:
    """A value as SQL writes it."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value) if isinstance(value, int) else repr(round(value, 6))


def opened(what: str, rng: Random, many: bool = True) -> str:
    """A request for `what`."""
    return rng.choice(OPENERS).replace("{are}", "are" if many else "is").replace("{}", what)


def finished(text: str, values: Sequence[str], rng: Random) -> str:
    """The question as it is typed: a capital first, now and then no full stop, no capitals, or a slip in one of the
    words that are none of the `values`."""
    text = " ".join(text.split())
    if rng.random() < 0.03:
        text = _slip(text, values, rng)
    if rng.random() < 0.12:
        text = text.rstrip(".?")
    if rng.random() < 0.08:
        return text
    return text[0].upper() + text[1:]


def _slip(text: str, values: Sequence[str], rng: Random) -> str:
    words = text.split(" ")
    kept = {word for value in values for word in str(value).split(" ")}
    able = [i for i, word in enumerate(words) if len(word) > 3 and word.isalpha() and word not in kept]
    if not able:
        return text
    at = rng.choice(able)
    word, place = words[at], rng.randrange(1, len(words[at]) - 1)
    words[at] = rng.choice(
        (
            word[:place] + word[place + 1 :],
            word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            word[:place] + word[place] + word[place:],
            word[:place] + rng.choice(_KEYS) + word[place + 1 :],
        )
    )
    return " ".join(words)
