from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.synth.questions.splits import split
from pipeline.synth.samples import writing as module
from pipeline.synth.samples.database import content_digest, draw_rows, write_database
from pipeline.synth.samples.domains import DOMAINS
from pipeline.synth.samples.patterns import PATTERNS
from pipeline.synth.samples.questions import Question, draw_questions, is_worth_asking, normalise
from pipeline.synth.samples.writing import difficulty, leak_keys, write_samples

from .conftest import Samples


def fast(record: dict[str, Any]) -> str:
    """The query as it was drawn: of a slow gold, the fast one."""
    return str(record.get("fast_query", record["query"]))


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda d: d.db_id)
class TestDatabases:
    def test_has_a_realistic_size_and_valid_keys(self, samples: Samples, domain: Any) -> None:
        path = samples.database(domain.db_id)
        counts = {t.name: query(path, f"SELECT COUNT(*) FROM {t}")[0][0] for t in domain.tables}
        assert counts == samples.manifest["rows"][domain.db_id]
        assert 20_000 <= sum(counts.values()) <= 200_000
        assert 3 <= len(counts) <= 6
        assert query(path, "PRAGMA foreign_key_check") == []
        assert query(path, "SELECT COUNT(*) FROM sqlite_stat1")[0][0] > 0

    def test_rows_are_skewed(self, samples: Samples, domain: Any) -> None:
        """The busiest tenth of the most numerous parents has clearly more than a tenth of the children."""
        joins = [j for t in domain.tables for j in domain.joins(t) if t.rows > 5000]
        join = max(joins, key=lambda j: j.parent.rows)
        sql = f"SELECT COUNT(*) FROM {join.child} GROUP BY {join.fk} ORDER BY 1 DESC"
        counts = [n for (n,) in query(samples.database(domain.db_id), sql)]
        assert sum(counts[: join.parent.rows // 10]) > 0.18 * sum(counts)

    def test_tables_json_agrees_with_the_database(self, samples: Samples, domain: Any) -> None:
        path = samples.database(domain.db_id)
        entry = next(e for e in samples.tables if e["db_id"] == domain.db_id)
        names = entry["table_names_original"]
        spider = {"TEXT": "text", "INTEGER": "number", "REAL": "number", "DATE": "time"}
        columns: list[list[Any]] = [[-1, "*"]]
        types, keys, foreign = ["text"], [], set()
        for number, table in enumerate(names):
            for _, column, declared, _, _, is_key in query(path, f"PRAGMA table_info({table})"):
                keys += [len(columns)] * is_key
                columns.append([number, column])
                types.append(spider[declared])
        for number, table in enumerate(names):
            for _, _, parent, own, other, *_ in query(path, f"PRAGMA foreign_key_list({table})"):
                foreign.add((columns.index([number, own]), columns.index([names.index(parent), other])))
        listed = query(path, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        assert sorted(names) == sorted(n for (n,) in listed)
        assert (entry["column_names_original"], entry["column_types"]) == (columns, types)
        assert entry["primary_keys"] == keys
        assert {tuple(pair) for pair in entry["foreign_keys"]} == foreign
        assert len(entry["column_names"]) == len(columns)


def test_dates_have_a_season_and_columns_have_nulls(samples: Samples) -> None:
    retail = samples.database("retail_shop")
    months = [n for (n,) in query(retail, "SELECT COUNT(*) FROM orders GROUP BY strftime('%m', ordered_on)")]
    assert max(months) > 1.5 * min(months)
    share = query(retail, "SELECT AVG(phone IS NULL) FROM customers")[0][0]
    assert 0.2 < share < 0.3
    assert query(retail, "SELECT MAX(price) > 5 * AVG(price) FROM products") == [(1,)]


def test_same_seed_gives_the_same_rows_and_another_seed_others(tmp_path: Path) -> None:
    digests = []
    for number, seed in enumerate((3, 3, 4)):
        path = tmp_path / f"{number}.sqlite"
        write_database(DOMAINS[0], draw_rows(DOMAINS[0], seed), path)
        digests.append(content_digest(path))
    assert digests[0] == digests[1] != digests[2]


def test_same_seed_gives_the_same_questions(samples: Samples) -> None:
    domain = DOMAINS[1]
    rows = draw_rows(domain, 11)
    again = list(draw_questions(domain, rows, samples.database(domain.db_id), 11, 160))
    written = {(r["question"], fast(r)) for r in samples.train + samples.dev if r["db_id"] == domain.db_id}
    assert {(q.question, q.sql) for q in again} == written


class TestQuestions:
    def test_every_gold_gives_a_definite_answer(self, samples: Samples) -> None:
        for record in samples.train + samples.dev:
            answer = query(samples.database(record["db_id"]), record["query"])
            assert answer, record
            assert any(cell not in (None, 0) for row in answer for cell in row), record

    def test_counts_shares_and_difficulties(self, samples: Samples) -> None:
        everything = samples.train + samples.dev
        assert Counter(r["db_id"] for r in everything) == {d.db_id: 160 for d in DOMAINS}
        assert 0.14 <= len(samples.dev) / len(everything) <= 0.17
        levels = Counter(r["difficulty"] for r in everything)
        assert set(levels) == {"easy", "medium", "hard"}
        assert min(levels.values()) > 0.1 * len(everything)

    def test_no_duplicates_and_no_leak_into_dev(self, samples: Samples) -> None:
        words = [normalise(r["question"]) for r in samples.train + samples.dev]
        assert len(set(words)) == len(words)
        for query_of in (fast, itemgetter("query")):
            assert not set(map(query_of, samples.train)) & set(map(query_of, samples.dev))

    def test_stays_within_what_a_tiny_model_reads(self, samples: Samples) -> None:
        for record in samples.train + samples.dev:
            assert len(record["question"].split()) <= 25
            assert len(fast(record).split()) <= 45
            assert len(record["query"].split()) <= 80
            assert len(record["reasoning"].split()) <= 120

    def test_values_of_the_sql_are_named_in_the_question(self, samples: Samples) -> None:
        for record in samples.train + samples.dev:
            for value in re.findall(r"'([A-Za-z][\w ]*)'", record["query"]):
                assert value.lower() in record["question"].lower(), record

    def test_style_is_one(self, samples: Samples) -> None:
        for record in samples.train + samples.dev:
            sql = fast(record)
            assert not re.search(r'"|;| AS ', sql)
            if " JOIN " in sql:
                bare = re.sub(r"'[^']*'|\w+\.\w+", "", sql)
                columns = {c.name for d in DOMAINS for t in d.tables for c in t.columns}
                assert not columns & set(re.findall(r"\w+", bare)), sql


def test_patterns_cover_the_kinds_with_three_phrasings_each() -> None:
    assert len(PATTERNS) >= 60
    assert all(len(set(p.phrasings)) >= 3 for p in PATTERNS)
    assert len({p.sql for p in PATTERNS}) == len(PATTERNS)
    assert {
        "count",
        "filter",
        "aggregate",
        "group",
        "having",
        "order",
        "superlative",
        "distinct",
        "join",
        "two joins",
        "subquery",
        "in",
        "not exists",
        "set",
        "date",
        "case",
    } <= {p.kind for p in PATTERNS}


def test_table_names_differ_between_domains() -> None:
    names = Counter(t.name for d in DOMAINS for t in d.tables)
    assert max(names.values()) == 1


def test_ties_empty_cuts_and_slow_queries_are_not_asked() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (name TEXT, n INTEGER)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [("a", 1), ("b", 2), ("c", 3), ("d", 3)])
    connection.execute("CREATE TABLE f (name TEXT, x REAL)")
    connection.executemany("INSERT INTO f VALUES (?, ?)", [("a", 0.1), ("a", 0.1), ("a", 0.1), ("b", 0.2), ("b", 0.05)])
    connection.execute("INSERT INTO f VALUES ('c', 0.06)")
    asked = {
        "SELECT name FROM t ORDER BY n LIMIT 2": True,
        "SELECT name FROM t ORDER BY n DESC LIMIT 1": False,  # c and d are level
        "SELECT name FROM t ORDER BY n LIMIT 3": False,  # the third of four is level with the fourth
        "SELECT name FROM t WHERE n < 3 ORDER BY n LIMIT 2": False,  # cuts nothing off
        "SELECT n FROM t GROUP BY n HAVING COUNT(*) > 1": True,
        "SELECT n FROM t GROUP BY n HAVING COUNT(*) > 0": False,
        "SELECT COUNT(*) FROM t WHERE n > 9": False,
        "SELECT name FROM t WHERE n > 9": False,
        "SELECT SUM(n) FROM t WHERE n > 9": False,
        "SELECT name FROM f GROUP BY name HAVING AVG(x) > 0.07": True,
        "SELECT name FROM f GROUP BY name HAVING AVG(x) > 0.1": False,  # (0.1 + 0.1 + 0.1) / 3 is, by its last bit
        "SELECT COUNT(*) FROM f WHERE x < (SELECT AVG(x) FROM f WHERE name = 'a')": False,
        "SELECT COUNT(*) FROM f WHERE x < (SELECT AVG(x) FROM f)": True,
    }
    assert {sql: is_worth_asking(connection, sql) for sql in asked} == asked
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(str(n), n) for n in range(400)])
    assert not is_worth_asking(connection, "SELECT COUNT(*) FROM t a, t b, t c")


