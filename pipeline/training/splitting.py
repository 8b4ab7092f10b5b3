"""How text is split before byte-level BPE learns its tokens, so that names can be copied from a prompt into SQL.

A content word is a piece of its own, whatever stands beside it: `unit price`, `unit_price`, `UnitPrice` and `'unit'`
all hold the same tokens for "unit" (or "Unit"). Glue goes the other way: runs of function words, SQL keywords and
punctuation form one piece together with the spaces around them, so that " FROM ", " of the " or ", " become one token
each and content words need no space of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers.pre_tokenizers import PreTokenizer

# Lower-case words that hardly ever are names in a schema. "number", "name", "order", "value" ... are content.
ENGLISH = """
    a about above according across after all along also although am among an and another any are around as at be
    because been before being below between both but by can could did different do does done during each either else
    ever every everything for from get give had has have having he her here him his how however i if in into is it its
    just least less list lot made make many me more most much must my need needs neither never no none nor not
    nothing of off on once one only onto or other our out over own per please same see she should show since so some
    such take tell than that the their them then there these they this those three through to together too two
    under unless until up upon us use used uses using very want was way we were what whatever when where whether which
    while who whom whose why will with within without would yet you your
    inner outer query queries column columns row rows groups return returns keep keeps join joins joined matching
    matched sort sorts sorted take takes skip skips remaining duplicates called ordered ascending descending exactly
    starts ends contains containing
"""
# Capitalised where a sentence begins; "The" or "A" would also begin titles, which are values.
OPENING = """
    What Which Who Whose Where When How List Show Give Find Get Return Tell Count Name Display Retrieve Report Compute
    Calculate Determine Identify Please For In Of Among Is Are Does Do Use Join Keep Group Sort Take Then Combine Skip
    Inner I Can Could Write Evidence Question
"""
KEYWORDS = """
    SELECT DISTINCT FROM WHERE JOIN INNER LEFT RIGHT FULL OUTER CROSS NATURAL ON USING AS AND OR NOT IN IS NULL LIKE
    GLOB BETWEEN EXISTS ALL ANY GROUP ORDER BY HAVING LIMIT OFFSET ASC DESC NULLS FIRST LAST UNION INTERSECT EXCEPT CASE
    WHEN THEN ELSE END WITH RECURSIVE OVER PARTITION ROWS RANGE UNBOUNDED PRECEDING FOLLOWING CURRENT ROW CAST INTEGER
    REAL TEXT FLOAT COUNT SUM AVG MIN MAX ABS ROUND LENGTH LOWER UPPER SUBSTR COALESCE IFNULL NULLIF IIF STRFTIME
    JULIANDAY DATE RANK DENSE_RANK ROW_NUMBER NTILE LAG LEAD TOTAL GROUP_CONCAT CONCAT YEAR MONTH DAY
"""
FUNCTIONS = "count sum avg min max abs round length lower upper substr coalesce ifnull cast strftime"
TYPES = """
    integer int bigint smallint tinyint text varchar char nvarchar real float double decimal numeric boolean bool blob
    datetime timestamp
"""


def _any(words: str) -> str:
    """Longest first: the first alternative that fits is taken."""
    return "|".join(sorted(set(words.split()), key=lambda word: (-len(word), word)))


_LETTERS = r"\p{L}\p{M}"
# Not beside a quote, nor a dot within a name: the value 'IN' and the column t.use keep the tokens of their words.
_BEFORE = rf"(?<![{_LETTERS}\p{{N}}_.'\"])"
_WORD = rf"{_BEFORE}(?:{_any(ENGLISH + OPENING + KEYWORDS)})(?![{_LETTERS}\p{{N}}_'\"]|\.[{_LETTERS}])"
_FUNCTION = rf"{_BEFORE}(?:{_any(FUNCTIONS)})(?=\()"
# A type and "key" are glue only where a schema has them, behind a name: both may be names of columns.
_TYPE = rf"(?<=[{_LETTERS}\p{{N}}_\"] )(?:{_any(TYPES)})(?= key[,)]|[,()])|(?<= )key(?=[,)])"
_MODE = rf"/(?:no_)?think(?![{_LETTERS}\p{{N}}_])"
_MARKS = rf"[^\s{_LETTERS}\p{{N}}_\"`]"

PIECES = "|".join(
    [
        rf"(?: ?(?:{_WORD}|{_FUNCTION}|{_TYPE}|{_MODE}|{_MARKS}))+ ?",
        r"[\"`]",  # on its own: nobody who writes WHERE knows yet whether the name that follows needs quotes
        r"\p{Lu}?[\p{Ll}\p{Lo}\p{Lt}\p{Lm}\p{M}]+",  # unit, Unit, and scripts without capitals
        r"\p{Lu}+(?!\p{Ll})",  # the URL in URLPath
        r"\p{N}",  # so that numbers are copied digit by digit
        "_",
        r"\n+",  # lines are apart: no token spans two of them
        r"[^\S\n]+",
    ]
)


def pieces() -> PreTokenizer:
    """The splitting for a byte-level BPE tokenizer; nothing of the text is lost or changed."""
    from tokenizers import Regex, pre_tokenizers

    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
