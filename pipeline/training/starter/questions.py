"""Questions about imagined databases with rows, to measure a starter with; their words are those of given lexicons."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import home
from pipeline.data.example import Database, Example
from pipeline.data.sqlite_schema import read_sqlite
from pipeline.engine.pool import Engine
from pipeline.synth.questions.harvest import harvest
from pipeline.synth.questions.judging import Judge
from pipeline.synth.variants.copies import variants
from pipeline.synth.view import LEVELS, Level
from pipeline.training.starter.items import imagined_for

if TYPE_CHECKING:
    from pipeline.synth.imagined import Lexicon

_DRAWN_FOR_EACH = 2.5  # kept questions for each that is asked, so that every level has enough


def imagined_questions(
    lexicons: Sequence[Lexicon],
    folder: Path,
    seed: int,
    per_level: int,
    rows: int,
    copies: int,
    only: Level | None = None,
) -> tuple[dict[str, Database], list[Example]]:
    """A database for each lexicon, written to `folder`, with `per_level` questions of each level that are worth asking
    (fewer where a database yields no more): their answers are definite and differ on one of the altered `copies`.
    `only` one level may be asked for; simple questions alone are about databases as the stream's simple items have."""
    from pipeline.synth.imagined import write_rows

    databases: dict[str, Database] = {}
    examples: list[Example] = []
    rng = random.Random(seed)
    with Engine(2, timeout_s=1.0) as engine:
        for number, lexicon in enumerate(lexicons):
            db_id, path = f"imagined_{number}", folder / f"{number}.sqlite"
            view = replace(write_rows(imagined_for(only, rng, lexicon), path, rng, rows), db_id=db_id)
            database = databases[db_id] = read_sqlite(db_id, path)
            judge = Judge(engine, database, variants(database, copies, home() / "cache" / "variants"))
            wanted = round(_DRAWN_FOR_EACH * per_level * len(LEVELS))
            found = harvest(view, judge, wanted, seed, None, lambda _: None)
            for level in (only,) if only else LEVELS:
                drawn = [one.candidate.drawn for one in found.kept if one.candidate.drawn.level == level]
                examples += [Example(db_id, d.question, (d.sql,), difficulty=level) for d in drawn[:per_level]]
    return databases, examples
