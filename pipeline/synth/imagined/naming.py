"""How a schema writes its identifiers: case, plurals, prefixes, abbreviations; and the names that SQL keeps."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.synth.imagined.words.abbreviations import ABBREVIATIONS, RESERVED

Case = Literal["snake", "Title_Snake", "Camel", "lowerCamel", "flat", "UPPER", "spaced"]


@dataclass(frozen=True)
class Habits:
    """How often schemas are written in which way: weights of the cases, and the shares of schemas whose tables and
    columns differ in case, whose tables have a prefix, that abbreviate, whose columns begin with the table's noun, that
    have stray columns, and of those whose questions say the noun that such columns begin with."""

    cases: Mapping[Case, float]
    mixed: float
    table_prefix: float
    abbreviate: float
    prefixed: float
    stray: float
    says_prefix: float


# As often as one meets them.
USUAL = Habits(
    {
        "snake": 0.42,
        "Title_Snake": 0.13,
        "Camel": 0.13,
        "lowerCamel": 0.08,
        "flat": 0.1,
        "UPPER": 0.09,
        "spaced": 0.05,
    },
    mixed=0.15,
    table_prefix=0.04,
    abbreviate=0.2,
    prefixed=0.16,
    stray=0.04,
    says_prefix=0.5,
)
# What a model finds hard, more often: a starter that had seen 95 million tokens in the usual ways wrote 83 % of the
# queries on plain schemas, 63 % on all others, 40 to 50 % where names are in upper case or have spaces.
DEMANDING = Habits(
    {
        "snake": 0.27,
        "Title_Snake": 0.14,
        "Camel": 0.14,
        "lowerCamel": 0.08,
        "flat": 0.07,
        "UPPER": 0.19,
        "spaced": 0.11,
    },
    mixed=0.2,
    table_prefix=0.08,
    abbreviate=0.38,
    prefixed=0.32,
    stray=0.08,
    says_prefix=0.35,
)


@dataclass(frozen=True)
class Style:
    """One schema's habits. `abbreviate`, `prefixed` and `stray` are shares: of words, of columns that begin with the
    table's noun, and of columns in another case."""

    tables: Case
    columns: Case
    plural: bool
    table_prefix: str
    abbreviate: float
    prefixed: float
    stray: float
    big_id: bool  # CustomerID rather than CustomerId


def draw_style(rng: random.Random, habits: Habits) -> Style:
    """The habits of one schema; now and then its tables and columns are written in different cases."""
    tables = pick_case(rng, habits)
    columns = pick_case(rng, habits) if rng.random() < habits.mixed else tables
    return Style(
        tables,
        columns,
        plural=rng.random() < 0.5,
        table_prefix=rng.choice(("tbl", "tbl", "t", "dim", "app")) if rng.random() < habits.table_prefix else "",
        abbreviate=rng.choice((0.25, 0.5, 0.8)) if rng.random() < habits.abbreviate else 0.0,
        prefixed=rng.choice((0.3, 0.6, 1.0)) if rng.random() < habits.prefixed else 0.0,
        stray=0.3 if rng.random() < habits.stray else 0.0,
        big_id=rng.random() < 0.5,
    )


def pick_case(rng: random.Random, habits: Habits) -> Case:
    """One of the cases."""
    return rng.choices(tuple(habits.cases), tuple(habits.cases.values()))[0]


class Abbreviator:
    """Shortens the share `share` of all words, and a word always to the same form."""

    def __init__(self, share: float, rng: random.Random) -> None:
        self.share, self.rng = share, rng
        self.forms: dict[str, str] = {}

    def __call__(self, words: Iterable[str]) -> list[str]:
        """The words, some of them shortened."""
        return [self.forms.get(word) or self._form(word) for word in words]

    def _form(self, word: str) -> str:
        form = self.forms[word] = shortened(word, self.rng) if self.rng.random() < self.share else word
        return form


def shortened(word: str, rng: random.Random) -> str:
    """A short form: a usual one, the word's consonants, or its beginning; of a short word itself."""
    if word in ABBREVIATIONS:
        return ABBREVIATIONS[word]
    if len(word) < 5:
        return word
    if rng.random() < 0.55:
        short = word[0] + "".join(c for c in word[1:] if c not in "aeiou")
        return short[:6] if len(short) > 2 else word[:4]
    return word[: rng.randint(3, 5)]


def cased(words: Sequence[str], case: Case, big_id: bool = False) -> str:
    """Words in lower case as one identifier."""
    if case == "snake":
        return "_".join(words)
    if case == "flat":
        return "".join(words)
    if case == "UPPER":
        return "_".join(words).upper()
    titled = [w.upper() if big_id and w == "id" else w.capitalize() for w in words]
    if case == "Title_Snake":
        return "_".join(titled)
    if case == "spaced":
        return " ".join(titled if big_id else words)
    if case == "Camel":
        return "".join(titled)
    return words[0] + "".join(titled[1:])


def is_free(identifier: str) -> bool:
    """Whether it can stand in SQL without quotes (or has a space, so that it is always quoted)."""
    return identifier.lower() not in RESERVED
