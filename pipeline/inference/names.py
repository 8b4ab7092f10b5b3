"""The words of a query on one schema: its own, SQL's and the functions of a dialect."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy

import regex

from pipeline.data.example import Schema

# Words of functions, which have their parenthesis right behind them where they begin an operand; some are others, too.
_FUNCTIONS = """
    abs avg cast char coalesce concat concat_ws count cume_dist date datetime dense_rank exists first_value group_concat
    ifnull json_extract lag last_value lead length lower ltrim max min nth_value ntile nullif percent_rank rank replace
    round row_number rtrim sign substr substring sum time trim upper
"""
_OWN_FUNCTIONS = {
    "sqlite": "ceil floor glob iif instr julianday log power printf sqrt strftime unixepoch",
    "mysql": """
        ceil ceiling char_length curdate curtime date_add date_format date_sub datediff day dayname dayofmonth dayofweek
        dayofyear extract floor greatest hour if instr last_day least left ln locate log log10 lpad minute mod month
        monthname now pow power quarter reverse right rpad second sqrt std stddev str_to_date substring_index
        timestampdiff to_days truncate variance week weekday year yearweek
    """,
}
# Other words that may stand where a column or value is due; sums are often called "total" before they are declared so.
_OPENING = """
    all case current current_date current_time current_timestamp distinct exists false interval not null total true
    unbounded
"""
# And what else may follow an opening parenthesis.
_IN_PARENTHESES = "order partition range rows select values with"
# Words behind a column or value.
_GOING_ON = """
    all and as asc between by collate cross current desc else end escape except filter first following from full glob
    group having in inner intersect is join last lateral left like limit materialized natural not null nulls offset on
    or order outer over partition preceding range recursive regexp right row rows select then unbounded union using
    values when where window with
"""
_OWN_GOING_ON = {
    "sqlite": "nocase",
    "mysql": """
        any binary day div hour integer minute mod month quarter rlike second separator signed some unsigned week xor
        year
    """,
}
# Words behind which a column, a value or a table is due.
_DUE = "and between by distinct else from having join like limit on or select then when where"
# What a parenthesis behind FROM or JOIN begins with.
_QUERIES = "select values with"
_NEEDS_NO_QUOTES = regex.compile(r"[\w$]+")


class Words:
    """Words, and all their beginnings, in lower case; `bare` are the beginnings of those that need no quotes."""

    def __init__(self, words: Iterable[str]) -> None:
        self.whole = frozenset(word.lower() for word in words)
        self.begun = _beginnings(self.whole)
        self.bare = _beginnings(word for word in self.whole if _NEEDS_NO_QUOTES.fullmatch(word))

    def __or__(self, other: Words) -> Words:
        union = Words(())
        for name, own in vars(self).items():
            setattr(union, name, own | getattr(other, name))
        return union


def _beginnings(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word[:end] for word in words for end in range(1, len(word) + 1))


class Names:
    """What a query on one schema may name, in one dialect."""

    def __init__(self, schema: Schema, dialect: str) -> None:
        self.columns = {t.lower(): Words(c.name for c in columns) for t, columns in schema.tables.items()}
        functions = Words(f"{_FUNCTIONS} {_OWN_FUNCTIONS[dialect]}".split())
        self._opening = functions | Words(_OPENING.split())
        self.going_on = Words(f"{_GOING_ON} {_OWN_GOING_ON[dialect]}".split())
        self.queries = Words(_QUERIES.split())
        self._name(Words(schema.tables))
        self.other_letters = not "".join(self.own.whole).isascii()
        self.functions = functions.whole - self.own.whole - frozenset(_OPENING.split())
        self.keywords = self.anything.whole - self.own.whole
        self.only_tables = self.tables.whole - self.any_column.whole - (self._opening | self.going_on).whole
        self.due = frozenset(_DUE.split()) - self.own.whole
        self._within: dict[frozenset[str], Names] = {}

    def _name(self, tables: Words) -> None:
        self.tables = tables
        self.any_column = Words(column for table in tables.whole for column in self.columns[table].whole)
        self.own = tables | self.any_column
        self.operand = self._opening | self.own
        self.opened = self.operand | Words(_IN_PARENTHESES.split())
        self.anything = self.opened | self.going_on

    def within(self, tables: frozenset[str]) -> Names:
        """The same, where a query reads these tables only."""
        if tables not in self._within:
            self._within[tables] = copy(self)
            self._within[tables]._name(Words(tables))
        return self._within[tables]

    def tables_with(self, columns: frozenset[str]) -> Words:
        """The tables that have all of these columns; all tables if none has."""
        found = [table for table, own in self.columns.items() if columns <= own.whole]
        return Words(found) if columns and found else self.tables
