"""Invented words: syllables of made-up languages, of which no two lexicons share one, and blends of real words."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """Sounds of which words are made: a syllable is an onset, a nucleus and now and then a coda."""

    onsets: tuple[str, ...]
    nuclei: tuple[str, ...]
    codas: tuple[str, ...]
    lengths: tuple[float, float] = (0.12, 0.8)  # shares of words of one syllable, and of one or two

    def word(self, rng: random.Random) -> str:
        """A lower-case word of one to three syllables. Each begins with consonants, so that no two nuclei meet in it
        and those of a lexicon stay its own; a single one is closed."""
        pick = rng.random
        onsets, nuclei, codas = self.onsets, self.nuclei, self.codas
        length = pick()
        count = 1 if length < self.lengths[0] else 2 if length < self.lengths[1] else 3
        parts = []
        for at in range(count):
            parts.append(onsets[int(pick() * len(onsets))])
            parts.append(nuclei[int(pick() * len(nuclei))])
            if count == 1 or pick() < (0.75 if at == count - 1 else 0.3):
                parts.append(codas[int(pick() * len(codas))])
        return "".join(parts)

    def syllables(self) -> set[str]:
        """All of its syllables."""
        return {o + n + c for o in self.onsets for n in self.nuclei for c in ("", *self.codas)}


@dataclass(frozen=True)
class Blends:
    """Words that could be English: the beginning of one word and the end of another ("colation", "presetage").

    A tokenizer cuts them as it cuts real words that it does not know, into pieces with a meaning elsewhere.
    """

    heads: tuple[str, ...]
    tails: tuple[str, ...]

    @classmethod
    def of(cls, words: Iterable[str]) -> Blends:
        """Blends of these words, cut between a vowel and a consonant; no part is longer than six letters."""
        heads, tails = set(), set()
        for word in words:
            for at in range(1, len(word) - 1):
                if word.isascii() and word.isalpha() and word[at - 1] in _VOWELS and word[at] not in _VOWELS:
                    heads |= {word[:at]} if 2 <= at <= 6 else set()
                    tails |= {word[at:]} if len(word) - at <= 6 else set()
        return cls(tuple(sorted(heads)), tuple(sorted(tails)))

    def word(self, rng: random.Random) -> str:
        """A lower-case word."""
        return rng.choice(self.heads) + rng.choice(self.tails)


_VOWELS = "aeiouy"


def language(onsets: str, nuclei: str, codas: str) -> Language:
    """A language from lists of sounds with spaces between them."""
    return Language(tuple(onsets.split()), tuple(nuclei.split()), tuple(codas.split()))


def verb_stem(word: str) -> str:
    """An invented word to which "ed" and "ing" can be added."""
    return word + "n" if word[-1] in "aeiou" else word


def _drawn_language(number: int) -> Language:
    """A language of sounds drawn at random, many of which nobody could speak."""
    rng = random.Random(f"training language {number}")

    def sounds(count: int, joined: float) -> tuple[str, ...]:
        return tuple(
            "".join(rng.sample("bcdfghjklmnpqrstvwxz", 2 if rng.random() < joined else 1)) for _ in range(count)
        )

    joined = rng.choice((0.1, 0.5, 0.9))
    nuclei = tuple(rng.sample(("a", "e", "i", "o", "u", "aa", "ee", "ii", "oo", "uu"), rng.randint(4, 7)))
    lengths = rng.choice(((0.12, 0.8), (0.25, 0.98)))
    return Language(sounds(rng.randint(9, 16), joined), nuclei, sounds(rng.randint(4, 9), joined), lengths)


# The nuclei below belong to training alone; those of the other lexicons are two vowels that never meet here. Languages
# by the hundred, for who has met a few only learns their syllables by heart, and not to copy.
TRAINING_LANGUAGES = (
    *map(_drawn_language, range(500)),
    language("b d f g h k l m n p r s t v z br dr gr kr tr", "a e i o u", "l m n r s t k nd rk x"),
    language("k m n r s t h sh ch j w", "a i u e o aa", "n k"),
    language("v d m l z r st zv kr gl pr dr br sl", "o a i e ee", "k v l n r m sk st z d"),
    language("b c d f l m n p r s t v g ch br cr fl gl tr", "a e i o", "n l r s"),
    language("h th w f sk st gr br dr l m n r t sn sp", "a e i o u ai", "ld rn th ng nd st ck m lf"),
    language("b k l m n t w p d ng j z nk mb nd", "a e i o u oo", "m n l"),
    language("x tl c p t m ch n z k h", "a i o e", "tl c x n l ch z"),
)
HELD_OUT_LANGUAGES = (
    language("b d f g l m n p r s t pl fr gw bl sm", "ou ie ea", "r n s t d lm rt"),
    language("k t p v j h l r n shr spl", "au oi ou", "k f n p ft sh b"),
)

_NOVEL = language(
    "dz kv vl zh pf rh vz dv bw mr ts gj hl sv zr fn mn ks",
    "ae oe ui eu ia uo iu eo ua",
    "vk zg lb rf gd mz pt ksh bz dh",
)


def novel_language(rng: random.Random) -> Language:
    """One more language, whose nuclei no other lexicon has; the seed picks its sounds."""
    sounds = _NOVEL
    return Language(
        tuple(rng.sample(sounds.onsets, 12)),
        tuple(rng.sample(sounds.nuclei, 6)),
        tuple(rng.sample(sounds.codas, 7)),
        (0.25, 0.98),  # its syllables are long
    )
