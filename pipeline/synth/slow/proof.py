"""Which slow form of a query proves itself when both are executed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipeline.engine.compare import same_result
from pipeline.engine.result import ExecutionResult
from pipeline.sql.parsing import is_ordered
from pipeline.synth.slow.forms import SlowForm

WORTH = (1.2, 100.0)  # times the work of the query: less is noise, more is a defect rather than bad style
CLEAR = 2.0  # times the work: what is talked about as a slow query


def proven(
    run: Callable[[str], ExecutionResult], sql: str, forms: Iterable[SlowForm], most_work: int
) -> SlowForm | None:
    """A form with the query's result that does a multiple within WORTH of its work, at most `most_work`: the first that
    is clearly slow, else the first."""
    fast, ordered = run(sql), is_ordered(sql)
    first: SlowForm | None = None
    for form in forms if fast.cost else ():
        slow = run(form.sql)
        within = slow.cost is not None and slow.cost <= most_work
        times = (slow.cost or 0) / (fast.cost or 1)
        if within and WORTH[0] <= times <= WORTH[1] and same_result(fast, slow, ordered):
            first = first or form
            if times >= CLEAR:
                return form
    return first
