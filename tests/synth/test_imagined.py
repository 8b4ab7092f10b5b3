"""Imagined schemas: the same for the same seed, valid SQL, words that lexicons do not share, rows with every value."""

from __future__ import annotations

import random
import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlglot import parse_one

from pipeline.data.prompts import _quoted, render_schema
from pipeline.synth.imagined import HELD_OUT, TRAINING, Lexicon, imagined_view, novel_lexicon, write_rows
from pipeline.synth.imagined.english import plural
from pipeline.synth.imagined.files import create_table
from pipeline.synth.imagined.lexicon import FUNCTION_WORDS
from pipeline.synth.imagined.naming import USUAL, Style
from pipeline.synth.imagined.pseudo import Blends
from pipeline.synth.imagined.wording import Wording
from pipeline.synth.view import View, ViewColumn, ViewLink, ViewTable

NOVEL = novel_lexicon(7)
LEXICONS = (TRAINING, HELD_OUT, NOVEL)


def views(lexicon: Lexicon, count: int, seed: int = 1) -> list[View]:
    rng = random.Random(seed)
    return [imagined_view(rng, lexicon) for _ in range(count)]


@pytest.fixture(scope="module")
def many() -> list[View]:
    return views(replace(TRAINING, habits=USUAL), 1500)


def said_words(view: View) -> set[str]:
    """The words of a view's English."""
    texts = [text for t in view.tables.values() for text in (t.one, *(c.says for c in t.columns))]
    return {word for text in texts for word in text.split()}


@pytest.mark.parametrize("lexicon", LEXICONS, ids=lambda lexicon: lexicon.name)
def test_the_same_seed_makes_the_same_views(lexicon: Lexicon) -> None:
    assert views(lexicon, 40) == views(lexicon, 40) != views(lexicon, 40, seed=2)


def test_lexicons_are_as_large_as_they_should_be() -> None:
    def lists(lexicon: Lexicon) -> int:
        return len({a.values for a in lexicon.attributes if a.values})

    for lexicon, nouns, attributes, categories in ((TRAINING, 260, 300, 80), (HELD_OUT, 60, 80, 20)):
        assert len({noun.one for noun in lexicon.nouns}) >= nouns
        assert len({a.says for a in lexicon.attributes}) >= attributes
        assert lists(lexicon) >= categories
    assert len(set(TRAINING.verbs)) >= 90


def test_lexicons_share_no_word_and_no_syllable() -> None:
    def syllables(lexicon: Lexicon) -> set[str]:
        return set().union(*(language.syllables() for language in lexicon.languages))

    for one, other in ((TRAINING, HELD_OUT), (TRAINING, NOVEL), (HELD_OUT, NOVEL)):
        assert not one.words & other.words
        assert not syllables(one) & syllables(other)
    assert novel_lexicon(7) == NOVEL != novel_lexicon(8)


def test_views_of_one_lexicon_use_no_words_of_another() -> None:
    for lexicon, other in ((HELD_OUT, TRAINING), (NOVEL, TRAINING), (TRAINING, HELD_OUT)):
        for view in views(lexicon, 200):
            assert not (said_words(view) - FUNCTION_WORDS) & other.words


def test_a_lexicon_that_is_not_inventive_says_its_own_words_only() -> None:
    for inventive in (False, True):
        lexicon = replace(HELD_OUT, inventive=inventive)
        foreign = [said_words(view) - FUNCTION_WORDS - lexicon.words for view in views(lexicon, 60)]
        assert any(foreign) == inventive


def test_lexicons_do_not_invent_one_anothers_words() -> None:
    rng = random.Random(3)
    for lexicon, others in ((TRAINING, HELD_OUT.words | NOVEL.words), (HELD_OUT, TRAINING.words | NOVEL.words)):
        invented = {Wording(lexicon, rng).invent() for _ in range(8000)}
        assert len(invented) > 6000
        assert not invented & others


def test_blends_are_put_together_of_parts_of_words() -> None:
    blends = Blends.of(["nation", "colour", "O'Neil", "of"])
    assert (blends.heads, blends.tails) == (("co", "na"), ("lour", "tion"))
    rng = random.Random(5)
    assert {blends.word(rng) for _ in range(99)} == {h + t for h in ("co", "na") for t in ("lour", "tion")}


def test_training_invents_blends_in_every_second_view_and_the_other_lexicons_never() -> None:
    rng = random.Random(6)
    found = Counter(type(Wording(TRAINING, rng).language) for _ in range(400))
    assert 160 < found[Blends] < 240
    assert HELD_OUT.blends is NOVEL.blends is None


