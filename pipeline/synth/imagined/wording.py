"""The words of one view: drawn from a lexicon, some or all of them replaced by invented ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from pipeline.synth.imagined.english import plural
from pipeline.synth.imagined.lexicon import FUNCTION_WORDS, Attribute, Lexicon, Noun, Sort
from pipeline.synth.imagined.pseudo import Blends, Language, verb_stem
from pipeline.synth.view import Kind

KIND_WEIGHTS: dict[Kind, float] = {
    "category": 0.27,
    "name": 0.07,
    "text": 0.09,
    "integer": 0.18,
    "number": 0.15,
    "year": 0.06,
    "date": 0.11,
    "flag": 0.07,
}
_KINDS, _WEIGHTS = tuple(KIND_WEIGHTS), tuple(KIND_WEIGHTS.values())


class Wording:
    """Draws the nouns, attributes and values' words of one view.

    `invented` is the share of its words that are made up: none in three views of ten, all in four: who learns to copy
    words of which no piece means anything can copy any. `language` makes them: blends in every second view of the
    training, for a tokenizer cuts them as it cuts unknown real words. Of a lexicon that is not inventive only names in
    rows are made up.
    """

    def __init__(self, lexicon: Lexicon, rng: random.Random) -> None:
        self.lexicon, self.rng = lexicon, rng
        draw = rng.random()
        self.invented = 0.0 if draw < 0.3 else rng.uniform(0.15, 0.75) if draw < 0.6 else 1.0
        if not lexicon.inventive:
            self.invented = 0.0
        # Databases of real words have strange names in their rows too.
        self.invented_values = self.invented or (rng.uniform(0.1, 0.6) if rng.random() < 0.3 else 0.0)
        self.language: Language | Blends = rng.choice(lexicon.languages)
        if lexicon.blends and rng.random() < 0.5:
            self.language = lexicon.blends

    def invent(self) -> str:
        """A new word; of the lexicon's own languages, and no word of another lexicon."""
        while (word := self.language.word(self.rng)) in self.lexicon.avoided:
            pass
        return word

    def nouns(self, count: int) -> list[Noun]:
        """Different nouns, mostly of one theme."""
        lexicon, rng = self.lexicon, self.rng
        theme = rng.choice(tuple(lexicon.themes.values()))
        found: dict[str, Noun] = {}
        while len(found) < count:
            noun = rng.choice(theme if rng.random() < 0.75 and len(found) < len(theme) // 2 else lexicon.nouns)
            if rng.random() < self.invented:
                noun = Noun(self._invented_noun(noun), noun.sort)
            elif rng.random() < 0.07 and " " not in noun.one:
                noun = Noun(f"{rng.choice(lexicon.modifiers)} {noun.one}", noun.sort)
            found.setdefault(plural(noun.one), noun)
        return list(found.values())

    def _invented_noun(self, noun: Noun) -> str:
        draw = self.rng.random()
        if draw < 0.8:
            return self.invent()
        return f"{self.invent()} {self.invent() if draw < 0.88 else noun.one.split()[-1]}"

    def attribute(self, sort: Sort, kind: Kind | None = None) -> Attribute:
        """An attribute that such a noun may have, of that kind or of any."""
        rng = self.rng
        if rng.random() < 0.15:
            sort = rng.choice(("person", "thing", "place", "event", "group", "work"))
        kinds = self.lexicon.by_sort[sort]
        attribute = rng.choice(kinds[kind or rng.choices(_KINDS, _WEIGHTS)[0]])
        says = attribute.says
        if rng.random() < self.invented:
            draw = rng.random()
            says = (
                self.invent()
                if draw < 0.6
                else f"{self.invent()} {says.split()[-1]}"
                if draw < 0.85
                else f"{self.invent()} {self.invent()}"
            )
        elif says.count(" ") > 1 or attribute.recipe in ("person", "first", "last"):
            return attribute
        if rng.random() < 0.14:
            says = f"{self._modifier()} {says}"
        return attribute if says == attribute.says else replace(attribute, says=says)

    def _modifier(self) -> str:
        """What narrows an attribute down: "shipping", "parent zorvik", "hotel"."""
        rng, draw = self.rng, self.rng.random()
        if rng.random() < self.invented:
            return self.invent()
        if draw < 0.06 and self.lexicon.inventive:
            return f"{rng.choice(self.lexicon.modifiers)} {self.invent()}"
        return rng.choice(self.lexicon.nouns).one if draw < 0.2 else rng.choice(self.lexicon.modifiers)

    def verbs(self, taken: Sequence[str] = ()) -> tuple[str, str]:
        """The two verb phrases of a link, other than those taken from child to parent."""
        rng = self.rng
        if rng.random() < max(0.04, self.invented * 0.6) and self.lexicon.inventive:
            stem = verb_stem(self.invent())
            return rng.choice(
                (
                    (f"{stem}ed by", f"that {stem}"),
                    (f"{stem}ed by", f"that {stem}ed"),
                    (f"{stem}ing", f"{stem}ed by"),
                    (f"{stem}ed to", f"with {stem}ed"),
                )
            )
        for _ in range(8):
            pair = rng.choice(self.lexicon.verbs)
            if pair[0] not in taken:
                break
        return pair

    def value(self, text: str) -> str:
        """A value's text with some of its words invented, in the same case."""
        if not self.invented_values:
            return text
        return " ".join(self._value_word(word) for word in text.split(" "))

    def _value_word(self, word: str) -> str:
        if self.rng.random() >= self.invented_values or not word.isalpha() or word in FUNCTION_WORDS:
            return word
        if len(word) == 1:
            return word
        new = self.invent()
        return new.upper() if word.isupper() else new.capitalize() if word[0].isupper() else new
