"""What Spider's official test-suite evaluator does to two queries before it runs them."""

from __future__ import annotations

import re

# What must stay as it is comes first, and is put back as group 1: strings, quoted names and comments. Where the end of
# one is missing it reaches to the end of the text; to look for each end in vain would take quadratic time.
_KEPT = r"""('[^']*(?:'|\Z)|"[^"]*(?:"|\Z)|`[^`]*(?:`|\Z)|\[[^\]]*(?:\]|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z))"""
_OPERATOR = r"([<>!])[ ](?==)"
_YEAR = r"(year\s*\(\s*curdate\s*\(\s*\)\s*\)\s*)"
_DISTINCT = r"\bdistinct\b"
_LATER_STATEMENTS = ";.*"
_TRACES = (";", "distinct", "> =", "< =", "! =", "curdate")
_FLAGS = re.IGNORECASE | re.DOTALL
_REWRITTEN = re.compile("|".join((_KEPT, _OPERATOR, _YEAR, _DISTINCT, _LATER_STATEMENTS)), _FLAGS)
_REWRITTEN_BUT_DISTINCT = re.compile("|".join((_KEPT, _OPERATOR, _YEAR)), _FLAGS)


def spider_text(sql: str, keep_distinct: bool = False) -> str:
    """`sql` as Spider's evaluator executes it: without DISTINCT, split operators joined, YEAR(CURDATE()) as 2020.

    It takes out the word DISTINCT wherever it stands, also in count(DISTINCT x), and by the way all that follows the
    first semicolon; with `keep_distinct` neither. "> =" becomes ">=" (so for < and !). As in the official code, the
    white space behind YEAR(CURDATE()) goes with it. Semicolons at the end always go. Strings, quoted names and comments
    stay as they are; the official code rewrites operators and the year even there.
    """
    bare = sql.rstrip("; \n")
    lowered = bare.lower()
    if not any(trace in lowered for trace in _TRACES):
        return bare  # nine queries of ten, at a fifth of the time
    return (_REWRITTEN_BUT_DISTINCT if keep_distinct else _REWRITTEN).sub(_replacement, sql)


def is_spider_ordered(gold: str) -> bool:
    """True if the order of rows counts for Spider's evaluator: "order by" anywhere in the gold, even in a subquery."""
    return "order by" in gold.lower()


def _replacement(match: re.Match[str]) -> str:
    kept, operator, year = match.group(1, 2, 3)
    return kept or operator or ("2020" if year else "")
