"""The little English grammar that imagined schemas need: plurals."""

from __future__ import annotations

import re
from functools import cache

_PAIRS = (
    "person/people child/children man/men woman/women foot/feet tooth/teeth goose/geese mouse/mice ox/oxen "
    "quiz/quizzes analysis/analyses thesis/theses crisis/crises basis/bases hypothesis/hypotheses "
    "diagnosis/diagnoses synopsis/synopses criterion/criteria phenomenon/phenomena medium/media "
    "curriculum/curricula bacterium/bacteria datum/data alumnus/alumni fungus/fungi cactus/cacti "
    "nucleus/nuclei syllabus/syllabi stimulus/stimuli matrix/matrices vertex/vertices appendix/appendices "
    "index/indexes leaf/leaves shelf/shelves wolf/wolves knife/knives wife/wives life/lives loaf/loaves "
    "half/halves calf/calves thief/thieves hero/heroes echo/echoes potato/potatoes tomato/tomatoes "
    "mosquito/mosquitoes volcano/volcanoes torpedo/torpedoes cargo/cargoes staff/staff sheep/sheep deer/deer "
    "fish/fish moose/moose salmon/salmon trout/trout series/series species/species aircraft/aircraft "
    "spacecraft/spacecraft hovercraft/hovercraft offspring/offspring"
)
_IRREGULAR: dict[str, str] = dict(pair.split("/") for pair in _PAIRS.split())


@cache
def _plural_of_word(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if match := re.fullmatch(
        r"(wo|sales|police|fire|fisher|crafts|chair|post|states|camera|grand|god|step)(man|child)", word
    ):
        return match[1] + _IRREGULAR[match[2]]
    if word.endswith(("craft", "fish", "shelf")):  # "spacecraft", "goldfish", "bookshelf"
        return word[:-1] + "ves" if word.endswith("f") else word
    if re.search(r"(s|x|z|ch|sh)$", word):
        return word + "es"
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + "s"


def plural(noun: str) -> str:
    """The plural of a noun in lower case, of its last word: "gift card" -> "gift cards", "child" -> "children"."""
    head, _, last = noun.rpartition(" ")
    return f"{head} {_plural_of_word(last)}" if head else _plural_of_word(last)
