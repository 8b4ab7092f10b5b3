"""Imagined schemas: a shape of links, words for its tables and columns, and one style to write them in."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from pipeline.synth.imagined.column_types import Types, draw_types
from pipeline.synth.imagined.english import plural
from pipeline.synth.imagined.lexicon import Attribute, Lexicon, Noun, Roles
from pipeline.synth.imagined.naming import Abbreviator, Style, cased, draw_style, is_free, pick_case
from pipeline.synth.imagined.sample_values import sample_values
from pipeline.synth.imagined.shapes import Shape, draw_shape
from pipeline.synth.imagined.wording import Wording
from pipeline.synth.view import Kind, Value, View, ViewColumn, ViewLink, ViewTable


def imagined_view(rng: random.Random, lexicon: Lexicon, most_tables: int = 8) -> View:
    """A schema that exists nowhere, of one to `most_tables` tables (8 at most), with English, sample values and row
    counts.

    No identifier is a word that SQL keeps for itself. The same generator state gives the same view.
    """
    while len((view := _Draft(rng, lexicon).view()).tables) > most_tables:
        pass
    return view


@dataclass
class _Table:
    """A table in the making: its words, its columns so far, and the identifiers and nouns that these took."""

    noun: Noun
    name: str
    many: str
    rows: int
    columns: list[ViewColumn] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    @property
    def key(self) -> ViewColumn | None:
        return next((c for c in self.columns if c.kind == "key"), None)


class _Draft:
    """The making of one view; every method draws from the one generator."""

    def __init__(self, rng: random.Random, lexicon: Lexicon) -> None:
        self.rng, self.lexicon = rng, lexicon
        self.style: Style = draw_style(rng, lexicon.habits)
        self.short_table = Abbreviator(self.style.abbreviate * 0.4, rng)
        self.short = Abbreviator(self.style.abbreviate, rng)
        self.types: Types = draw_types(rng)
        self.shape: Shape = draw_shape(rng)
        self.words = Wording(lexicon, rng)
        self.key_word = rng.choices(lexicon.keys, [0.2**i for i in range(len(lexicon.keys))])[0]
        if rng.random() < 0.4 * self.words.invented:
            self.key_word = self.words.invent()
        self.full_keys = rng.choice((0.0, 0.5, 1.0, 1.0))
        self.link_form = rng.choices(("key", "noun", "verb"), (0.83, 0.12, 0.05))[0]
        self.says_prefix = rng.random() < lexicon.habits.says_prefix
        self.names: set[str] = set()
        self.tables: list[_Table] = []
        self.links: list[ViewLink] = []

    def view(self) -> View:
        rng, shape = self.rng, self.shape
        nouns = self.words.nouns(len(shape.parents))
        inner = {p for parents in shape.parents for p in parents}
        for at, parents in enumerate(shape.parents):
            table = self._table(nouns[at], at)
            self.tables.append(table)
            if at in inner or at not in shape.bridges or rng.random() < 0.35:
                self._add_key(table, must=at in inner)
            self._add_links(table, at, parents)
            self._add_attributes(table, at)
        tables = [self._finish(table) for table in self.tables]
        if rng.random() < 0.3:
            rng.shuffle(tables)
        return View(f"imagined_{rng.getrandbits(32):08x}", {t.name: t for t in tables}, tuple(self.links))

    # tables

    def _table(self, noun: Noun, at: int) -> _Table:
        """Table number `at`: a bridge is mostly named after both parents. Its English noun is always in its name, for
        nobody could tell what else is meant."""
        rng, parents = self.rng, self.shape.parents[at]
        if at in self.shape.bridges:
            ones = [self.tables[p].noun.one for p in parents]
            joined = " ".join(ones)
            bridge = self.words.invent() if rng.random() < self.words.invented else rng.choice(self.lexicon.bridges)
            while bridge in (table.noun.one for table in self.tables):
                bridge = f"{ones[0]} {bridge}"
            if rng.random() < 0.35:
                noun = Noun(bridge, "event")
                words = [bridge]
            else:
                taken = joined in (table.noun.one for table in self.tables)  # another bridge between the two
                noun = Noun(bridge if taken else joined, "event")
                words = [joined, *([bridge] if taken or rng.random() < 0.1 else [])]
        else:
            words = [noun.one]
        rows = self._rows(parents)
        return _Table(noun, self._table_name(words), plural(noun.one), rows)

    def _rows(self, parents: tuple[int, ...]) -> int:
        most = max((self.tables[p].rows for p in parents), default=0)
        return int(most * self.rng.uniform(1.5, 12)) if most else self.rng.randint(12, 300)

    def _table_name(self, words: list[str]) -> str:
        style, rng = self.style, self.rng
        many = style.plural if rng.random() > 0.04 else not style.plural
        text = " ".join(words)
        parts = self.short_table((plural(text) if many else text).split())
        if style.table_prefix:
            parts = [style.table_prefix, *parts]
        name = cased(parts, style.tables, style.big_id)
        if not is_free(name):
            name = cased(plural(text).split(), style.tables, style.big_id)
        while name.lower() in self.names or not is_free(name):
            parts = [*parts, rng.choice(self.lexicon.bridges)]
            name = cased(parts, style.tables, style.big_id)
        self.names.add(name.lower())
        return name

    # columns

    def _identifier(self, table: _Table, says: str) -> str | None:
        """The column's name in this schema's style; None if the table has it already."""
        style, rng = self.style, self.rng
        words = self.short(says.split())
        case = pick_case(rng, self.lexicon.habits) if rng.random() < style.stray else style.columns
        name = cased(words, case, style.big_id)
        if not is_free(name):
            name = cased(self.short(table.noun.one.split()) + words, case, style.big_id)
        if name.lower() in table.used or not is_free(name):
            return None
        table.used.add(name.lower())
        return name

    def _add_key(self, table: _Table, must: bool) -> None:
        rng, one, types = self.rng, table.noun.one, self.types
        if not must and rng.random() < 0.05:
            return
        full, textual = rng.random() < self.full_keys, rng.random() < 0.08
        word = rng.choice(self.lexicon.code_keys) if textual else self.key_word
        says = f"{one} {word}" if full or textual else word
        name = self._identifier(table, says) or self._identifier(table, f"{one} {says}")
        assert name is not None, f"a table begins without columns: {table}"
        values: tuple[Value, ...]
        if textual:
            letters = "".join(c for c in one if c.isalpha())[: rng.randint(1, 3)].upper()
            width, dash = rng.randint(3, 4), rng.choice(("", "-"))
            values = tuple(sorted({f"{letters}{dash}{rng.randrange(10**width):0{width}}" for _ in range(6)}))
            table.rows = min(table.rows, 10**width // 4)
        else:
            values = tuple(sorted({rng.randint(1, table.rows) for _ in range(6)}))
        type_ = types.short if textual else types.key
        table.columns.append(ViewColumn(name, says, "key", type_, values, indexed=True))

    def _add_links(self, table: _Table, at: int, parents: tuple[int, ...]) -> None:
        if at in self.shape.doubled:
            roles: Roles = self.rng.choice(self.lexicon.roles)
            for role, of, has in (roles.first, roles.second):
                self._add_link(table, self.tables[parents[0]], role, of, has)
            return
        taken: list[str] = []
        for parent in parents:
            of, has = self.words.verbs(taken)
            taken.append(of)
            self._add_link(table, self.tables[parent], "", of, has)

    def _add_link(self, table: _Table, parent: _Table, role: str, of: str, has: str) -> None:
        rng, key = self.rng, parent.key
        assert key is not None, "parents have keys"
        says = key.says if key.says.startswith(parent.noun.one) else f"{parent.noun.one} {key.says}"
        written = ""
        if self.link_form == "noun":
            says = parent.noun.one
        elif self.link_form == "verb" and of.endswith(" by") and not role:  # a column written_by, for the author
            says, written = parent.noun.one, of
        if role:
            says = f"{role} {says}"
        # A key that says its table goes by the same name here, abbreviated or not.
        same = says == key.says and key.name.lower() not in table.used
        name = key.name if same else self._identifier(table, written or says)
        while name is None:
            says = f"{rng.choice(self.lexicon.modifiers)} {says}"
            name = self._identifier(table, says)
        table.used.add(name.lower())
        some = set(rng.sample(key.values, min(len(key.values), rng.randint(2, 5))))
        values = tuple(value for value in key.values if value in some)
        nulls = rng.random() < 0.1
        table.columns.append(ViewColumn(name, says, "link", key.type, values, nulls, indexed=rng.random() < 0.4))
        self.links.append(ViewLink(table.name, name, parent.name, key.name, of, has))

    def _add_attributes(self, table: _Table, at: int) -> None:
        rng = self.rng
        if at in self.shape.bridges:
            count = rng.choice((0, 0, 1, 1, 2, 3))
        else:
            size = rng.choices(range(2, 11), (3, 12, 20, 21, 17, 12, 7, 5, 3))[0]
            count = max(size - len(table.columns), 1)
        count = min(count, 10 - len(table.columns))
        prefix = rng.random() < self.style.prefixed
        wanted: list[Kind | None] = [None] * count
        if at not in self.shape.bridges and rng.random() < 0.8 and wanted:
            wanted[0] = "name"
        for kind in wanted:
            for _ in range(4):  # a table rarely has no more room for other words
                attribute = self.words.attribute(table.noun.sort, kind)
                if column := self._column(table, attribute, prefix):
                    table.columns.append(column)
                    break

    def _column(self, table: _Table, attribute: Attribute, prefix: bool) -> ViewColumn | None:
        rng, kind = self.rng, attribute.kind
        full = f"{table.noun.one} {attribute.says}"
        says = full if prefix and self.says_prefix else attribute.says
        if any(says == c.says for c in table.columns):
            return None
        name = self._identifier(table, full if prefix and attribute.says.count(" ") < 2 else attribute.says)
        if name is None:
            return None
        values = self.types.flag_values if kind == "flag" else sample_values(attribute, self.words)
        if kind == "flag" and rng.random() < 0.5:
            values = values[::-1]
        if kind == "date" and self.types.moments and rng.random() < 0.7:
            values = tuple(f"{v} {rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}" for v in values)
        nulls = kind != "name" and rng.random() < 0.18
        indexed = kind not in ("text", "flag") and rng.random() < 0.08
        return ViewColumn(name, says, kind, self.types.of[kind], values, nulls, indexed)

    def _finish(self, table: _Table) -> ViewTable:
        """The table with its columns in a usual order: the key first, links before or after the attributes."""
        rng, columns = self.rng, table.columns
        draw = rng.random()
        if draw < 0.4:
            columns = [c for c in columns if c.kind != "link"] + [c for c in columns if c.kind == "link"]
        elif draw < 0.55:
            rest = [c for c in columns if c.kind != "key"]
            rng.shuffle(rest)
            columns = [c for c in columns if c.kind == "key"] + rest
        return ViewTable(table.name, table.noun.one, table.many, tuple(columns), table.rows)
