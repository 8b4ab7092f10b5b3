"""The per-question table: what is written is read back, with the same schema whatever was measured."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.evaluation.outcome import Outcome
from pipeline.evaluation.table import SCHEMA, read_outcomes, write_outcomes

SECONDS = st.none() | st.floats(0, 1e6)
COUNTS = st.none() | st.integers(0, 2**62)
OUTCOMES = st.builds(
    Outcome,
    index=st.integers(0, 2**31),
    **dict.fromkeys(("db_id", "question", "gold", "prediction", "error_kind", "difficulty", "hardness"), st.text()),
    verdict=st.booleans(),
    empty_gold=st.booleans(),
    mode=st.sampled_from(["", "think", "no_think"]),
    obedient=st.none() | st.booleans(),
    **dict.fromkeys(("gold_s", "pred_s", "soft_f1", "seconds"), SECONDS),
    **dict.fromkeys(("latency_ratio", "latency_low", "latency_high"), SECONDS),
    **dict.fromkeys(("gold_cost", "pred_cost", "tokens"), COUNTS),
)
PLAIN = Outcome(3, "shop", "How many?", "SELECT 1", "SELECT 2", False)


@settings(max_examples=50, deadline=None)
@given(outcomes=st.lists(OUTCOMES, max_size=5))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, outcomes: list[Outcome]) -> None:
    path = tmp_path_factory.mktemp("table") / "outcomes.parquet"
    write_outcomes(path, outcomes)
    assert read_outcomes(path) == outcomes


def test_the_schema_does_not_depend_on_what_was_measured(tmp_path: Path) -> None:
    measured = Outcome(3, "shop", "How many?", "SELECT 1", "SELECT 2", True, gold_s=0.1, pred_s=1, tokens=3, soft_f1=1)
    schemas = []
    for outcomes in ([], [PLAIN], [measured], [PLAIN, measured]):
        write_outcomes(tmp_path / "new" / "o.parquet", outcomes)
        schemas.append(pq.read_schema(tmp_path / "new" / "o.parquet"))
    assert all(schema.equals(SCHEMA) for schema in schemas)
    assert SCHEMA.field("gold_s") == pa.field("gold_s", pa.float64())
    assert SCHEMA.field("verdict") == pa.field("verdict", pa.bool_(), nullable=False)


def test_half_characters_are_spelled_out(tmp_path: Path) -> None:
    write_outcomes(tmp_path / "o.parquet", [Outcome(0, "a\ud800", "Q", "G", "P", True)])
    assert read_outcomes(tmp_path / "o.parquet")[0].db_id == "a\\ud800"


def test_the_path_is_a_file_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "seed=1" / "mode=think"
    write_outcomes(folder / "o.parquet", [PLAIN])
    assert read_outcomes(folder / "o.parquet") == [PLAIN]
    with pytest.raises(InputError, match="not a readable Parquet file"):
        read_outcomes(folder)


def test_columns_that_came_later_may_be_missing_and_foreign_ones_are_left_out(tmp_path: Path) -> None:
    table = pa.Table.from_pylist([PLAIN.row()], schema=SCHEMA).drop_columns(["latency_ratio", "mode"])
    pq.write_table(table.append_column("more", pa.array([1])), tmp_path / "o.parquet")
    assert read_outcomes(tmp_path / "o.parquet") == [PLAIN]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ({"a": [1]}, "no column 'index'"),
        ({**{name: [value] for name, value in PLAIN.row().items()}, "verdict": ["yes"]}, "'verdict' is not bool"),
        (
            {**{name: [value] for name, value in PLAIN.row().items()}, "question": pa.array([None], "string")},
            "'question'",
        ),
    ],
)
def test_foreign_tables_are_refused(tmp_path: Path, rows: dict[str, list[object]], reason: str) -> None:
    pq.write_table(pa.table(rows), tmp_path / "o.parquet")
    with pytest.raises(InputError, match=reason):
        read_outcomes(tmp_path / "o.parquet")


def test_missing_and_broken_files_are_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_outcomes(tmp_path / "o.parquet")
    for content in (b"", b"PAR1", b"not a table at all, but long enough to be one"):
        (tmp_path / "o.parquet").write_bytes(content)
        with pytest.raises(InputError, match="not a readable Parquet file"):
            read_outcomes(tmp_path / "o.parquet")
    write_outcomes(tmp_path / "o.parquet", [PLAIN])
    whole = (tmp_path / "o.parquet").read_bytes()
    (tmp_path / "o.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not a readable Parquet file"):
        read_outcomes(tmp_path / "o.parquet")
