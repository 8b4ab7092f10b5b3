"""Greedy SQL that names only what there is (tables and columns of the schema, SQL's own words, aliases), closes what it
opens and leaves no gap where a column or value is due.

A small model copies a long or unknown name piece by piece, and one wrong piece spoils the query. While a completion is
decoded, `Reader` follows its SQL as text, whatever the tokenizer's pieces are, and says of the next piece whether some
word that may stand here begins like that (incremental parsing against a schema as in PICARD, arXiv 2109.05093, which
parses the whole grammar). Thoughts, numbers and texts are free.
A table after FROM has all columns that the query has named without one; joins that read otherwise are not covered, nor
whether any other column belongs to a table of the query, aliases used before they are declared (but one letter with
digits, like t1, and "other"), and statements other than SELECT.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import regex

from pipeline.data.example import Schema
from pipeline.data.prompts import THINK_CLOSE

_SQL = """
abs all and any as asc ascii avg between both by case cast ceil ceiling char char_length character coalesce collate
concat concat_ws count cross cume_dist curdate current current_date current_time current_timestamp date date_add
date_format date_sub datediff datetime day dayname dayofmonth dayofweek dayofyear decimal dense_rank desc distinct
div double else end escape except exists exp extract false filter first first_value float floor following for from
full glob greatest group group_concat having hex hour if ifnull iif in inner instr int integer intersect interval
is join json_extract julianday lag last last_day last_value lateral lead leading least left length like limit ln
locate log log10 lower lpad ltrim materialized max min minute mod month monthname natural nocase not now nth_value
ntile null nullif nulls numeric offset on or order outer over partition percent_rank pow power preceding printf
quarter range rank real recursive regexp replace reverse right round row row_number rows rpad rtrim second select
separator sign signed some sqrt std stddev str_to_date strftime substr substring substring_index sum text then time
timestamp timestampdiff to_days total trailing trim true trunc truncate unbounded union unique unixepoch unsigned
upper using values varchar variance week weekday when where window with xor year yearweek
"""
# Words that go on with a query, so that they cannot be the next thing to select, compare or sort by.
_LINKS = """
    and as asc collate cross desc div else end escape except following from full glob group having in inner intersect is
    join like limit materialized natural offset on or order outer over partition preceding range regexp rows separator
    then union using when where window xor
