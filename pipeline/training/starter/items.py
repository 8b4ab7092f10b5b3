"""One item of the stream: a made-up database with several questions, drawn, thought through and cut into tokens.

An item depends on the seed and its number only, so a training can go on at any item without drawing those before.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from pipeline.data.example import Database, Example
from pipeline.data.prompts import Mode, render_completion, render_prompt
from pipeline.errors import InputError
from pipeline.inference.packing import Asked, Item
from pipeline.synth.thoughts import describe
from pipeline.synth.view import Drawn, Level, View

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from pipeline.synth.imagined import Lexicon

THINK_SHARE = 0.4
_SIMPLE_TABLES = 2  # simple questions alone are asked of databases with at most so many
QUESTIONS = (6, 10)  # of one database: a question costs some 80 tokens, its schema some 250
MYSQL_SHARE = 0.1  # of the databases; the others are SQLite's
# Of the questions, with a query as people write it that does more work: fine-tuning on query logs, which are full of
# these, then has no new SQL to teach (EX of a starter without them after SFT: docs/results.md).
SLOW_SHARE = 0.12

Synthesise = Callable[[random.Random, Level | None], tuple[View, Sequence[Drawn]]]

_SLOT = "QUESTION/MODE"


def imagined_for(level: Level | None, rng: random.Random, lexicon: Lexicon) -> View:
    """A database that does not exist, for questions of this level alone or of any."""
    from pipeline.synth.imagined import imagined_view

    return imagined_view(rng, lexicon, _SIMPLE_TABLES) if level == "simple" else imagined_view(rng, lexicon)


def synthesise(
    rng: random.Random, level: Level | None = None, lexicon: Lexicon | None = None
) -> tuple[View, Sequence[Drawn]]:
    """A database that does not exist, in the words of the training or of another lexicon, and questions that the
    grammar asks of it, of this level or of any; some of the latter have slow golds."""
    from pipeline.synth.grammar import draw
    from pipeline.synth.imagined import TRAINING
    from pipeline.synth.slow import slow_form

    view = imagined_for(level, rng, lexicon or TRAINING)
    if rng.random() < MYSQL_SHARE:
        view = replace(view, dialect="mysql")
    wanted = rng.randint(*QUESTIONS)
    tries = (draw(view, rng, level) for _ in range(3 * wanted))  # some shapes do not fit the view
    drawn = list(islice(filter(None, tries), wanted))
    if level is not None:
        return view, drawn
    slow = (rng.random() < SLOW_SHARE and slow_form(one.sql, view.schema, rng, view.dialect) for one in drawn)
    return view, [replace(one, sql=sql or one.sql) for one, sql in zip(drawn, slow, strict=True)]


@dataclass(frozen=True)
class Told:
    """A question as text, with the thought that its completion has (None in non-thinking mode)."""

    mode: Mode
    question: str
    thought: str | None
    sql: str

    @property
    def completion(self) -> str:
        return render_completion(self.thought, self.sql)


def tell(seed: int, number: int, draw: Synthesise = synthesise, level: Level | None = None) -> tuple[View, list[Told]]:
    """Item `number` of the stream as text."""
    rng = random.Random(f"{seed}/{number}")
    view, drawn = draw(rng, level)
    told = []
    for one in drawn:
        thought = describe(one.sql) if rng.random() < THINK_SHARE else None
        told.append(Told("think" if thought else "no_think", one.question, thought, one.sql))
    return view, told


def database_of(view: View, url: str = "") -> Database:
    """What a prompt needs to know of a view, and where its rows are, if it has any."""
    return Database(view.db_id, view.dialect, url, view.schema, "")


class Cutter:
    """Cuts items into the tokens that inference would cut them into, if the tokenizer passes `check`."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, max_length: int) -> None:
        self._tokenizer, self._max_length = tokenizer, max_length
        self._end = str(tokenizer.eos_token)

    def cut(self, view: View, told: Sequence[Told]) -> Item | None:
        """None where there is no question, or none that fits with its answer into `max_length` tokens."""
        frame = render_prompt(self._tokenizer, Example(view.db_id, _SLOT, ()), database_of(view), "think")
        before, _, after = frame.rpartition(f"{_SLOT} /think")
        line = before.rindex("\n") + 1
        prompts = [f"{before[line:]}{one.question} /{one.mode}{after}" for one in told]
        texts = [before[:line], *prompts, *(one.completion + self._end for one in told)]
        shared, *ids = self._tokenizer(texts)["input_ids"]
        asked = map(Asked, ids[: len(told)], ids[len(told) :])
        fitting = [one for one in asked if len(shared) + len(one.prompt) + len(one.completion) <= self._max_length]
        return Item(shared, fitting) if fitting else None


def check(tokenizer: PreTrainedTokenizerBase, view: View, told: Sequence[Told]) -> None:
    """Compare an item with what inference makes of its questions, one by one.

    Raises:
        InputError: the tokenizer joins a line of the prompt with the next one, so that no prompts can share a schema.
    """
    item = Cutter(tokenizer, sys.maxsize).cut(view, told)
    for one, asked in zip(told, item.questions if item else (), strict=True):
        text = render_prompt(tokenizer, Example(view.db_id, one.question, ()), database_of(view), one.mode)
        if item and tokenizer(text)["input_ids"] != item.shared + asked.prompt:
            raise InputError("the tokenizer joins the lines of a prompt: use one that train_tokenizer has made")
