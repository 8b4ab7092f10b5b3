"""The altered copies on which a right answer must be right as well: made once, kept for all runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.config import home
from pipeline.data.example import Database
from pipeline.progress import progress
from pipeline.synth.variants.copies import variants

Copies = Mapping[str, Sequence[Database]]  # by db_id


def open_copies(databases: Mapping[str, Database], count: int) -> Copies:
    """`count` altered copies of each SQLite database; a MySQL database has none, for nothing is ever written there.

    Raises:
        InputError: a database cannot be read.
        InfrastructureError: a copy cannot be written.
    """
    altered = [database for database in databases.values() if count and database.dialect == "sqlite"]
    if not altered:
        return {}
    copies = {}
    with progress("altered copies of the databases", len(altered)) as advance:
        for database in altered:
            copies[database.db_id] = variants(database, count, home() / "cache" / "variants")
            advance(1)
    return copies
