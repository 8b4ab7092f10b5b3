"""Rollouts made by hand, for tests that need no engine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipeline.data.example import Column, Database, Example, Schema
from pipeline.data.prompts import Mode, render_completion
from pipeline.engine.result import ExecutionResult
from pipeline.rewards.rollout import Rollout

SHOP = Database(
    "shop",
    "sqlite",
    "sqlite:////nowhere/shop.sqlite",
    Schema({"customers": (Column("customer_id", "integer"), Column("name", "text"), Column("city", "text"))}),
    "digest",
)
RAN = ExecutionResult(("a",), ((1,),), cost=1)


def rollout(
    example: Example,
    sql: str = "SELECT 1",
    *,
    mode: Mode = "think",
    thought: str = "t",
    well_formed: bool = True,
    execution: ExecutionResult | None = RAN,
    correct: bool = False,
    **more: Any,
) -> Rollout:
    """A rollout on SHOP, under the name of its example's database; what is not said is plain."""
    text = render_completion(thought, sql)
    database = replace(SHOP, db_id=example.db_id)
    return Rollout(example, database, mode, text, thought, sql, sql, well_formed, execution, correct, **more)
