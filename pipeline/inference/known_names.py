"""Greedy SQL that names only what there is (tables and columns of the schema, SQL's own words, aliases), closes what it
opens and leaves no gap where a column or value is due.

A small model copies a long or unknown name piece by piece, and one wrong piece spoils the query. While a completion is
decoded, `Reader` follows its SQL as text, whatever the tokenizer's pieces are, and says of the next piece whether some
word that may stand here begins like that (incremental parsing against a schema as in PICARD, arXiv 2109.05093, which
parses the whole grammar). Functions are the dialect's, with their parenthesis right behind them. Whoever wants to go on
with a word as no word goes on meant a name (`meant`). Thoughts, numbers and texts are free, but none says the same
again and again, and a completion does not end before its thought does.
A table after FROM has all columns that the query has named without one, and behind FROM a query names columns of what
it reads only. Not covered: joins in parentheses, or whose columns without a table are not the first table's, aliases
used before they are declared (but one letter with digits, like t1, "other" and "total"), texts with line breaks, texts
in double quotes where a name may stand, and statements other than SELECT.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import regex

from pipeline.inference.names import Names, Words
from pipeline.inference.scopes import AFTER_TABLES, READS, Scope, readable
from pipeline.inference.thoughts import Thought, circles

_EARLY_ALIAS = regex.compile(r"[a-z]\d{0,2}|other")  # what an alias that is used before it is declared looks like
_REST_OF_WORD = regex.compile(r"[\w$]*")
_TELLING = 3  # letters that tell which name is meant
_WORD_BEGINS = frozenset('_"`')
_PART_OF_ONE = "\N{REPLACEMENT CHARACTER}"  # a piece of some bytes of a character
_FROM_INSIDE = frozenset(("extract", "trim", "substring"))  # functions with a FROM of their own
_UNIT_INSIDE = frozenset(("extract", "timestampdiff", "trim"))  # functions that begin with a word of SQL
_AGGREGATES = frozenset(("avg", "count", "max", "min", "sum"))
_STRUCTURE = frozenset(("between", "recursive", "select", "with")) | READS | AFTER_TABLES | _FROM_INSIDE
_BEFORE_TEXT = frozenset(("between", "else", "glob", "like", "then"))


@dataclass
class Reader:
    """One completion as far as it has been written; `named` says of some of its words, by number, what they may be."""

    names: Names
    named: Mapping[int, Words] = field(default_factory=dict)
    here: Names = field(init=False)  # what the word in the making may be, if it is of the schema
    words: int = 0  # begun in SQL; a text counts as one
    thought: Thought = field(default_factory=Thought)
    in_sql: bool = False
    quote: str = ""
    word: str = ""  # in the making, outside of texts; of a quoted name what stands between the quotes
    allowed: Words | None = None  # what the word in the making may be; None: anything
    general: bool = False  # whether that word is not bound to one table, and none that is being declared
    declares: bool = False  # whether that word is a new alias
    is_table: bool = False  # whether that word is a table to read
    previous: str = ""  # the word before it
    before: str = ""  # the character before it, spaces left out
    spaced: bool = False  # whether the last character was a space
    owner: str = ""  # the word before a point
    depth: int = 0
    in_with: bool = False
    recursive: bool = False
    listed: str = ""  # the query of a WITH in the making
    free_from: bool = False
    between: bool = False  # whether the next AND is BETWEEN's
    declared: frozenset[str] = frozenset()
    queries: frozenset[str] = frozenset()  # of a WITH
    read: str = ""  # the table right before, which may get an alias
    aliased: Mapping[str, frozenset[str]] = field(default_factory=dict)  # tables of each alias
    scopes: tuple[Scope, ...] = ()

    def __post_init__(self) -> None:
        self.here = self.names

    def copy(self) -> Reader:
        return copy(self)

    def take(self, text: str) -> bool:
        """Go on behind this piece ("" is the end); False: it may not stand here, or may not end what stands before."""
        if not self.in_sql:
            self.thought, fine = self.thought.go_on(text)
            self.in_sql = self.thought.ended
            return fine
        if text:
            return all(self._character(c) for c in text)
        return not self.quote and not self.depth and self._end_word("") and not self._due()

    def meant(self, text: str) -> Words | None:
        """The names that whoever wants to go on with this piece, which may not stand here, can have meant: those that
        hold what would stand there ("canton" of "SawmillCanton"), else any of the schema, but none of SQL's words, for
        these are few and known by heart. None: it is not about a name, or that was settled before."""
        due = self
        if not self.in_sql:
            return None
        if not self.word:
            due, text = self.copy(), text.lstrip()
            due._begin_word()
        if self.quote or due.words in self.named or due.declares or due.allowed in (None, due.here.going_on):
            return None
        goes_on = _REST_OF_WORD.match(text)[0].lower()
        if due.general and self.word in due.here.anything.whole and not goes_on:
            return None
        written = self.word + goes_on
        known = (due.here.own.whole if due.general else due.allowed.whole) | due._others()
        if len(written) >= _TELLING and (found := {name for name in known if written in name}):
            return Words(found)
        return Words(known) if self.word and due.general else None

    def held_to(self, names: Words) -> bool:
        """Let the word in the making be one of these; False: none begins like that."""
        if not self.word:
            self.named = {**self.named, self.words + 1: names}
            return True
        self.allowed = names
        return self.word in names.bare

    def with_name(self, word: int, names: Words) -> Reader:
        """The same, where the word of this number is one of these."""
        return replace(self, named={**self.named, word: names})

    def begins_word(self, text: str) -> bool:
        """Whether this piece begins a word, or a quoted name, behind whatever stands there."""
        first = text.lstrip()[:1]
        between = self.in_sql and not self.quote and (not self.word or text[:1].isspace())
        return between and (first.isalpha() or first in _WORD_BEGINS)

    def _character(self, c: str) -> bool:
        if self.quote:
            return self._quoted(c)
        if c.isalnum() or c in "_$" or c == _PART_OF_ONE:
            if not self.word:
                self._begin_word()
            of_name = self.is_table or (self.before == "." and self.owner[:1].isalpha()) or self.words in self.named
            number = not self.word and c.isdigit() and not of_name
            if number or (c == _PART_OF_ONE and self.names.other_letters):
                self.allowed = None
            self.word += c.lower()
            self.spaced = False
            return self._may_go_on()
        put_off = self.spaced if c.isspace() else c not in "'\"`"
        if put_off and not self.word and self.words + 1 in self.named:  # by who does not know the name
            return False
        self.spaced = c.isspace()
        fine = self._end_word(c)
        if (self.before == "." and c not in '*"`') or (c in ",)=<>/%|;" and self._due(c)):
            return False
        if self._table_due() and not c.isspace():
            if c not in '("`':
                return False
            self._scope(reads_others=self.scopes[-1].reads_others or c == "(")
        if c in "'\"`":
            text = c == '"' and self._text_may_stand()  # some write texts in double quotes
            self._begin_word()
            if c == "'":
                self.allowed = None
            elif self.general and self.words not in self.named:
                self.allowed = None if text else self.here.own
            self.quote = c
        self.depth += (c == "(") - (c == ")")
        fine = fine and self.depth >= 0
        while self.scopes and self.scopes[-1].depth > self.depth:
            self.scopes = self.scopes[:-1]
        if c == ")" and self.in_with and not self.depth:
            self.queries |= {self.listed}
        if not c.isspace() and c not in '"`':
            self.read = ""
        if c == ".":
            fine = fine and self._owns()
            self.owner = self.previous.lstrip('"`') if self.before == self.previous[-1:] else ""
        if not c.isspace():
            self.before = c
        return fine

    def _quoted(self, c: str) -> bool:
        if c != self.quote:
            self.word += c.lower()
            return c != "\n" and not circles(self.word) and self._may_go_on()
        known = self.allowed is None or self.word in self.allowed.whole | self._others()
        known = known or (self._may_be_alias() and bool(_EARLY_ALIAS.fullmatch(self.word)))
        self._note(self.word)
        self.previous, self.before, self.word, self.quote = f"{c}{self.word}", c, "", ""
        return known

    def _note(self, word: str) -> None:
        """Keep what a word that ends here declares or reads."""
        if self.declares:
            self.declared |= {word}
            if self.in_with and not self.depth and word not in self.here.going_on.whole:
                self.listed, self.queries = word, self.queries | ({word} if self.recursive else frozenset())
            elif self.read:
                self.aliased = {**self.aliased, word: self.aliased.get(word, frozenset()) | {self.read}}
        if self.is_table:
            of_schema = word in self.names.tables.whole and word not in self.queries
            tables = self.scopes[-1].tables | ({word} if of_schema else frozenset())
            self._scope(tables=tables, reads_others=self.scopes[-1].reads_others or not of_schema)
            self.read = word if of_schema else ""
        elif word != "as":
            self.read = ""

    def _begin_word(self) -> None:
        self.words += 1
        after_as = self.previous == "as" and self.before == "s"
        listed = self.in_with and not self.depth
        self.declares, self.is_table = after_as or listed, self._table_due()
        self.here = readable(self.names, self.scopes)
        if self.declares:
            self.allowed = None
        elif self.before == ".":
            self.allowed = self._columns_of(self.owner)
        elif self.is_table:
            alone = self.previous == "from"  # more tables may bring the columns of a join
            self.allowed = self.names.tables_with(self.scopes[-1].columns) if alone else self.names.tables
        elif self._due():
            self.allowed = self.here.operand
        elif self.before == "(" and self.previous in READS:
            self.allowed = self.names.queries
        elif self.before == "(" and self.previous not in _UNIT_INSIDE:
            self.allowed = self.here.opened
        else:
            self.allowed = self.here.going_on if self._complete() else self.here.anything
        self.general = self._opens() or self.allowed is self.here.anything
        self.allowed = self.named.get(self.words, self.allowed)

    def _table_due(self) -> bool:
        if not self.scopes or self.scopes[-1].clause != "from" or self.free_from:
            return False
        listed = self.before == "," and self.scopes[-1].depth == self.depth
        return listed or (self.previous in READS and self.before == self.previous[-1:])

    def _columns_of(self, owner: str) -> Words:
        if owner in self.aliased and self.scopes and self.scopes[-1].clause != "select":
            return self.names.within(self.aliased[owner]).any_column
        of_schema = owner not in self.declared and owner in self.names.columns
        return self.names.columns[owner] if of_schema else self.names.any_column

    def _text_may_stand(self) -> bool:
        """Whether a text may be what begins, rather than a name."""
        if self.before == self.previous[-1:]:
            return self.previous in _BEFORE_TEXT
        inside = not self.scopes or self.scopes[-1].depth < self.depth
        return (self.before != "(" or self.previous not in _AGGREGATES) and (self.before != "," or inside)

    def _scope(self, **changes: Any) -> None:
        self.scopes = (*self.scopes[:-1], replace(self.scopes[-1], **changes))

    def _due(self, after: str = "") -> bool:
        """Whether a column, a value or a table is due; `after`: the character that is to stand there, for an operator
        may be one of two."""
        if self.before == self.previous[-1:]:
            return self.previous in self.names.due
        return self.before == "," or (self.before in "=<>+-/%" and self.before != "" and after not in (*"=<>",))

    def _complete(self) -> bool:
        """Whether a column or value stands before, so that no other can follow."""
        if self.before == self.previous[-1:]:
            return bool(self.previous) and self.previous not in self.names.keywords
        return self.before == ")"

    def _may_go_on(self) -> bool:
        return (
            self.allowed is None
            or self.word in (self.allowed.begun if self.quote else self.allowed.bare)
            or self._begins_alias()
            or any(name.startswith(self.word) for name in self._others())
        )

    def _others(self) -> frozenset[str]:
        """What else the word in the making may be."""
        return self.queries if self.is_table else self.declared

    def _end_word(self, after: str) -> bool:
        """`after`: the character behind it; "" at the end."""
        word, self.word = self.word, ""
        if not word:
            return True
        known = self.allowed is None or word in self.allowed.whole or word in self._others()
        if self.general and not self.free_from and word in self.names.only_tables - self.declared:
            known = known and after == "."
        if self._opens() and word in self.names.functions - self.declared:
            known = known and after == "("
        if not known and self._may_be_alias() and _EARLY_ALIAS.fullmatch(word):
            of_table = self.previous.lstrip('"`') in self.names.tables.whole | self.declared  # FROM customers c
            known = of_table or after == "."
            self.declares = of_table
        self._note(word)
        if word in _STRUCTURE and self.before != "." and (self.in_with or not self.declares):
            self._keyword(word)
        elif self.scopes and self.general and after != ".":
            self._scope(columns=self.scopes[-1].columns | {word} & self.names.any_column.whole)
        self.previous, self.before = word, word[-1]
        if word == "and" and self.between:
            self.previous, self.before, self.between = "between", "n", False
        return known

    def _keyword(self, word: str) -> None:
        top = self.scopes[-1] if self.scopes else None
        if word == "with":
            self.in_with = True
        elif word == "recursive" and self.in_with:
            self.recursive = True
        elif word == "select":
            self.in_with = self.in_with and self.depth > 0
            derived = top is not None and top.clause == "from" and top.depth < self.depth
            self.scopes += (Scope(self.depth, sees_outer=not derived),)
        elif top and word in READS and top.depth == self.depth:
            self._scope(clause="from", reads_others=top.reads_others or self.free_from)
        elif top and word in AFTER_TABLES and top.depth == self.depth and top.clause == "from":
            self._scope(clause="after")
        self.between = self.between or word == "between"
        self.free_from = self.free_from or word in _FROM_INSIDE

    def _owns(self) -> bool:
        """Whether what stands before a point may be a table, or a number."""
        name = self.previous.lstrip('"`')
        table = name in self.names.tables.whole or name in self.declared or bool(_EARLY_ALIAS.fullmatch(name))
        return table or name[:1].isdigit() or self.before != self.previous[-1:]

    def _opens(self) -> bool:
        return self.allowed is self.here.operand or self.allowed is self.here.opened

    def _begins_alias(self) -> bool:
        return self._may_be_alias() and bool(_EARLY_ALIAS.fullmatch(self.word, partial=True))

    def _may_be_alias(self) -> bool:
        names = self.names
        early = self._opens() or self.allowed is names.anything or self.allowed is names.own
        return self.allowed is names.going_on or (early and self.here is names)  # behind FROM all have been declared