@pytest.mark.parametrize("lexicon", LEXICONS, ids=lambda lexicon: lexicon.name)
def test_sqlite_and_the_parser_take_every_identifier(lexicon: Lexicon) -> None:
    for view in views(lexicon, 250, seed=4):
        with closing(sqlite3.connect(":memory:")) as connection:
            for table in view.tables.values():
                connection.execute(create_table(view, table))
            for table in view.tables.values():
                name, columns = _quoted(table.name), [_quoted(c.name) for c in table.columns]
                aliased = f"SELECT {', '.join(f'T1.{c}' for c in columns)} FROM {name} AS T1 ORDER BY {columns[0]} DESC"
                connection.execute(aliased)
                assert parse_one(aliased, read="sqlite").sql("sqlite") == aliased
                grouped = f"SELECT {columns[-1]}, COUNT({columns[0]}) FROM {name} GROUP BY {columns[-1]}"
                connection.execute(grouped)
                assert parse_one(grouped, read="sqlite").sql("sqlite") == grouped


def test_tables_links_and_english_are_whole(many: list[View]) -> None:
    for view in many:
        assert 1 <= len(view.tables) <= 8
        assert len({name.lower() for name in view.tables}) == len(view.tables)
        assert len({table.one for table in view.tables.values()}) == len(view.tables)
        for name, table in view.tables.items():
            assert table.name == name
            assert table.one == table.one.lower()
            assert table.many == plural(table.one)
            assert 1 <= len(table.columns) <= 10
            assert table.rows > 0
            assert len({c.name.lower() for c in table.columns}) == len(table.columns)
            assert len({c.says for c in table.columns}) == len(table.columns)
            assert sum(c.kind == "key" for c in table.columns) <= 1
            linked = {k.column for k in view.links if k.child == name}
            assert linked == {c.name for c in table.columns if c.kind == "link"}
        for link in view.links:
            key = view.tables[link.parent].key
            assert key is not None
            assert key.name == link.parent_column
            column = next(c for c in view.tables[link.child].columns if c.name == link.column)
            assert column.type == key.type
            assert set(column.values) <= set(key.values)
            assert link.of
            assert link.has


