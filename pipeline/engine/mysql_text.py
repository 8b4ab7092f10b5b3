"""What a MySQL text must not contain, found in its tokens before it is sent.

The SELECT-only account, the read-only transaction and the server's one statement per call keep data safe by themselves.
This closes what they leave open: time (a query that sleeps or waits does no work to be measured), locks, files,
settings of the session, and text that the server executes although it looks like a comment.
Not covered: stored functions and loadable functions of other names; the former need EXECUTE, which no account here has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import dropwhile, pairwise, zip_longest
from typing import NamedTuple

# The server's own rules: a backslash escapes, a doubled quote does not end; "--" needs white space or a control
# character behind it; only a line feed ends such a comment. What is never closed reaches to the end of the text.
# Possessive, so that hostile text cannot make it try again what it has matched.
_TOKEN = re.compile(
    r"""
      (?P<blank>   [ \t\n\v\f\r]++ | \#[^\n]*+ | --(?=[\x00-\x20\x7f]|\Z)[^\n]*+ )
    | (?P<comment> /\*.*?(?:\*/|\Z) )
    | (?P<text>    '(?:[^'\\]++|\\(?:.|\Z)|'')*+(?:'|\Z) )
    | (?P<quoted>  `(?:[^`]++|``)*+(?:`|\Z) | "(?:[^"\\]++|\\(?:.|\Z)|"")*+(?:"|\Z) )
    | (?P<word>    [0-9A-Za-z_$\x80-\U0010ffff]++ )
    | (?P<sign>    := | . )
    """,
    re.VERBOSE | re.DOTALL,
)

_FIRST_WORDS = frozenset({"select", "table", "values", "with"})
_HINTS = re.compile(r"set_var|max_execution_time|resource_group|[`'\"]", re.IGNORECASE)
_EXECUTABLE = ("/*!", "/*m!")

# A view, derived table or common table expression that the server merges is written into the query where it is used:
# two uses a level are an expression of 2 to the power of the levels, which no KILL interrupts.
_MOST_SUBQUERIES = 16

# From the manual's list of functions: what sleeps, waits, locks, reads files, or changes the server. Loadable functions
# need no privilege, so those that MySQL and well-known libraries bring are listed too.
_FUNCTIONS = frozenset(
    {"sleep", "benchmark", "load_file"}
    | {"get_lock", "is_free_lock", "is_used_lock", "release_lock", "release_all_locks"}
    | {"service_get_read_locks", "service_get_write_locks", "service_release_locks"}
    | {"master_pos_wait", "source_pos_wait", "wait_for_executed_gtid_set", "wait_until_sql_thread_after_gtids"}
    | {"load_rewrite_rules", "flush_rewrite_cache", "read_firewall_users", "set_firewall_mode"}
    # Minutes of work inside one call, which no KILL interrupts.
    | {"create_asymmetric_priv_key", "create_dh_parameters", "extractvalue", "updatexml"}
    | {"json_schema_valid", "json_schema_validation_report"}
    | {"st_buffer", "st_frechetdistance", "st_hausdorffdistance", "st_lineinterpolatepoints"}
    | {"sys_eval", "sys_exec", "sys_get", "sys_set", "http_delete", "http_get", "http_post", "http_put"}
)
# A search for one built text in another: work of the one length times the other, which no honest query asks for.
_SEARCHES = frozenset({"instr", "locate", "position"})
_TEXT_BUILDERS = frozenset({"lpad", "repeat", "rpad", "space"})
_LOCKS = frozenset({("for", "update"), ("for", "share"), ("lock", "in")})
_FUNCTION_FAMILIES = (
    "asynchronous_connection_failover_",
    "audit_log_",
    "group_replication_",
    "keyring_key_",
    "mysql_firewall_",
    "version_tokens_",
)


class _Token(NamedTuple):
    """`kind` is a group of _TOKEN; `word` is the token in lower case if it is a word; `called` says that a parenthesis
    follows, which makes a call of a word or a quoted name; `name` is what it would call."""

    kind: str
    text: str
    word: str
    name: str
    called: bool


def forbidden(sql: str) -> str | None:
    """The reason, in one line, why `sql` must not be sent to a server; None if there is none.

    Reads text as the server does in its default SQL mode. Words in strings and comments do not count. Fails closed: a
    column that is called like a forbidden keyword behind a dot, or a common table expression that is called like a
    forbidden function and has a list of columns, is refused as well. Linear in the length of the text.
    """
    if reason := _forbidden_character(sql):
        return reason
    pieces = [(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(sql)]
    for kind, text in pieces:
        if kind == "comment" and (reason := _forbidden_comment(text.lower())):
            return reason
    found = [(kind, text) for kind, text in pieces if kind not in ("blank", "comment")]
    tokens = []
    for place, (kind, text) in enumerate(found):
        word = text.casefold() if kind == "word" else ""
        name = text[1:-1].casefold() if kind == "quoted" else word
        tokens.append(_Token(kind, text, word, name, called=found[place + 1 : place + 2] == [("sign", "(")]))
    return _not_one_query(tokens) or _not_reading(tokens) or _forbidden_call(tokens) or _uninterruptible(tokens)


def _not_one_query(tokens: Sequence[_Token]) -> str | None:
    body = list(dropwhile(lambda token: token.text in ("(", ";"), tokens))
    if not body:
        return "not SQL: empty"
    if body[0].word not in _FIRST_WORDS:
        return f"not a query: it starts with {body[0].text[:20]!r}"
    behind = dropwhile(lambda token: token.text != ";", body)
    return "more than one statement" if any(token.text != ";" for token in behind) else None


def _not_reading(tokens: Sequence[_Token]) -> str | None:
    for token, following in zip_longest(tokens, tokens[1:]):
        if token.word == "into":
            return "not read-only: it contains INTO"
        if token.text == ":=":
            return "not read-only: it assigns a variable"
        if following and (token.word, following.word) in _LOCKS:
            return "not read-only: it locks rows"
    return None


def _forbidden_call(tokens: Sequence[_Token]) -> str | None:
    for token in tokens:
        if token.called and (token.name in _FUNCTIONS or token.name.startswith(_FUNCTION_FAMILIES)):
            return f"not allowed: it calls {token.name[:40]}()"
    return None


def _uninterruptible(tokens: Sequence[_Token]) -> str | None:
    """What may keep the server busy inside one step, where no KILL reaches it."""
    subqueries = sum(a.text == "(" and b.word in ("select", "with") for a, b in pairwise(tokens))
    if subqueries > _MOST_SUBQUERIES:
        return f"not allowed: more than {_MOST_SUBQUERIES} subqueries"
    if any(token.kind == "text" and token.text.startswith("'$") and "**" in token.text for token in tokens):
        return "not allowed: a JSON path with **"
    called = {token.name for token in tokens if token.called}
    if called & _SEARCHES and called & _TEXT_BUILDERS:
        return "not allowed: a search in a text that is built for it"
    return None


def _forbidden_character(sql: str) -> str | None:
    if "\0" in sql:
        return "not SQL: it contains a NUL character"
    try:
        sql.encode()
    except UnicodeEncodeError:
        return "not SQL: it contains a lone surrogate"
    return None


def _forbidden_comment(comment: str) -> str | None:
    if comment.startswith(_EXECUTABLE):
        return "not allowed: a comment that is executed (/*! ... */)"
    # A quoted name in a hint may hold what looks like the hint's end.
    if comment.startswith("/*+") and _HINTS.search(comment):
        return "not allowed: an optimizer hint that changes settings, or quotes a name"
    return None