def test_split_keeps_equal_sql_and_equal_words_together() -> None:
    questions = [Question("d", f"q {i} {j}", f"SELECT {i}") for i in range(50) for j in range(3)]
    questions += [Question("e", f"q {i} 0", f"SELECT {i} FROM e") for i in range(50)]  # same words, other database
    train, dev = split(questions, leak_keys, 5)
    assert len(train) + len(dev) == len(questions)
    assert not {q.sql for q in train} & {q.sql for q in dev}
    assert not {q.question for q in train} & {q.question for q in dev}


@pytest.mark.parametrize(
    ("sql", "level"),
    [
        ("SELECT COUNT(*) FROM t", "easy"),
        ("SELECT a FROM t WHERE b = 1 AND c = 2", "easy"),
        ("SELECT a, COUNT(*) FROM t JOIN u ON t.x = u.x GROUP BY a", "medium"),
        ("SELECT a FROM t WHERE b > (SELECT AVG(b) FROM t)", "medium"),
        ("SELECT a FROM t JOIN u ON t.x = u.x GROUP BY a ORDER BY COUNT(*) LIMIT 1", "hard"),
    ],
)
def test_difficulty(sql: str, level: str) -> None:
    assert difficulty(sql) == level


class TestWriting:
    def test_is_idempotent_and_leaves_no_draft(self, samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_write", lambda *_: pytest.fail("wrote again"))
        assert write_samples(samples.folder, 11, 160) == samples.folder
        assert [p.name for p in samples.folder.parent.iterdir()] == ["samples"]

    def test_other_parameters_replace_older_samples(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "DOMAINS", DOMAINS[:1])
        out = write_samples(tmp_path / "samples", 1, 4)
        write_samples(out, 2, 4)
        manifest = json.loads((out / "manifest.json").read_text())
        assert (manifest["seed"], manifest["questions"]["train"] + manifest["questions"]["dev"]) == (2, 4)

    @pytest.mark.parametrize("databases", [1, 2])
    def test_a_failure_leaves_nothing(self, databases: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "DOMAINS", tuple(replace(domain, tables=()) for domain in DOMAINS[:databases]))
        with pytest.raises(InputError, match="questions_per_database"):
            write_samples(tmp_path / "samples", 1, 4)
        assert list(tmp_path.iterdir()) == []

    def test_never_replaces_a_folder_of_something_else(self, tmp_path: Path) -> None:
        (tmp_path / "precious.txt").write_text("mine")
        with pytest.raises(InputError, match="holds other files"):
            write_samples(tmp_path, 1, 4)
        assert (tmp_path / "precious.txt").read_text() == "mine"


def test_asking_for_too_many_questions_is_an_input_error(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.synth.samples.questions.DRAWS_PER_QUESTION", 1)
    domain = DOMAINS[0]
    with pytest.raises(InputError, match="questions_per_database"):
        list(draw_questions(domain, draw_rows(domain, 11), samples.database(domain.db_id), 11, 50))


def test_sums_of_amounts_do_not_depend_on_the_order(samples: Samples) -> None:
    fees = [v for (v,) in query(samples.database("city_clinic"), "SELECT fee FROM appointments")]
    assert sum(fees) == sum(sorted(fees)) == float(np.sum(fees))
