"""`querysmith bench starter`: how well a model reads databases that it has never seen.

The databases are imagined, with rows, in words that no training item has: real words kept out of the training lexicon,
or invented ones of which the tokenizer knows no piece longer than chance gives it. A question counts as right if it is
on the database and on its altered copies; a gold answers something definite, and otherwise on a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.config import located
from pipeline.config_loading import load_config
from pipeline.data.prompts import MODES
from pipeline.evaluation.scorecard import Answer, answer, evaluator_name
from pipeline.evaluation.statistics import proportion
from pipeline.rewards.copies import open_copies
from pipeline.rewards.engine import open_engine
from pipeline.synth.view import LEVELS
from pipeline.training.starter.questions import imagined_questions

SEED = 29  # not 11: with its databases the share of invented words in the training was chosen
MOST_TOKENS = 512  # thoughts about long names in small pieces are long
VIEWS, PER_LEVEL, ROWS, COPIES = 20, 6, 400, 5


def bench_starter(model: str, views: int = VIEWS) -> dict[str, Any]:
    """EX by kind of words, mode and level, each with its 95 % interval (Clopper-Pearson) and number of questions."""
    from pipeline.synth.imagined import HELD_OUT, novel_lexicon
    from pipeline.training.model import load_model, load_tokenizer

    path = located(model)
    loaded, tokenizer = load_model(path), load_tokenizer(path)
    config = load_config(None, ["profile=tiny", f"profile.generation.max_new_tokens={MOST_TOKENS}"])
    figures: dict[str, Any] = {"model": model, "seed": SEED, "views": views, "rows": []}
    for words, lexicons in (
        ("held-out words", [replace(HELD_OUT, inventive=False)] * views),
        ("invented words", [novel_lexicon(SEED + number) for number in range(views)]),
    ):
        with TemporaryDirectory() as folder:
            databases, examples = imagined_questions(lexicons, Path(folder), SEED, PER_LEVEL, ROWS, COPIES)
            copies = open_copies(databases, COPIES)
            with open_engine(config, databases, copies) as engine:
                answers = answer(
                    loaded, tokenizer, engine, examples, databases, copies, config.profile.generation, words
                )
            figures["evaluator"] = evaluator_name(copies, config.profile.generation)
        figures["rows"] += [_row(words, mode, level, answers) for mode in MODES for level in ("all", *LEVELS)]
    return figures


def show(figures: dict[str, Any], console: Console) -> None:
    """A table with a column for each mode."""
    console.print(
        f"model {figures['model']}, {figures['views']} imagined databases of each kind, seed {figures['seed']}; "
        f"{figures['evaluator']}"
    )
    table = Table("Words", "Level", "Questions", *MODES)
    by_key = {(row["words"], row["level"], row["mode"]): row for row in figures["rows"]}
    for words, level in dict.fromkeys((row["words"], row["level"]) for row in figures["rows"]):
        rows = [by_key[words, level, mode] for mode in MODES]
        cells = [f"{r['ex']:.1%} \\[{r['low']:.1%}, {r['high']:.1%}]" for r in rows]
        table.add_row(words, level, str(rows[0]["questions"]), *cells)
    console.print(table)


def _row(words: str, mode: str, level: str, answers: Sequence[Answer]) -> dict[str, Any]:
    rollouts = [a.rollout for a in answers if a.rollout.mode == mode]
    own = [r.correct for r in rollouts if level in ("all", r.example.difficulty)]
    share = proportion(own)
    found = {"words": words, "mode": mode, "level": level, "questions": len(own)}
    return found | {"ex": share.value, "low": share.low, "high": share.high}
