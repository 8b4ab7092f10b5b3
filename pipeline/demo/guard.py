"""The guard process: reads the process ids of the demo's services, and stops them when its standard input ends.

That is when the demo has ended: by itself, with the services stopped already, or by SIGKILL, with them still running.
"""

from __future__ import annotations

import sys

from pipeline.demo.processes import stop

if __name__ == "__main__":
    leaders = [int(line) for line in sys.stdin]
    stop(reversed(leaders))
