"""More texts like a few samples: their words in new combinations, some of them respelled."""

from __future__ import annotations

import random
from collections.abc import Sequence

from pipeline.synth.view import Value

_VOWELS, _CONSONANTS, _DIGITS = "aeiou", "bdfgklmnprstv", "0123456789"


def similar_texts(samples: Sequence[Value], count: int, rng: random.Random) -> list[str]:
    """`count` different texts, the samples first."""
    texts = dict.fromkeys(str(value) for value in samples)
    words = [text.split(" ") for text in texts]
    misses = 0
    while len(texts) < count:
        text = _similar(words, rng)
        if text in texts:
            misses += 1
            if misses > 3 * count:  # the pattern has no room for so many
                text += str(rng.randrange(10 * count))
        texts[text] = None
    return list(texts)


def _similar(samples: list[list[str]], rng: random.Random) -> str:
    """One of the samples with words of others in its place, one of which may be respelled."""
    words = rng.choice(samples).copy()
    for at in range(len(words)):
        other = samples[int(rng.random() * len(samples))]
        if at < len(other) and rng.random() < 0.7:
            words[at] = other[at]
    at = int(rng.random() * len(words))
    if len(words) == 1 or not words[at].isalpha() or rng.random() < 0.5:
        words[at] = _respelled(words[at], rng)
    return " ".join(words)


def _respelled(word: str, rng: random.Random) -> str:
    """The word with other digits, vowels and now and then consonants; capitals stay where they are."""
    return "".join(_other(letter, rng) for letter in word)


def _other(letter: str, rng: random.Random) -> str:
    lower = letter.lower()
    if letter in _DIGITS:
        return rng.choice(_DIGITS) if rng.random() < 0.8 else letter
    if lower in _VOWELS:
        new = rng.choice(_VOWELS) if rng.random() < 0.5 else lower
    elif lower in _CONSONANTS:
        new = rng.choice(_CONSONANTS) if rng.random() < 0.25 else lower
    else:
        return letter
    return new.upper() if letter.isupper() else new
