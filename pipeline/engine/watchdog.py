"""Does something at a moment unless it is told in time not to: kills a query whose time is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    NOT_FIRED = "not fired"
    KILLED = "killed"  # the server has taken the KILL
    FAILED = "failed"  # it has not, or not yet


@dataclass(eq=False)
class Shot:
    """What is done unless a query ends before the moment `at`."""

    at: float
    fire: Callable[[], None]
    outcome: Outcome = Outcome.NOT_FIRED


class Watchdog:
    """Fires at a query's deadline, from a thread that is started with the first query and lives until `close`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._armed: Shot | None = None
        self._closed = False

    def arm(self, at: float, fire: Callable[[], None]) -> Shot:
        """Have `fire` called at that moment of the monotonic clock, in place of what was armed before."""
        shot = Shot(at, fire)
        with self._changed:
            if self._thread is None:
                self._closed = False
                self._thread = threading.Thread(target=self._run, name="mysql-watchdog", daemon=True)
                self._thread.start()
            self._armed = shot
            self._changed.notify_all()
        return shot

    def disarm(self, shot: Shot, patience_s: float) -> Outcome:
        """The outcome of a shot that is not fired from now on; one that is being fired is waited for, but not long."""
        with self._changed:
            if self._armed is shot:
                self._armed = None
            elif shot.outcome is Outcome.NOT_FIRED:
                shot.outcome = Outcome.FAILED  # unless it succeeds in time
                self._changed.wait_for(lambda: shot.outcome is Outcome.KILLED, max(0.0, patience_s))
            return shot.outcome

    def close(self) -> None:
        """End the thread; nothing is fired any more."""
        with self._changed:
            self._armed, self._thread, self._closed = None, None, True
            self._changed.notify_all()

    def _run(self) -> None:
        while shot := self._due():
            try:
                shot.fire()
                outcome = Outcome.KILLED
            except Exception:  # the server does not answer, whichever way that shows
                outcome = Outcome.FAILED
            with self._changed:
                shot.outcome = outcome
                self._changed.notify_all()

    def _due(self) -> Shot | None:
        """The next shot, at its moment; None when the watchdog is closed."""
        with self._changed:
            while not self._closed:
                shot = self._armed
                left_s = shot.at - time.monotonic() if shot else None
                if shot and left_s is not None and left_s <= 0:
                    self._armed = None
                    return shot
                self._changed.wait(left_s)
        return None
