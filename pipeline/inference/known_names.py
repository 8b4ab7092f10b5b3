"""Greedy SQL that names only what there is (tables and columns of the schema, SQL's own words, aliases), closes what it
opens and leaves no gap where a column or value is due.

A small model copies a long or unknown name piece by piece, and one wrong piece spoils the query. While a completion is
decoded, `Reader` follows its SQL as text, whatever the tokenizer's pieces are, and says of the next piece whether some
word that may stand here begins like that (incremental parsing against a schema as in PICARD, arXiv 2109.05093, which
parses the whole grammar). Functions are the dialect's, with their parenthesis right behind them. Whoever wants to go on
with a word as no word goes on meant a name (`meant`). Thoughts, numbers and texts are free.
A table after FROM has all columns that the query has named without one; joins that read otherwise are not covered, nor
whether any other column belongs to a table of the query, aliases used before they are declared (but one letter with
digits, like t1, "other" and "total"), and statements other than SELECT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import regex

from pipeline.data.prompts import THINK_CLOSE
from pipeline.inference.names import Names, Words

_EARLY_ALIAS = regex.compile(r"[a-z]\d{0,2}|other")  # what an alias that is used before it is declared looks like
_REST_OF_WORD = regex.compile(r"[\w$]*")
_TELLING = 3  # letters that tell which name is meant
_PART_OF_ONE = "\N{REPLACEMENT CHARACTER}"  # a piece of some bytes of a character
_FROM_INSIDE = frozenset(("extract", "trim", "substring"))  # functions with a FROM of their own
_UNIT_INSIDE = frozenset(("extract", "timestampdiff", "trim"))  # functions that begin with a word of SQL


@dataclass
class Reader:
    """One completion as far as it has been written; `named` says of some of its words, by number, what they may be."""

    names: Names
    named: Mapping[int, Words] = field(default_factory=dict)
    words: int = 0  # begun in SQL; a text counts as one
    tail: str = ""  # of the thought
    in_sql: bool = False
    quote: str = ""
    word: str = ""  # in the making, outside of texts; of a quoted name what stands between the quotes
    allowed: Words | None = None  # what the word in the making may be; None: anything
    general: bool = False  # whether that word is not bound to one table, and none that is being declared
    declares: bool = False  # whether that word is a new alias
    previous: str = ""  # the word before it
    before: str = ""  # the character before it, spaces left out
    spaced: bool = False  # whether the last character was a space
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

    def meant(self, text: str) -> Words | None:
        """The names that whoever wants to go on with this piece, which may not stand here, can have meant: those that
        hold what would stand there ("canton" of "SawmillCanton"), else any of the schema, but none of SQL's words, for
        these are few and known by heart. None: it is not about a name, or that was settled before."""
        names, due = self.names, self
        if not self.word:
            due, text = self.copy(), text.lstrip()
            due._begin_word()
        if self.quote or due.words in self.named or due.declares or due.allowed in (None, names.going_on):
            return None
        goes_on = _REST_OF_WORD.match(text)[0].lower()
        if due.general and self.word in names.anything.whole and not goes_on:
            return None
        written = self.word + goes_on
        known = (names.own.whole if due.general else due.allowed.whole) | self.declared
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

    def _character(self, c: str) -> bool:
        if self.quote:
            return self._quoted(c)
        if c.isalnum() or c in "_$" or c == _PART_OF_ONE:
            if not self.word:
                self._begin_word()
            number = not self.word and c.isdigit() and self.words not in self.named
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
        if c in "'\"`":
            self._begin_word()
            if c == "'":
                self.allowed = None
            elif self.general and self.words not in self.named:
                self.allowed = None if c == '"' else self.names.own  # some write texts in double quotes
            self.quote = c
        self.depth += (c == "(") - (c == ")")
        fine = fine and self.depth >= 0
        while self.scopes and self.scopes[-1][0] > self.depth:
            self.scopes = self.scopes[:-1]
        if c == ".":
            fine = fine and self._owns()
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
        self.words += 1
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
        elif self.before == "(" and self.previous not in _UNIT_INSIDE:
            self.allowed = self.names.opened
        else:
            self.allowed = self.names.going_on if self._complete() else self.names.anything
        self.general = self._opens() or self.allowed is self.names.anything
        self.allowed = self.named.get(self.words, self.allowed)

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
            or any(name.startswith(self.word) for name in self.declared)
        )

    def _end_word(self, after: str) -> bool:
        """`after`: the character behind it; "" at the end."""
        word, self.word = self.word, ""
        if not word:
            return True
        known = self.allowed is None or word in self.allowed.whole or word in self.declared
        if self._opens() and word in self.names.functions - self.declared:
            known = known and after == "("
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
        elif self.scopes and self.general and after != ".":
            depth, columns = self.scopes[-1]
            self.scopes = (*self.scopes[:-1], (depth, columns | {word} & self.names.any_column.whole))
        self.free_from = self.free_from or word in _FROM_INSIDE
        self.previous, self.before = word, word[-1]
        return known

    def _owns(self) -> bool:
        """Whether what stands before a point may be a table, or a number."""
        name = self.previous.lstrip('"`')
        table = name in self.names.tables.whole or name in self.declared or bool(_EARLY_ALIAS.fullmatch(name))
        return table or name[:1].isdigit() or self.before != self.previous[-1:]

    def _opens(self) -> bool:
        return self.allowed is self.names.operand or self.allowed is self.names.opened

    def _begins_alias(self) -> bool:
        return self._may_be_alias() and bool(_EARLY_ALIAS.fullmatch(self.word, partial=True))

    def _may_be_alias(self) -> bool:
        names = self.names
        return self._opens() or any(self.allowed is some for some in (names.anything, names.own, names.going_on))
