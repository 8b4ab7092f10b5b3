"""Which slow form proves itself, which queries get theirs, and that the bundled samples' do."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.sqlite_schema import read_sqlite
from pipeline.engine.compare import same_result
from pipeline.engine.result import ExecutionResult, Limits
from pipeline.engine.sqlite import SqliteExecutor
from pipeline.sql.parsing import is_ordered
from pipeline.synth.slow import SlowForm, for_share, proven, slow_form
from pipeline.synth.slow.proof import WORTH
from pipeline.synth.thoughts import describe

from .conftest import Samples


class TestProof:
    RESULTS = {  # noqa: RUF012
        "fast": ExecutionResult(("n",), ((1,),), cost=100),
        "slower": ExecutionResult(("n",), ((1,),), cost=250),
        "slower still": ExecutionResult(("n",), ((1,),), cost=300),
        "a little slower": ExecutionResult(("n",), ((1,),), cost=190),
        "hardly slower": ExecutionResult(("n",), ((1,),), cost=110),
        "endless": ExecutionResult(("n",), ((1,),), cost=20_000),
        "costly": ExecutionResult(("n",), ((1,),), cost=5_000),
        "other": ExecutionResult(("n",), ((2,),), cost=250),
        "cut": ExecutionResult(("n",), ((1,),), cost=None, truncated=True),
    }

    @pytest.mark.parametrize("name", ["hardly slower", "endless", "costly", "other", "cut"])
    def test_takes_a_form_that_is_equal_and_slower(self, name: str) -> None:
        forms = [SlowForm("x", name), SlowForm("y", "slower")]
        assert proven(self.RESULTS.__getitem__, "fast", forms, 4_000) == forms[1]
        assert proven(self.RESULTS.__getitem__, "fast", forms[:1], 4_000) is None

    @given(st.permutations(["a little slower", "slower", "slower still", "hardly slower", "costly", "other"]))
    def test_takes_the_one_that_does_the_most_work(self, names: list[str]) -> None:
        forms = [SlowForm(f"rewrite of {name}", name) for name in names]
        assert proven(self.RESULTS.__getitem__, "fast", forms, 4_000) == ("rewrite of slower still", "slower still")
        assert proven(self.RESULTS.__getitem__, "fast", forms, 5_000) == ("rewrite of costly", "costly")

    def test_of_a_query_without_a_count_of_work_there_is_none(self) -> None:
        assert proven(self.RESULTS.__getitem__, "cut", [SlowForm("y", "slower")], 4_000) is None

    @given(st.lists(st.sampled_from("abcdefgh"), max_size=30), st.floats(0, 1))
    def test_a_share_gets_slow_forms_and_equal_queries_the_same(self, queries: list[str], share: float) -> None:
        found = for_share(lambda sql: None if sql == "a" else SlowForm("x", f"slow {sql}"), queries, share, "1")
        given = sum(sql in found for sql in queries)
        assert given <= round(share * len(queries))
        assert "a" not in found
        assert all(form == f"slow {sql}" for sql, form in found.items())
        left = [sql for sql in queries if sql not in found and sql != "a"]
        assert all(given + queries.count(sql) > round(share * len(queries)) for sql in left)


class TestBundledSamples:
    def test_most_questions_have_a_form_that_is_equal_and_slower(self, samples: Samples) -> None:
        """Unproven forms, of a few questions of each database."""
        executor = SqliteExecutor(Limits(timeout_s=20))
        ratios, asked = [], 0
        for db_id in samples.manifest["rows"]:
            database = read_sqlite(db_id, samples.database(db_id))
            run = executor.open(database.url)
            for record in [r for r in samples.train if r["db_id"] == db_id][:40]:
                sql = record.get("fast_query", record["query"])
                asked += 1
                if slow := slow_form(sql, database.schema, random.Random(sql)):
                    fast, slower = run(sql), run(slow)
                    assert same_result(fast, slower, is_ordered(sql)), slow
                    assert fast.cost
                    assert slower.cost
                    ratios.append(slower.cost / fast.cost)
        executor.close()
        assert len(ratios) >= 0.8 * asked
        assert statistics.median(ratios) > 1.5
        assert statistics.mean(ratios) > 2

    def test_a_share_of_the_golds_is_slow_and_equal(self, samples: Samples) -> None:
        records = samples.train + samples.dev
        slow = [r for r in records if "fast_query" in r]
        assert 0.83 <= len(slow) / len(records) <= 0.85
        assert samples.manifest["slow"] == len(slow)
        executor = SqliteExecutor(Limits(timeout_s=20))
        for record in slow[::5]:
            run = executor.open(f"sqlite:///{samples.database(record['db_id'])}")
            fast, slower = run(record["fast_query"]), run(record["query"])
            assert same_result(fast, slower, is_ordered(record["fast_query"]))
            assert WORTH[0] <= (slower.cost or 0) / (fast.cost or 1) <= WORTH[1]
            assert record["reasoning"] == describe(record["query"])
        executor.close()

    def test_questions_with_the_same_fast_query_have_the_same_gold(self, samples: Samples) -> None:
        golds: dict[tuple[str, str], set[str]] = {}
        for record in samples.train + samples.dev:
            golds.setdefault((record["db_id"], record.get("fast_query", record["query"])), set()).add(record["query"])
        assert all(len(found) == 1 for found in golds.values())
