"""Executes candidates and keeps those whose answer is worth learning from.

A kept candidate runs within a bounded amount of work, answers with something definite (see worth.py), and
answers otherwise on at least one altered copy of the database: a query that gives the same whatever the rows are
teaches nothing. A MySQL database has no copies; there this is not asked. Work is counted in the engine's `cost`, not
in seconds, so that a busy machine changes nothing; only the engine's own limit is one of time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.data.example import Database
from pipeline.engine.compare import same_result
from pipeline.engine.pool import Engine
from pipeline.engine.result import ErrorKind, ExecutionResult, Query
from pipeline.synth.questions.candidates import Candidate
from pipeline.synth.questions.worth import MAX_ROWS, holds, is_definite

# Steps of SQLite's machine; rows read and sorted. About 70 ms: a tenth of the time limit, so that a busy machine, too,
# sets aside by this count rather than by time.
_MOST_WORK = {"sqlite": 2_000_000, "mysql": 200_000}
_MOST_SLOW_WORK = {name: 4 * work for name, work in _MOST_WORK.items()}
_TOO_MUCH, _TIMEOUT = "too much work", f"fails ({ErrorKind.TIMEOUT})"
PROBLEMS = {
    "order": "ties in its order, or a LIMIT that leaves nothing out",
    "every": "a HAVING that leaves nothing out",
    "same": "ties in a row number",
    "near": "a sum or mean that hangs on rounding",
}


@dataclass(frozen=True)
class Judged:
    """`reason` says why the candidate is not kept, empty if it is; `slow` whether its slow form gives the same."""

    candidate: Candidate
    reason: str = ""
    slow: bool = False


class Judge:
    """Judges the candidates of one database on an engine that cuts no result below `MAX_ROWS`."""

    def __init__(self, engine: Engine, database: Database, copies: Sequence[Database]) -> None:
        self._engine, self._database, self._copies = engine, database, copies
        self._heavy: set[str] = set()  # what queries read that took too much work, see _reads

    def judge(self, candidates: Sequence[Candidate]) -> list[Judged]:
        """In the order of the candidates."""
        light = [c for c in candidates if _reads(c) not in self._heavy]
        done = {judged.candidate: judged for judged in self._judge(light)}
        self._heavy |= {_reads(c) for c, judged in done.items() if judged.reason in (_TOO_MUCH, _TIMEOUT)}
        return [done.get(c) or Judged(c, f"{_TOO_MUCH}, as it took another one") for c in candidates]

    def _judge(self, candidates: Sequence[Candidate]) -> list[Judged]:
        golds = dict(zip(candidates, self._run(c.bounded for c in candidates), strict=True))
        reasons = {c: self._problem(gold) for c, gold in golds.items()}
        self._probe([c for c in candidates if not reasons[c]], golds, reasons)
        if self._copies:
            left = [c for c in candidates if not reasons[c]]
            for copy in self._copies:
                altered = self._run((c.drawn.sql for c in left), copy)
                left = [
                    c for c, there in zip(left, altered, strict=True) if not _differs(golds[c], there, c.is_ordered)
                ]
            reasons |= dict.fromkeys(left, "the same answer on every altered copy")
        slow = self._same_slow([c for c in candidates if not reasons[c] and c.drawn.slow_sql], golds)
        return [Judged(c, reasons[c], c in slow) for c in candidates]

    def _run(self, queries: Iterable[str], database: Database | None = None) -> list[ExecutionResult]:
        url = (database or self._database).url
        return self._engine.execute([Query(url, sql) for sql in queries])

    def _problem(self, gold: ExecutionResult) -> str:
        if gold.error:
            return f"fails ({gold.error.kind})"
        if gold.truncated or len(gold.rows) > MAX_ROWS:
            return f"more than {MAX_ROWS} rows"
        if (gold.cost or 0) > _MOST_WORK[self._database.dialect]:
            return _TOO_MUCH
        if not gold.rows:
            return "an empty answer"
        return "" if is_definite(gold.rows) else "nothing but NULL or zero"

    def _probe(
        self, candidates: Sequence[Candidate], golds: dict[Candidate, ExecutionResult], reasons: dict[Candidate, str]
    ) -> None:
        asked = [(c, probe) for c in candidates for probe in c.probes]
        for (c, probe), result in zip(asked, self._run(probe.sql for _, probe in asked), strict=True):
            if not result.ok or not holds(probe, result.rows, golds[c].rows):
                reasons[c] = reasons[c] or PROBLEMS[probe.kind]

    def _same_slow(
        self, candidates: Sequence[Candidate], golds: dict[Candidate, ExecutionResult]
    ) -> frozenset[Candidate]:
        """Those whose slow form does more work for the same rows, which are the same on all copies as well."""
        slow = self._run(c.drawn.slow_sql for c in candidates)
        limit = _MOST_SLOW_WORK[self._database.dialect]
        same = [
            c
            for c, result in zip(candidates, slow, strict=True)
            if (golds[c].cost or 0) < (result.cost or 0) <= limit and same_result(golds[c], result, c.is_ordered)
        ]
        for copy in self._copies:
            fast = self._run((c.drawn.sql for c in same), copy)
            slow = self._run((c.drawn.slow_sql for c in same), copy)
            same = [c for c, one, other in zip(same, fast, slow, strict=True) if same_result(one, other, False)]
        return frozenset(same)


def _differs(gold: ExecutionResult, there: ExecutionResult, ordered: bool) -> bool:
    """Whether the copy is known to answer otherwise; a query that fails there shows nothing."""
    return there.ok and not same_result(gold, there, ordered)


def _reads(candidate: Candidate) -> str:
    """The query from its first FROM on, without its values: how it reads its rows, which decides about the work."""
    return re.sub(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b", "?", candidate.drawn.sql.partition(" FROM ")[2])
