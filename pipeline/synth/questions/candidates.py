"""Draws questions in numbered batches, each by its own seed: whoever draws a batch, it holds the same questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from pipeline.data.splits import normalise
from pipeline.sql.canonical import canonical
from pipeline.sql.parsing import is_ordered, parse
from pipeline.synth.questions.worth import Probe, bounded, probes
from pipeline.synth.view import Drawn, Level, View

BATCH = 250  # draws
# The harder, the more often a draw does not fit the database or its answer is not worth asking.
_LEVELS: tuple[Level, ...] = (
    *("simple", "moderate", "complex", "highly complex", "moderate", "complex", "highly complex", "highly complex"),
    *("simple", "moderate", "complex", "highly complex", "highly complex", "complex", "highly complex"),
)

Drawer = Callable[[View, Random, Level | None], Drawn | None]


@dataclass(frozen=True)
class Candidate:
    """A drawn question with what judging it needs: the texts that make it the same as another one, the SQL as it is
    executed, whether the order of its rows counts, and the probes that show whether its answer is definite."""

    drawn: Drawn
    same_question: str
    same_sql: str
    same_slow: str
    bounded: str
    is_ordered: bool
    probes: tuple[Probe, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """What must not stand in two splits."""
        slow = (f"sql {self.same_slow}",) if self.same_slow else ()
        return f"sql {self.same_sql}", f"question {self.same_question}", *slow


@dataclass(frozen=True)
class Drawing:
    """A batch: its candidates in the order of the draws, and why the other draws have led to none."""

    candidates: list[Candidate]
    rejected: Counter[str]


def draw_batch(view: View, seed: int, number: int, drawer: Drawer | None = None) -> Drawing:
    """Batch `number` of a database: the levels in turn. `drawer` stands in for the grammar."""
    draw = drawer or _grammar()
    rng = Random(f"{seed}/{view.db_id}/{number}")
    found: list[Candidate] = []
    rejected: Counter[str] = Counter()
    seen: set[str] = set()
    for place in range(BATCH):
        drawn = draw(view, rng, _LEVELS[place % len(_LEVELS)])
        if drawn is None:
            rejected["the shape does not fit the database"] += 1
            continue
        question, dialect = normalise(drawn.question), view.dialect
        if question in seen:  # cheaper than parsing it
            rejected["drawn before"] += 1
            continue
        seen.add(question)
        tree, further = parse(drawn.sql, dialect), probes(drawn.sql, dialect)
        if tree is None:
            rejected["the SQL does not parse"] += 1
        elif further is None:
            rejected["its rows are a matter of luck (LIMIT without order)"] += 1
        else:
            slow = canonical(drawn.slow_sql, dialect).lower() if drawn.slow_sql else ""
            ordered = is_ordered(drawn.sql, dialect)
            executed = bounded(drawn.sql, dialect)
            same = canonical(drawn.sql, dialect).lower()  # of 'Rain' and 'rain' one teaches all
            found.append(Candidate(drawn, question, same, slow, executed, ordered, tuple(further)))
    return Drawing(found, rejected)


def _grammar() -> Drawer:
    from pipeline.synth.grammar import draw  # its lists of words and shapes: only who draws pays for them

    return draw


def draw_with_slow_form(view: View, rng: Random, level: Level | None) -> Drawn | None:
    """The grammar's question with an equivalent query as people write it, where there is one."""
    from pipeline.synth.slow import slow_form

    drawn = _grammar()(view, rng, level)
    if drawn is None:
        return None
    return replace(drawn, slow_sql=slow_form(drawn.sql, view.schema, rng, view.dialect) or "")
