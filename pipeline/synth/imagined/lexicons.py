"""The lexicons: one to learn from, one held out with other words, and any number of wholly invented ones."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import fields, replace
from types import ModuleType
from typing import Any, cast

from pipeline.synth.imagined.lexicon import Attribute, Lexicon, Names, Noun, Roles, Sort
from pipeline.synth.imagined.naming import DEMANDING
from pipeline.synth.imagined.pseudo import (
    HELD_OUT_LANGUAGES,
    TRAINING_LANGUAGES,
    Blends,
    Language,
    novel_language,
    verb_stem,
)
from pipeline.synth.imagined.words import attributes, categories, held_out, names, nouns, verbs
from pipeline.synth.view import Kind

# The constants of the word modules that list attributes.
_TABLES: dict[Kind, str] = {
    "category": "CATEGORIES",
    "name": "NAMES",
    "text": "TEXTS",
    "integer": "INTEGERS",
    "number": "NUMBERS",
    "year": "YEARS",
    "date": "DATES",
    "flag": "FLAGS",
}


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _sorts(text: str) -> tuple[Sort, ...]:
    return tuple(cast(Sort, part) for part in _listed(text))


def _attributes(kind: Kind, text: str) -> list[Attribute]:
    """Attributes of one kind from lines "sorts | low high digits or recipe or nothing | attributes"."""
    found = []
    for line in text.strip().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        sorts, says = _sorts(cells[0]), _listed(cells[1] if kind in ("category", "flag") else cells[2])
        for one in says:
            if kind == "category":
                found.append(Attribute(one, kind, sorts, values=_listed(cells[2])))
            elif kind == "flag":
                found.append(Attribute(one, kind, sorts))
            elif kind in ("name", "text"):
                found.append(Attribute(one, kind, sorts, recipe=cells[1]))
            else:
                low, high, *digits = (float(n) for n in cells[1].split())
                found.append(Attribute(one, kind, sorts, low, high, int(digits[0]) if digits else 0))
    return found


def _themes(themes: dict[str, str]) -> dict[str, tuple[Noun, ...]]:
    """Nouns of each theme from "sort: nouns; sort: nouns"."""
    return {
        theme: tuple(
            Noun(one, cast(Sort, sort.strip()))
            for sort, _, listed in (part.partition(":") for part in text.split(";"))
            for one in _listed(listed)
        )
        for theme, text in themes.items()
    }


def _roles(line: str) -> Roles:
    first, second = (tuple(part.strip().split("/")) for part in line.split("|"))
    return Roles((first[0], first[1], first[2]), (second[0], second[1], second[2]))


def _pair(text: str) -> tuple[str, str]:
    of, _, has = text.partition("/")
    return of, has


def _lexicon(name: str, languages: tuple[Language, ...], *modules: ModuleType) -> Lexicon:
    """A lexicon of the constants of these modules."""
    data: dict[str, Any] = {key: value for module in modules for key, value in vars(module).items() if key.isupper()}
    return Lexicon(
        name,
        themes=_themes(data["THEMES"]),
        bridges=_listed(data["BRIDGES"]),
        attributes=tuple(a for kind, table in _TABLES.items() for a in _attributes(kind, data[table])),
        modifiers=_listed(data["MODIFIERS"]),
        keys=data["KEYS"],
        code_keys=data["CODE_KEYS"],
        verbs=tuple(_pair(text) for text in _listed(data["VERBS"])),
        roles=tuple(_roles(line) for line in data["ROLES"]),
        names=Names(**{field.name: _listed(data[field.name.upper()]) for field in fields(Names)}),
        languages=languages,
    )


_TRAINING = _lexicon("training", TRAINING_LANGUAGES, nouns, attributes, categories, verbs, names)
_HELD_OUT = _lexicon("held out", HELD_OUT_LANGUAGES, held_out)
TRAINING = replace(_TRAINING, avoided=_HELD_OUT.words, blends=Blends.of(_TRAINING.words), habits=DEMANDING)
HELD_OUT = replace(_HELD_OUT, avoided=_TRAINING.words)


def novel_lexicon(seed: int) -> Lexicon:
    """A lexicon of invented words alone, of sounds that the other two never use; another one for every seed.

    It has the kinds, ranges and sizes of the training lexicon, so that only its words are new.
    """
    rng = random.Random(f"novel lexicon {seed}")
    language = novel_language(rng)
    avoided = TRAINING.words | HELD_OUT.words

    def word() -> str:
        while (new := language.word(rng)) in avoided:
            pass
        return new

    def new(text: str) -> str:
        words = " ".join(word() for _ in text.split()[:2])
        return words.title() if text[:1].isupper() else words

    def listed(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(new(text) for text in texts))

    def verb() -> tuple[str, str]:
        stem = verb_stem(word())
        return f"{stem}ed by", f"that {stem}"

    real = TRAINING
    return Lexicon(
        f"novel {seed}",
        themes={theme: tuple(Noun(new(n.one), n.sort) for n in nouns) for theme, nouns in real.themes.items()},
        bridges=listed(real.bridges),
        attributes=tuple(replace(a, says=new(a.says), values=listed(a.values)) for a in real.attributes),
        modifiers=listed(real.modifiers),
        keys=listed(real.keys),
        code_keys=listed(real.code_keys),
        verbs=tuple(verb() for _ in real.verbs),
        roles=tuple(Roles((new("home"), *verb()), (new("away"), *verb())) for _ in real.roles),
        names=Names(**{field.name: listed(getattr(real.names, field.name)) for field in fields(Names)}),
        languages=(language,),
        avoided=avoided,
    )
