"""What a MySQL text must not contain, found in its tokens before it is sent.

The SELECT-only account, the read-only transaction and the server's one statement per call keep data safe by themselves.
This closes what they leave open: time (a query that sleeps or waits does no work to be measured), locks, files,
settings of the session, and text that the server executes although it looks like a comment.
Not covered: stored functions and loadable functions of other names; the former need EXECUTE, which no account here has.
"""

from __future__ import annotations

import re

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
_FUNCTION_FAMILIES = (
    "asynchronous_connection_failover_",
    "audit_log_",
    "group_replication_",
    "keyring_key_",
    "mysql_firewall_",
    "version_tokens_",
)


def forbidden(sql: str) -> str | None:
    """The reason, in one line, why `sql` must not be sent to a server; None if there is none.

    Reads text as the server does in its default SQL mode. Words in strings and comments do not count. Fails closed: a
    column that is called like a forbidden keyword behind a dot, or a common table expression that is called like a
    forbidden function and has a list of columns, is refused as well. Linear in the length of the text.
    """
    if reason := _forbidden_character(sql):
        return reason
    started = ended = False
    subqueries = 0
    before_token = ""
    before = name = ""  # the word before this token, and that word or quoted name: what a parenthesis would call
    for match in _TOKEN.finditer(sql):
        kind, token = match.lastgroup, match.group()
        if kind == "blank":
            continue
        if kind == "comment":
            if reason := _forbidden_comment(token.lower()):
                return reason
            continue
        word = token.casefold() if kind == "word" else ""
        if ended and token != ";":
            return "more than one statement"
        if not started and token not in "(;":
            if word not in _FIRST_WORDS:
                return f"not a query: it starts with {token[:20]!r}"
            started = True
        if word == "into":
            return "not read-only: it contains INTO"
        if token == ":=":
            return "not read-only: it assigns a variable"
        if (before, word) in (("for", "update"), ("for", "share"), ("lock", "in")):
            return "not read-only: it locks rows"
        if before_token == "(" and word in ("select", "with"):
            subqueries += 1
            if subqueries > _MOST_SUBQUERIES:
                return f"not allowed: more than {_MOST_SUBQUERIES} subqueries"
        if kind == "text" and "**" in token and token.lstrip("'").startswith("$"):
            return "not allowed: a JSON path with **"
        if token == "(" and (name in _FUNCTIONS or name.startswith(_FUNCTION_FAMILIES)):
            return f"not allowed: it calls {name[:40]}()"
        ended = started and token == ";"
        before_token = token
        before = word
        name = token[1:-1].casefold() if kind == "quoted" else word
    return None if started else "not SQL: empty"


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