def test_a_tables_noun_is_in_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or nobody could tell which table a question means."""
    plain = Style("snake", "snake", False, "", abbreviate=0, prefixed=0, stray=0, big_id=False)
    monkeypatch.setattr("pipeline.synth.imagined.views.draw_style", lambda _, habits: plain)
    for lexicon in LEXICONS:
        for table in (t for view in views(lexicon, 300) for t in view.tables.values()):
            name = f" {table.name.replace('_', ' ')} "
            assert f" {table.one} " in name or f" {table.many} " in name, table


def test_values_have_the_form_of_their_kind(many: list[View]) -> None:
    for column in (c for view in many for t in view.tables.values() for c in t.columns):
        values = column.values
        assert column.type == column.type.lower()
        assert len(set(values)) == len(values)
        assert 1 <= len(values) <= 12
        if column.kind in ("integer", "year"):
            assert all(type(value) is int for value in values)
        if column.kind == "number":
            assert all(isinstance(value, int | float) for value in values)
        if column.kind in ("category", "name", "text"):
            assert all(isinstance(value, str) and value == value.strip() != "" for value in values)
        if column.kind == "date":
            assert all(date.fromisoformat(str(value)[:10]) for value in values)
        if column.kind == "flag":
            assert len(values) == 2
        if column.kind in ("integer", "number", "year", "date", "key"):
            assert list(values) == sorted(values)  # type: ignore[type-var]


def test_training_has_more_of_what_is_hard_to_copy(many: list[View]) -> None:
    def hard(drawn: list[View]) -> tuple[float, float]:
        names = [[c.name for t in view.tables.values() for c in t.columns] for view in drawn]
        shares = [sum(all(n.isupper() for n in ns) for ns in names), sum(any(" " in n for n in ns) for ns in names)]
        return shares[0] / len(drawn), shares[1] / len(drawn)

    usual, training = hard(many), hard(views(TRAINING, 1500))
    assert all(1.6 * one < other < 3 * one for one, other in zip(usual, training, strict=True))


def test_schemas_vary_as_real_ones_do(many: list[View]) -> None:
    def share(wanted: int) -> float:
        return wanted / len(many)

    lengths = sorted(len(render_schema(view.schema)) for view in many)
    assert lengths[len(many) // 20] > 90
    assert lengths[len(many) * 95 // 100] < 1300
    assert share(sum(2 <= len(view.tables) <= 5 for view in many)) > 0.7
    assert 0.05 < share(sum(len(view.tables) == 1 for view in many)) < 0.15
    sizes = Counter(len(t.columns) for view in many for t in view.tables.values())
    assert sum(sizes[n] for n in range(3, 8)) > 0.65 * sizes.total()
    names = [(view, [*view.tables, *(c.name for t in view.tables.values() for c in t.columns)]) for view in many]
    assert 0.3 < share(sum(all(re.fullmatch(r"[a-z_]+", n) for n in ns) for _, ns in names)) < 0.75
    assert 0.04 < share(sum(all(n.isupper() for n in ns) for _, ns in names)) < 0.15
    assert 0.02 < share(sum(any(" " in n for n in ns) for _, ns in names)) < 0.12
    assert 0.15 < share(sum(any(re.search("[a-z][A-Z]", n) for n in ns) for _, ns in names)) < 0.4
    spider = {"text", "number", "time", "boolean", "others"}
    types = [{c.type for t in view.tables.values() for c in t.columns} for view in many]
    assert 0.1 < share(sum(ts <= spider and "number" in ts for ts in types)) < 0.25
    invented = [len(said_words(view) - TRAINING.words) / len(said_words(view)) for view in many]
    assert 0.25 < share(sum(part > 0.75 for part in invented)) < 0.5
    assert 0.55 < share(sum(part > 0.1 for part in invented)) < 0.85
    twice = [Counter((k.child, k.parent) for k in view.links).most_common(1) for view in many]
    assert 0.01 < share(sum(bool(top) and top[0][1] == 2 for top in twice)) < 0.15


@pytest.mark.parametrize("lexicon", LEXICONS, ids=lambda lexicon: lexicon.name)
def test_a_file_holds_every_value_that_its_view_names(lexicon: Lexicon, tmp_path: Path) -> None:
    for at, view in enumerate(views(lexicon, 8, seed=5)):
        path = tmp_path / f"{at}.sqlite"
        written = write_rows(view, path, random.Random(at), rows=400)
        assert max(table.rows for table in written.tables.values()) == 400
        with closing(sqlite3.connect(path)) as connection:
            assert not connection.execute("PRAGMA foreign_key_check").fetchall()
            for asked in (view, written):
                assert_holds(connection, asked)
            for name, table in written.tables.items():
                assert connection.execute(f"SELECT COUNT(*) FROM {quote(name)}").fetchone() == (table.rows,)
                for column in table.columns:
                    missing = f"SELECT COUNT(*) FROM {quote(name)} WHERE {quote(column.name)} IS NULL"
                    assert bool(connection.execute(missing).fetchone()[0]) == column.nulls
        assert written.schema == view.schema
        assert written.links == view.links


def assert_holds(connection: sqlite3.Connection, view: View) -> None:
    for name, table in view.tables.items():
        for column in table.columns:
            for value in column.values:
                query = f"SELECT COUNT(*) FROM {quote(name)} WHERE {quote(column.name)} = ?"
                assert connection.execute(query, (value,)).fetchone()[0] > 0, (name, column, value)


def quote(name: str) -> str:
    return f'"{name}"'


def test_the_same_seed_writes_the_same_rows(tmp_path: Path) -> None:
    view = views(TRAINING, 3, seed=6)[-1]
    dumps = []
    for at in range(2):
        first = write_rows(view, tmp_path / f"{at}.sqlite", random.Random(9), rows=200)
        with closing(sqlite3.connect(tmp_path / f"{at}.sqlite")) as connection:
            dumps.append((first, list(connection.iterdump())))
    assert dumps[0] == dumps[1]
    with pytest.raises(FileExistsError):
        write_rows(view, tmp_path / "0.sqlite", random.Random(9), rows=200)


def test_rows_are_skewed_and_some_parents_have_no_children(tmp_path: Path) -> None:
    parent = ViewTable("shop", "shop", "shops", (ViewColumn("id", "id", "key", "integer", (1, 4)),), 100)
    kind = ViewColumn("kind", "kind", "category", "text", ("b", "a", "c"), nulls=True)
    child = ViewTable("sale", "sale", "sales", (ViewColumn("shop_id", "shop id", "link", "integer"), kind), 1000)
    link = ViewLink("sale", "shop_id", "shop", "id")
    view = View("shops", {"sale": child, "shop": parent}, (link,))
    written = write_rows(view, tmp_path / "shops.sqlite", random.Random(1), rows=5000)
    assert {t.name: t.rows for t in written.tables.values()} == {"sale": 5000, "shop": 500}
    with closing(sqlite3.connect(tmp_path / "shops.sqlite")) as connection:
        counts = [n for (n,) in connection.execute("SELECT COUNT(*) FROM sale GROUP BY shop_id ORDER BY 1 DESC")]
        kinds = connection.execute("SELECT kind, COUNT(*) FROM sale WHERE kind NOT NULL GROUP BY 1 ORDER BY 2 DESC")
        assert [value for value, _ in kinds] == ["b", "a", "c"]
    assert 300 < len(counts) < 500
    assert counts[0] > 3 * counts[len(counts) // 2]
    around = replace(view, links=(link, ViewLink("shop", "id", "sale", "shop_id")))
    with pytest.raises(ValueError, match="circle"):
        write_rows(around, tmp_path / "circle.sqlite", random.Random(1), rows=10)
