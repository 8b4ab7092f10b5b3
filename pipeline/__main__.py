"""`python -m pipeline`: the same as the console script `querysmith`."""

from pipeline.cli import main

main()
