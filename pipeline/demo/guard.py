"""The guard process: reads the process ids of the demo's services, and stops them when its standard input ends.

That is when the demo has ended: by itself, with the services stopped already, or by SIGKILL, with them still running.
"""

from __future__ import annotations

import sys
from contextlib import suppress

import psutil

from pipeline.demo.processes import stop

if __name__ == "__main__":
    leaders: list[psutil.Process] = []
    for line in sys.stdin:  # as they come, so that each process is known by its start time too
        with suppress(psutil.NoSuchProcess):
            leaders.insert(0, psutil.Process(int(line)))
    stop(leaders)
