"""Great Expectations over the facts: which rows are set aside, and whether the data set as a whole may be used.

The rows go into a SQLite table first, because expectations that are SQL (as those across splits are) need one. Two
suites: "incoming" over all rows (a share of bad rows above the profile's limit is critical), "kept" over what is left
(any leak between splits is critical). Great Expectations' own HTML needs the network, so the report is ours.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.data.checks import CHECKS, Row
from pipeline.data.splits import leak_keys

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


@dataclass(frozen=True)
class Verdict:
    """One expectation's outcome: how many rows failed, how many may, and which."""

    name: str
    title: str
    passed: bool
    failed: int
    total: int
    allowed_share: float
    failed_rows: tuple[int, ...] = ()


def judge_incoming(rows: Sequence[Row], limits: dict[str, float], table: Path) -> list[Verdict]:
    """Judge every check over all rows; `limits` holds the allowed share of failing rows by check name.

    Raises:
        RuntimeError: an expectation itself failed to run, which says nothing about the data.
    """
    import great_expectations.expectations as gxe
    from great_expectations.expectations.metadata_types import FailureSeverity

    facts = [check.name for check in CHECKS]
    _write_table(table, ["row", *facts], ([i, *(row.facts[f] for f in facts)] for i, row in enumerate(rows)))
    expectations = [
        gxe.ExpectColumnValuesToBeInSet(
            column=name, value_set=[1], mostly=_share_needed(limits[name]), severity=FailureSeverity.CRITICAL
        )
        for name in facts
    ]
    verdicts = []
    for check, result in zip(CHECKS, _run(expectations, table, len(rows)), strict=True):
        failed = tuple(sorted(int(entry["row"]) for entry in result["unexpected_index_list"] or ()))
        if len(failed) != result["unexpected_count"]:  # a row that is not named would not be set aside
            raise RuntimeError(f"{check.name}: {len(failed)} of {result['unexpected_count']} failing rows were named")
        verdicts.append(
            Verdict(check.name, check.title, result["success"], len(failed), len(rows), limits[check.name], failed)
        )
    return verdicts


def judge_kept(rows: Sequence[Row], dialects: Mapping[str, str], databases_apart: bool, table: Path) -> list[Verdict]:
    """Judge that no question or query (and with `databases_apart` no database) stands in two splits.

    `dialects` are the databases' dialects by db_id.

    Raises:
        RuntimeError: an expectation itself failed to run.
    """
    import great_expectations.expectations as gxe
    from great_expectations.expectations.metadata_types import FailureSeverity

    keys = [(row.split, key) for row in rows for key in leak_keys(row.example, dialects[row.example.db_id])]
    keys += [(row.split, f"database {row.example.db_id}") for row in rows]
    _write_table(table, ["split", "shared"], keys)
    kinds = {"question": "question", "sql": "query"} | ({"database": "database"} if databases_apart else {})
    in_two = "SELECT shared FROM {{batch}} WHERE shared LIKE '{} %' GROUP BY shared HAVING COUNT(DISTINCT split) > 1"
    expectations: list[Expectation] = [
        gxe.UnexpectedRowsExpectation(unexpected_rows_query=in_two.format(prefix), severity=FailureSeverity.CRITICAL)
        for prefix in kinds
    ]
    return [
        Verdict(
            f"no_shared_{kind}",
            f"no {kind} stands in two splits",
            r["success"],
            int(r["observed_value"] or 0),
            len(rows),
            0.0,
        )
        for kind, r in zip(kinds.values(), _run(expectations, table, len(keys)), strict=True)
    ]


def _share_needed(allowed_share: float) -> float:
    """The share of good rows that passes; 1 - 0.41 is a little more than 59 of 100, which must not tip the balance."""
    return max(0.0, 1 - allowed_share - 1e-9)


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE facts ({', '.join(columns)})")
        connection.executemany(f"INSERT INTO facts VALUES ({', '.join('?' * len(columns))})", rows)


def _run(expectations: Sequence[Expectation], table: Path, size: int) -> list[dict[str, Any]]:
    """The outcome of each expectation over the table `facts` (`size` rows) of a SQLite file, in order."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sqlite("facts", connection_string=f"sqlite:///{table}")
    batch = source.add_table_asset("facts", table_name="facts").add_batch_definition_whole_table("all")
    suite = context.suites.add(gx.ExpectationSuite(name="suite", expectations=list(expectations)))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=batch, suite=suite))
    checkpoint = gx.Checkpoint(
        name="c",
        validation_definitions=[definition],
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["row"],
            "partial_unexpected_count": size,  # the index list, too, ends after 20 rows otherwise
        },
    )
    (outcome,) = context.checkpoints.add(checkpoint).run().run_results.values()
    found = []
    for one in outcome.results:
        if reason := _exception(one.exception_info or {}):
            kind = one.expectation_config.type if one.expectation_config else "an expectation"
            raise RuntimeError(f"{kind} failed to run: {reason}")
        found.append(
            {"unexpected_index_list": None, "observed_value": None, **one.result, "success": bool(one.success)}
        )
    return found


def _exception(info: Mapping[str, Any]) -> str:
    """Why an expectation could not run ("" if it could). Failures of its metrics stand one level deeper, by metric."""
    entries = [info] if "raised_exception" in info else info.values()
    return next((str(entry["exception_message"]) for entry in entries if entry["raised_exception"]), "")