"""
# After an opening parenthesis there may be a window, too.
_WINDOW = "order partition range rows"
# Words behind which a column, a value or a table is due.
_DUE = "and between by distinct else from having join like limit on or select then when where"
_EARLY_ALIAS = regex.compile(r"[a-z]\d{0,2}|other")  # what an alias that is used before it is declared looks like
_PART_OF_ONE = "\N{REPLACEMENT CHARACTER}"  # a piece of some bytes of a character
_FROM_INSIDE = frozenset(("extract", "trim", "substring"))  # functions with a FROM of their own


class Words:
    """Words, and all their beginnings, in lower case."""

    def __init__(self, words: Iterable[str]) -> None:
        self.whole = frozenset(word.lower() for word in words)
        self.begun = frozenset(word[:end] for word in self.whole for end in range(1, len(word) + 1))

    def __or__(self, other: Words) -> Words:
        union = Words(())
        union.whole, union.begun = self.whole | other.whole, self.begun | other.begun
        return union


_KEYWORDS = Words(_SQL.split())


class Names:
    """What a query on one schema may name."""

    def __init__(self, schema: Schema) -> None:
        self.columns = {t.lower(): Words(c.name for c in columns) for t, columns in schema.tables.items()}
        self.tables = Words(schema.tables)
        self.any_column = Words(c.name for columns in schema.tables.values() for c in columns)
        self.own = self.tables | self.any_column
        self.other_letters = not "".join(self.own.whole).isascii()
        self.anything = _KEYWORDS | self.own
        self.operand = Words(_KEYWORDS.whole - set(_LINKS.split())) | self.own
        self.opened = self.operand | Words(_WINDOW.split())
        self.due = frozenset(_DUE.split()) - self.own.whole
        self.general = (self.anything, self.operand, self.opened)

    def tables_with(self, columns: frozenset[str]) -> Words:
        """The tables that have all of these columns; all tables if none has."""
        found = [table for table, own in self.columns.items() if columns <= own.whole]
        return Words(found) if columns and found else self.tables


@dataclass
class Reader:
    """One completion as far as it has been written."""

    names: Names
    tail: str = ""  # of the thought
    in_sql: bool = False
    quote: str = ""
    word: str = ""  # in the making, outside of texts; of a quoted name what stands between the quotes
    allowed: Words | None = None  # what the word in the making may be; None: anything
    declares: bool = False  # whether that word is a new alias
    previous: str = ""  # the word before it
    before: str = ""  # the character before it, spaces left out
    owner: str = ""  # the word before a point
    depth: int = 0
    in_with: bool = False
    free_from: bool = False
    declared: frozenset[str] = frozenset()
    scopes: tuple[tuple[int, frozenset[str]], ...] = ()  # each SELECT's depth, and its columns without a table so far

    def copy(self) -> Reader:
        return replace(self)

    def take(self, text: str) -> bool:
        """Go on behind this piece ("" is the end); False: it may not stand here, or may not end what stands before."""
        if not self.in_sql:
            self.tail = (self.tail + text)[-2 * len(THINK_CLOSE) :]
            self.in_sql = self.tail.rstrip().endswith(THINK_CLOSE)
            return True
        if text:
            return all(self._character(c) for c in text)
        return not self.quote and not self.depth and self._end_word("") and not self._due()

    def _character(self, c: str) -> bool:
        if self.quote:
            return self._quoted(c)
        if c.isalnum() or c in "_$" or c == _PART_OF_ONE:
            if not self.word:
                self._begin_word()
            if (not self.word and c.isdigit()) or (c == _PART_OF_ONE and self.names.other_letters):
                self.allowed = None
            self.word += c.lower()
            return self._may_go_on()
        fine = self._end_word(c)
        if (self.before == "." and c not in '*"`') or (c in ",)=<>/%|;" and self._due(c)):
            return False
        if c in "'\"`":
            self._begin_word()
            if c == "'" or (c == '"' and self._general()):  # some write texts in double quotes
                self.allowed = None
            elif self._general():
                self.allowed = self.names.own
            self.quote = c
        self.depth += (c == "(") - (c == ")")
        fine = fine and self.depth >= 0
        while self.scopes and self.scopes[-1][0] > self.depth:
            self.scopes = self.scopes[:-1]
        if c == ".":
            self.owner = self.previous.lstrip('"`')
        if not c.isspace():
            self.before = c
        return fine

    def _quoted(self, c: str) -> bool:
        if c != self.quote:
            self.word += c.lower()
            return self._may_go_on()
        known = self.allowed is None or self.word in self.allowed.whole | self.declared
        known = known or (self._may_be_alias() and bool(_EARLY_ALIAS.fullmatch(self.word)))
        if self.declares:
            self.declared |= {self.word}
        self.previous, self.before, self.word, self.quote = f"{c}{self.word}", c, "", ""
        return known

    def _begin_word(self) -> None:
        after_as = self.previous == "as" and self.before != "."
        listed = self.in_with and not self.depth
        self.declares = after_as or listed
        if self.declares:
            self.allowed = None
        elif self.before == ".":
            self.allowed = self.names.any_column
            if self.owner not in self.declared and self.owner in self.names.columns:
                self.allowed = self.names.columns[self.owner]
        elif self.previous in ("from", "join") and self.before not in ("(", ",") and not self.free_from:
            alone = self.previous == "from" and self.scopes  # more tables may bring the columns of a join
            self.allowed = self.names.tables_with(self.scopes[-1][1]) if alone else self.names.tables
        elif self._due():
            self.allowed = self.names.operand
        else:
            self.allowed = self.names.opened if self.before == "(" else self.names.anything

    def _due(self, after: str = "") -> bool:
        """Whether a column, a value or a table is due; `after`: the character that is to stand there, for an operator
        may be one of two."""
        if self.before == self.previous[-1:]:
            return self.previous in self.names.due
        return self.before == "," or (self.before in "=<>+-/%" and self.before != "" and after not in (*"=<>",))

    def _may_go_on(self) -> bool:
        return (
            self.allowed is None
            or self.word in self.allowed.begun
            or (self._may_be_alias() and bool(_EARLY_ALIAS.fullmatch(self.word, partial=True)))
            or any(name.startswith(self.word) for name in self.declared)
        )

    def _end_word(self, after: str) -> bool:
        """`after`: the character behind it; "" at the end."""
        word, self.word = self.word, ""
        if not word:
            return True
        known = self.allowed is None or word in self.allowed.whole or word in self.declared
        if not known and self._may_be_alias() and _EARLY_ALIAS.fullmatch(word):
            of_table = self.previous.lstrip('"`') in self.names.tables.whole | self.declared  # FROM customers c
            known = of_table or after == "."
            self.declares = of_table
        if self.declares:
            self.declared |= {word}
        if word == "with":
            self.in_with = True
        elif word == "select":
            self.in_with = self.in_with and self.depth > 0
            self.scopes += ((self.depth, frozenset()),)
        elif self.scopes and self._general() and after != ".":
            depth, columns = self.scopes[-1]
            self.scopes = (*self.scopes[:-1], (depth, columns | {word} & self.names.any_column.whole))
        self.free_from = self.free_from or word in _FROM_INSIDE
        self.previous, self.before = word, word[-1]
        return known

    def _general(self) -> bool:
        """Whether the word in the making is not bound to one table, and none that is being declared."""
        return any(self.allowed is words for words in self.names.general)

    def _may_be_alias(self) -> bool:
        return self._general() or self.allowed is self.names.own
