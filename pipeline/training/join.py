"""`python -m pipeline.training.join`: what every node of a training but the first one runs, see nodes.py.

It waits for the first node's step, starts this node's ranks, and ends as they do. What has gone wrong is told by the
first node, too.
"""

from __future__ import annotations

import logging
import sys

from pipeline.errors import InputError, QuerysmithError
from pipeline.training.launch import run_ranks
from pipeline.training.nodes import await_announcement, this_node

WAIT_S = 1800.0  # the first node may have to fetch a model and prepare the data


def main() -> int:
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    logging.getLogger("querysmith").setLevel(logging.INFO)
    try:
        node = this_node()
        if node.rank == 0:
            raise InputError("the first node (NODE_RANK=0 of NNODES) runs the step itself, not pipeline.training.join")
        job_file, launch = await_announcement(node, WAIT_S)
        run_ranks(job_file, launch, node)
    except QuerysmithError as error:
        print(f"querysmith: error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
