"""The engine under a run's limits, for its databases and their altered copies."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.config import RunConfig, home
from pipeline.data.example import Database
from pipeline.engine.pool import Engine
from pipeline.rewards.copies import Copies


def open_engine(config: RunConfig, databases: Mapping[str, Database], copies: Copies) -> Engine:
    """The engine under the profile's limits, with the cache of gold results that all runs share."""
    known = [*databases.values(), *(copy for several in copies.values() for copy in several)]
    return Engine(
        **config.profile.engine.model_dump(),
        cache=home() / "cache" / "results.sqlite",
        digests={database.url: database.digest for database in known},
    )
