"""Which slow form of a query proves itself when both are executed, and which queries get theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from random import Random

from pipeline.engine.compare import same_result
from pipeline.engine.result import ExecutionResult
from pipeline.sql.parsing import is_ordered
from pipeline.synth.slow.forms import SlowForm

WORTH = (1.2, 100.0)  # times the work of the query: less is noise, more is a defect rather than bad style


def proven(
    run: Callable[[str], ExecutionResult], sql: str, forms: Iterable[SlowForm], most_work: int
) -> SlowForm | None:
    """Of the forms with the query's result that do a multiple within WORTH of its work, at most `most_work`, the one
    that does the most. Like queries get like forms so, which a model can learn to write: where chance chooses among
    several, none is likelier than the fast one."""
    fast, ordered = run(sql), is_ordered(sql)
    worst, most = None, 0
    for form in forms if fast.cost else ():
        slow = run(form.sql)
        work = slow.cost or 0
        within = WORTH[0] <= work / (fast.cost or 1) <= WORTH[1]
        if most < work <= most_work and within and same_result(fast, slow, ordered):
            worst, most = form, work
    return worst


def for_share(
    slow: Callable[[str], SlowForm | None], queries: Sequence[str], share: float, seed: str
) -> dict[str, str]:
    """Slow forms for this share of the queries, by query. A query that stands there twice counts twice and has one
    form: with two, one of them could stand in another split."""
    times = Counter(queries)
    order = sorted(times)
    Random(seed).shuffle(order)
    found: dict[str, str] = {}
    given, wanted = 0, round(share * len(queries))
    for sql in order:
        if given + times[sql] <= wanted and (form := slow(sql)):
            found[sql] = form.sql
            given += times[sql]
    return found
