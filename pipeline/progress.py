"""Progress that people can follow: a Rich bar on a terminal, one line a minute otherwise.

Everything goes to stderr, because stdout belongs to a command's result.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

logger = logging.getLogger("querysmith")

Advance = Callable[[int], None]


@contextmanager
def progress(label: str, total: int, every_s: float = 60.0) -> Iterator[Advance]:
    """Show the progress of `total` units of work; yields a function that is called with the units just done."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(label, total=total)
            yield lambda units: bar.update(task, advance=units)
        return

    started = last = time.monotonic()
    done = 0

    def advance(units: int) -> None:
        nonlocal done, last
        done += units
        now = time.monotonic()
        if now - last >= every_s:
            last = now
            remaining = (now - started) / done * (total - done) if done else float("nan")
            logger.info("%s: %d of %d, about %.0f s left", label, done, total, remaining)

    yield advance
    logger.info("%s: %d of %d in %.1f s", label, done, total, time.monotonic() - started)
