"""SQL as tokens and as a tree: is it one query that only reads, is its result ordered.

All functions take any text and never raise for it: models write anything. Where sqlglot cannot parse a text, the
answer falls back to the tokens or to the bare text. A tree is an opinion, the database's own enforcement is the law:
see pipeline.engine. Not covered: MySQL's executable comments (/*! ... */), which sqlglot takes for comments.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from functools import lru_cache
from itertools import dropwhile

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

MAX_SQL_CHARS = 50_000  # longer text is refused unread
_MOST_RETRIED = 10
_MAX_PARSED_CHARS = 10_000  # sqlglot takes a second for ten times as much; tokens and trees are large

# sqlglot reports on this logger what it also raises or returns.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

_READS = (TokenType.SELECT, TokenType.WITH, TokenType.VALUES)
_WRITES = (exp.DML, exp.DDL, exp.Drop, exp.Alter, exp.Command, exp.Into, exp.Pragma, exp.Set, exp.Lock)
# Statements, but for those whose verb may well begin a sentence (show, use, set ...).
_STATEMENT_VERBS = frozenset(
    {"alter", "analyze", "attach", "begin", "commit", "create", "delete", "detach", "drop", "explain", "insert"}
    | {"merge", "pragma", "reindex", "release", "replace", "rollback", "savepoint", "truncate", "update", "vacuum"}
)
_FIRST_WORD = re.compile(r"(?>[\s(;]+|--[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z))*+(\w*)", re.DOTALL)
# A text that begins as a query and holds none of these words cannot be anything but one reading statement: they are the
# keywords of what _WRITES lists.
_QUERY = re.compile(r"[\s(]*+(?:select|with|values)\b", re.IGNORECASE)
_DOUBTFUL_WORDS = frozenset(
    b"alter analyze attach cache call comment copy create delete detach drop exec execute export for grant import"
    b" insert into kill load lock merge pragma refresh replace revoke set truncate uncache update use".split()
)
# All but letters, digits, _ and what is not ASCII becomes a blank, upper case lower case.
_WORD_BYTES = bytes(
    code if code >= 128 or chr(code).isalnum() or chr(code) == "_" else 32 for code in range(256)
).lower()


def parse(sql: str, dialect: str) -> exp.Expr | None:
    """The tree of the one statement in `sql`; None if it does not parse, holds several, or is too long.

    The tree is shared through a cache: copy it before changing it.
    """
    return _parse(sql, dialect) if len(sql) <= _MAX_PARSED_CHARS else None


@lru_cache(maxsize=2048)
def _parse(sql: str, dialect: str) -> exp.Expr | None:
    if _takes_exponential_time(sql, dialect):
        return None
    try:
        statements = [tree for tree in sqlglot.parse(sql, dialect=dialect) if tree is not None]
    except (SqlglotError, RecursionError, ValueError):  # ValueError: a number of thousands of digits
        return None
    return statements[0] if len(statements) == 1 else None


def _takes_exponential_time(sql: str, dialect: str) -> bool:
    """True for what sqlglot tries twice at each level: joins that wait for their ON or USING, STRUCT(STRUCT(...,
    CHAR(CHAR(.... No query that anybody wants has more than a few of them."""
    words = bare_words(sql)
    if words.count(b"join") <= _MOST_RETRIED and words.count(b"struct") + words.count(b"char") <= _MOST_RETRIED:
        return False
    waiting = 0
    calls: Counter[str] = Counter()
    for token in _tokens(sql, dialect) or []:
        if token.token_type == TokenType.JOIN:
            waiting += 1
        elif token.token_type in (TokenType.ON, TokenType.USING):
            waiting = max(0, waiting - 1)
        calls[token.text.lower()] += 1
        if waiting > _MOST_RETRIED or calls["struct"] > _MOST_RETRIED or calls["char"] > _MOST_RETRIED:
            return True
    return False


def check_read_only(sql: str, dialect: str) -> str | None:
    """None if `sql` looks like exactly one query that only reads, else the reason in one line.

    Comments, trailing semicolons and leading parentheses are fine. A text that sqlglot cannot read passes if it starts
    as a query does, and so does one too long for it: the database then decides. A text that is no SQL gets a reason
    that begins with "not SQL". Most queries need no tree, which would cost more than their execution: they hold no word
    that could make them anything else.
    """
    if reason := refused_at_a_glance(sql):
        return reason
    if is_plain_query(sql):
        return None
    tokens = _tokens(sql, dialect) if len(sql) <= _MAX_PARSED_CHARS else None
    if tokens is None:
        return _check_start(_first_word(sql))
    words = dropwhile(lambda token: token.token_type in (TokenType.L_PAREN, TokenType.SEMICOLON), tokens)
    first = next(words, None)
    if first is None:
        return "not SQL: empty"
    if first.token_type not in _READS:
        return _check_start(first.text)
    behind = dropwhile(lambda token: token.token_type != TokenType.SEMICOLON, words)
    if any(token.token_type != TokenType.SEMICOLON for token in behind):
        return "more than one statement"
    tree = parse(sql, dialect)
    if tree is None:
        return None
    written = tree.find(*_WRITES)
    return f"not read-only: it contains {written.key.upper()}" if written else None


@lru_cache(maxsize=2048)
def is_ordered(sql: str, dialect: str = "sqlite") -> bool:
    """True if the order of the result is asked for: an ORDER BY of the outermost query, not of a part of it."""
    depth = 0
    ordered_at: list[int] = []
    outermost: int | None = None
    for token in _tokens(sql, dialect) or []:
        if token.token_type == TokenType.L_PAREN:
            depth += 1
        elif token.token_type == TokenType.R_PAREN:
            depth -= 1
        elif token.token_type != TokenType.SEMICOLON:
            # The whole query may stand in parentheses.
            outermost = depth if outermost is None else min(outermost, depth)
            if token.token_type == TokenType.ORDER_BY:
                ordered_at.append(depth)
    return outermost in ordered_at


def refused_at_a_glance(sql: str) -> str | None:
    """The reason for which `check_read_only` refuses a text that is too long, no text at all, or starts as no query
    does; None for all others. Takes no time."""
    if len(sql) > MAX_SQL_CHARS:
        return f"longer than {MAX_SQL_CHARS} characters"
    try:
        sql.encode()
    except UnicodeEncodeError:
        return "not SQL: it holds half a character (a lone surrogate)"
    word = _first_word(sql)
    return _check_start(word) if word else None


def bare_words(sql: str) -> list[bytes]:
    """All words in lower case, those in strings, names and comments too: a cheap way to see that a text lacks one.

    As bytes, because that takes half the time, and this runs for every query.
    """
    return sql.encode("utf-8", "surrogatepass").translate(_WORD_BYTES).split()


def _tokens(sql: str, dialect: str) -> list[Token] | None:
    try:
        return sqlglot.tokenize(sql, dialect=dialect)
    except SqlglotError:
        return None


def is_plain_query(sql: str) -> bool:
    """True if `check_read_only` passes at a glance: no doubtful word, not even in a string, nor anything that could
    hide a second statement."""
    return (
        _QUERY.match(sql) is not None
        and ";" not in sql.rstrip("; \t\r\n")
        and not ("--" in sql or "/*" in sql or "#" in sql)
        and _DOUBTFUL_WORDS.isdisjoint(bare_words(sql))
    )


def _first_word(sql: str) -> str:
    match = _FIRST_WORD.match(sql)
    return match.group(1) if match else ""


def _check_start(word: str) -> str | None:
    if word.lower() in ("select", "with", "values"):
        return None
    if word.lower() in _STATEMENT_VERBS:
        return f"not read-only: it starts with {word.upper()}"
    return f"not SQL: it starts with {word[:20]!r}"
