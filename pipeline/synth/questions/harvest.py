"""Draws and judges the questions of one database until there are enough, or no new ones come any more.

Batches are drawn in processes while the engine executes those before; they are judged in the order of their numbers, a
fixed number of them at a time, so that the same seed keeps the same questions whatever the number of processes.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

from pipeline.progress import Advance
from pipeline.synth.questions.candidates import BATCH, Candidate, Drawer, Drawing, draw_batch
from pipeline.synth.questions.judging import Judge, Judged
from pipeline.synth.view import View

_LARGEST_ROUND = 8  # batches that are judged at once
_MOST_DRAWS = 60  # for each question that is wanted
_FEW = 0.01  # of a round's draws: with fewer new questions the database is nearly exhausted
_POOR_ROUNDS = 4


@dataclass
class Harvest:
    """What was kept of a database's questions, in the order of the draws, and what became of the others."""

    db_id: str
    wanted: int
    kept: list[Judged] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    draws: int = 0
    seconds: float = 0.0
    copies: int = 0
    notes: list[str] = field(default_factory=list)


def harvest(
    view: View,
    judge: Judge,
    wanted: int,
    seed: int,
    pool: Executor | None,
    advance: Advance,
    drawer: Drawer | None = None,
) -> Harvest:
    """Up to `wanted` questions; without a pool they are drawn here."""
    found = Harvest(view.db_id, wanted)
    seen: set[str] = set()
    poor, started = 0, time.monotonic()
    batches = min(_LARGEST_ROUND, -(-wanted // BATCH))
    rounds = _rounds(batches, lambda number: _submit(pool, view, seed, number, drawer))
    while len(found.kept) < wanted and found.draws < _MOST_DRAWS * wanted and poor < _POOR_ROUNDS:
        fresh: list[Candidate] = []
        for drawing in next(rounds):
            found.rejected += drawing.rejected
            found.draws += BATCH
            for candidate in drawing.candidates:
                keys = candidate.keys[:2]
                if seen.isdisjoint(keys):
                    fresh.append(candidate)
                else:
                    found.rejected["drawn before"] += 1
                seen.update(keys)
        before = len(found.kept)
        for judged in judge.judge(fresh):
            if judged.reason:
                found.rejected[judged.reason] += 1
            elif len(found.kept) < wanted:
                found.kept.append(judged)
        advance(len(found.kept) - before)
        poor = poor + 1 if len(found.kept) - before < _FEW * batches * BATCH else 0
    found.seconds = time.monotonic() - started
    if len(found.kept) < wanted:
        found.notes.append(
            f"{len(found.kept)} of {wanted} questions: {found.draws} draws have found no more that are different and "
            "worth asking"
        )
    return found


def _rounds(batches: int, submit: Callable[[int], Future[Drawing]]) -> Iterator[list[Drawing]]:
    """One round after the other; the next is being drawn while one is used."""
    ahead: deque[Future[Drawing]] = deque()
    number = 0
    try:
        while True:
            while len(ahead) < 2 * batches:
                ahead.append(submit(number))
                number += 1
            yield [ahead.popleft().result() for _ in range(batches)]
    finally:
        for future in ahead:
            future.cancel()


def _submit(pool: Executor | None, view: View, seed: int, number: int, drawer: Drawer | None) -> Future[Drawing]:
    if pool is not None:
        return pool.submit(draw_batch, view, seed, number, drawer)
    done: Future[Drawing] = Future()
    done.set_result(draw_batch(view, seed, number, drawer))
    return done
