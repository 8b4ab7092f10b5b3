"""What a lexicon of imagined schemas holds: nouns for tables, attributes for columns, and words for their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pipeline.synth.imagined.naming import USUAL, Habits
from pipeline.synth.imagined.pseudo import Blends, Language
from pipeline.synth.view import Kind

Sort = Literal["person", "thing", "place", "event", "group", "work"]  # what a noun stands for
SORTS: tuple[Sort, ...] = ("person", "thing", "place", "event", "group", "work")

# Words of grammar rather than of content: every lexicon may use them.
_FUNCTION_WORDS = "of in on at by to for from with without that and the under as into over it"
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


@dataclass(frozen=True)
class Noun:
    """A table's noun in the singular, lower-case, and what it stands for."""

    one: str
    sort: Sort


@dataclass(frozen=True)
class Attribute:
    """What a column may hold.

    says      its noun, lower-case, singular
    sorts     what may have it; empty for all
    low, high, decimals
              range of a quantity or year, and digits after the point
    values    values of a category
    recipe    how values of a name or text are composed (see `sample_values`)
    """

    says: str
    kind: Kind
    sorts: tuple[Sort, ...] = ()
    low: float = 0
    high: float = 0
    decimals: int = 0
    values: tuple[str, ...] = ()
    recipe: str = ""


@dataclass(frozen=True)
class Names:
    """Words of which names and texts are composed."""

    firsts: tuple[str, ...]
    lasts: tuple[str, ...]
    places: tuple[str, ...]
    adjectives: tuple[str, ...]
    things: tuple[str, ...]
    company_endings: tuple[str, ...]
    streets: tuple[str, ...]
    place_parts: tuple[str, ...]


@dataclass(frozen=True)
class Roles:
    """Two links from one table to the same parent: the role and the verbs (of, has) of either."""

    first: tuple[str, str, str]
    second: tuple[str, str, str]


@dataclass(frozen=True)
class Lexicon:
    """All words from which views are made.

    themes      nouns that go together, by theme
    bridges     nouns for tables that join two others ("enrolment")
    modifiers   words that go before an attribute ("shipping")
    keys        words for keys, the commonest first; `code_keys`: for keys that are text
    verbs       pairs (of, has) as in `ViewLink`
    languages   where its invented words come from
    blends      where they come from in every second view, if it has any
    avoided     words that it never invents: those of other lexicons
    inventive   whether views mix invented words with its own
    habits      how schemas in its words are written
    """

    name: str
    themes: dict[str, tuple[Noun, ...]]
    bridges: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    modifiers: tuple[str, ...]
    keys: tuple[str, ...]
    code_keys: tuple[str, ...]
    verbs: tuple[tuple[str, str], ...]
    roles: tuple[Roles, ...]
    names: Names
    languages: tuple[Language, ...]
    avoided: frozenset[str] = frozenset()
    inventive: bool = True
    blends: Blends | None = None
    habits: Habits = USUAL

    @cached_property
    def nouns(self) -> tuple[Noun, ...]:
        return tuple(noun for nouns in self.themes.values() for noun in nouns)

    @cached_property
    def by_sort(self) -> dict[Sort, dict[Kind, tuple[Attribute, ...]]]:
        """The attributes that a noun of a sort may have, by kind."""
        kinds: tuple[Kind, ...] = ("category", "name", "text", "integer", "number", "year", "date", "flag")
        return {
            sort: {
                kind: tuple(a for a in self.attributes if a.kind == kind and (not a.sorts or sort in a.sorts))
                for kind in kinds
            }
            for sort in SORTS
        }

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words of content, lower-case: all that it may put into a view apart from invented words."""
        return frozenset(w for text in self._texts() for w in _split(text)) - FUNCTION_WORDS

    def _texts(self) -> Iterator[str]:
        yield from (noun.one for noun in self.nouns)
        for attribute in self.attributes:
            yield attribute.says
            yield from attribute.values
        for words in (self.bridges, self.modifiers, self.keys, self.code_keys):
            yield from words
        for pair in self.verbs:
            yield from pair
        for roles in self.roles:
            yield from roles.first
            yield from roles.second
        for words in vars(self.names).values():
            yield from words


def _split(text: str) -> list[str]:
    """Words of a text; an apostrophe stays inside its word."""
    return "".join(c if c.isalpha() or c == "'" else " " for c in text.lower()).split()
