"""Is a thought fit to be remembered as an example of good reasoning?

FINER-SQL's gate (arXiv 2605.03465; methods 2) asks for 30 to 2,000 words, two names of the schema and a variety of
bigrams, which a list of names and keywords, or the shuffled words of a good thought, passes with full marks. This one
also asks whether the text is English prose: words that only hold sentences together, each where it can stand.

It counts; it understands nothing. A well-formed but false thought passes, prose in another language or in lower case
throughout does not, and shuffled words pass now and then.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import pairwise

from sqlglot import exp

from pipeline.data.example import Database
from pipeline.sql.parsing import parse

MIN_WORDS, MAX_WORDS = 30, 2000
_MIN_NAMES = 2
_MIN_BIGRAM_VARIETY = 0.6

# Chosen on the thoughts derived from Spider's training queries: of those of 30 words and more 97 in 100 pass, and 3 to
# 4 in 100 of the same with their words shuffled. Of 446 paragraphs about software, by as many hands, 91 in 100 pass.
_MIN_GLUE = 0.1  # share of words
_MIN_DIFFERENT_GLUE = 4  # words; fewer in a text of less than 32
_MIN_ORDINARY = 0.1  # share of words that are neither grammar nor SQL nor names: what is done, and to what
_LONGEST_WITHOUT_GLUE = 25  # words: a list of columns may be long
_MOST_OF_ONE_WORD = 0.2
_LONGEST_SENTENCES = 60  # words, on average
_MOST_NAMES = 0.55  # names of the schema and keywords of SQL, share of words
_MOST_MISPLACED = 0.08  # share of the words that cannot stand before just any word
_MOST_BAD_STARTS = 0.34  # share of sentences
_MOST_REPEATED = 0.25  # share of words, in sentences that repeat another but for one word


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ARTICLES = _words("a an the its their our every")
_PREPOSITIONS = _words("of from for with by into in at to than between among per as")
_CONJUNCTIONS = _words("and or but because")
_FINITE = _words("is are was were has had does did can could will would shall should must may might")
_AUXILIARIES = _FINITE | _words("be have do need needs")
_PRONOUNS = _words("i we you it they he she them us")
_RELATIVES = _words("which whose whether if so")
_OTHER_GLUE = _words(
    "this that these those there here who what when where how then first next finally now also only just not no any "
    "some all each both more most less least other same such one two want wants use using means let let's since after "
    "before until either too very out on up while"
)
_SQL_WORDS = _words(
    "select from where group by order having limit join left inner outer on as and or not in is null like between "
    "exists union all distinct case when then else end count sum avg min max asc desc with intersect except offset "
    "cast over partition"
)
_GRAMMAR = _ARTICLES | _PREPOSITIONS | _CONJUNCTIONS | _AUXILIARIES | _PRONOUNS | _RELATIVES | _OTHER_GLUE
_GLUE = _GRAMMAR - _SQL_WORDS  # what holds sentences together and no query
_KEYWORDS = _SQL_WORDS - _GRAMMAR

# What never follows a word in English, beside the end of a sentence, a comma and a closing parenthesis.
_NEVER_BEHIND = {
    **dict.fromkeys(_ARTICLES, _ARTICLES | _PREPOSITIONS | _CONJUNCTIONS | _FINITE | _PRONOUNS | _RELATIVES),
    **dict.fromkeys(_PREPOSITIONS, _FINITE | _CONJUNCTIONS),
    **dict.fromkeys(_CONJUNCTIONS, _CONJUNCTIONS - {"because"} | {"than"}),
    **dict.fromkeys(_AUXILIARIES, frozenset({"of", "than", "is", "are"})),
    **dict.fromkeys(_RELATIVES, _CONJUNCTIONS | {"of", "than"}),
}
_NEVER_BEFORE_OF = (_PREPOSITIONS | _CONJUNCTIONS | _AUXILIARIES) - {"as", "because"}
_STOPS = ".!?;:"

# A quoted text counts as one word. A line break ends a sentence, too.
_TOKEN = re.compile(
    r"""(?<!\w)'[^'\n]{0,80}'(?!\w)|(?<!\w)"[^"\n]{0,80}"(?!\w)|`[^`\n]*`|[^\W\d][\w'’]*(?:\.[^\W\d]\w*)*|\d[\d.,]*"""
    r"""|[.!?;:]+(?=\s|\Z)|\n|[,()=<>*+/-]"""
)
_NO_LETTERS = re.compile(r"[\W_]+")
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)


def refusal(
    thought: str, sql: str, database: Database, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> str | None:
    """Why the thought that led to the verified query `sql` is not to be remembered, in one word or two; None if it is.

    It must mention two of the tables and columns that the query uses (one, where the query uses no more), as they are
    written in the schema or with blanks for underscores.
    """
    if not min_words <= len(thought.split()) <= max_words:
        return "length"
    try:
        thought.encode()
    except UnicodeEncodeError:
        return "half a character"
    names = schema_names(database)
    used = _used_names(sql, database.dialect, names) or names
    spoken = _spoken(thought)
    if sum(_spoken(name) in spoken for name in used) < min(_MIN_NAMES, len(used)):
        return "names"
    return stuffing(thought, names)


def stuffing(thought: str, names: Collection[str]) -> str | None:
    """What betrays that a thought, however short, is not prose; None if nothing does.

    `names` are those of the schema, in lower case. Blocks of code are left out; what is left must be prose.
    """
    tokens = _TOKEN.findall(_CODE.sub("\n", thought))
    words = [token.lower() for token in tokens if _is_word(token)]
    if not words:
        return "no words"
    counts = Counter(words)
    glue = [word for word in words if word in _GLUE]
    if len(glue) < _MIN_GLUE * len(words) or len(set(glue)) < min(_MIN_DIFFERENT_GLUE, len(words) // 8):
        return "no sentences"
    if _longest_without_glue(words) > _LONGEST_WITHOUT_GLUE:
        return "long list"
    stops = sum(token == "\n" or token[0] in _STOPS for token in tokens)
    if len(words) > _LONGEST_SENTENCES * max(stops, 0.5):
        return "no sentences"
    content = [word for word in words if word not in _GRAMMAR]
    technical = sum(word in _KEYWORDS or _is_name(word, names) for word in content)
    if technical > _MOST_NAMES * len(words) or len(content) - technical < _MIN_ORDINARY * len(words):
        return "names and keywords"
    if max(counts.values()) > max(2, _MOST_OF_ONE_WORD * len(words)):
        return "one word"
    if len(set(pairwise(words))) < _MIN_BIGRAM_VARIETY * (len(words) - 1):
        return "variety"
    if sum(map(len, _repeats(tokens))) > _MOST_REPEATED * len(words):
        return "repeated sentences"
    if _is_disordered(tokens, names):
        return "word order"
    return None


def schema_names(database: Database) -> frozenset[str]:
    """The names of all tables and columns, in lower case."""
    tables = database.schema.tables
    return frozenset(name.lower() for table, columns in tables.items() for name in (table, *(c.name for c in columns)))


def _used_names(sql: str, dialect: str, names: frozenset[str]) -> frozenset[str]:
    """The names of the schema that the query uses; none where it does not parse."""
    tree = parse(sql, dialect)
    return names & {node.name.lower() for node in tree.find_all(exp.Table, exp.Column)} if tree else frozenset()


def _spoken(text: str) -> str:
    """Words alone, with one blank around each: `Order_Items.price` is " order items price "."""
    return f" {' '.join(_NO_LETTERS.split(text.lower()))} ".replace("  ", " ")


def _is_word(token: str) -> bool:
    return token[0].isalnum() or token[0] in "_'\"`"


def _is_name(word: str, names: Collection[str]) -> bool:
    return any(part in names for part in word.strip("`\"'").split("."))


def _longest_without_glue(words: list[str]) -> int:
    places = [-1, *(place for place, word in enumerate(words) if word in _GLUE), len(words)]
    return max(after - before - 1 for before, after in pairwise(places))


def _repeats(tokens: list[str]) -> Iterator[list[str]]:
    """The sentences, of five words and more, that are an earlier one with at most one word changed."""
    seen: set[tuple[object, ...]] = set()
    for sentence in _sentences(tokens):
        if len(sentence) >= 5:
            start = sentence[:40]  # bounds the time for endless ones
            holed = {(i, *start[:i], *start[i + 1 :]) for i in range(len(start))}
            if not seen.isdisjoint(holed):
                yield sentence
            seen |= holed


def _sentences(tokens: list[str]) -> Iterator[list[str]]:
    sentence: list[str] = []
    for token in [*tokens, "\n"]:
        if token == "\n" or token[0] in _STOPS:
            yield sentence
            sentence = []
        elif _is_word(token):
            sentence.append(token.lower())


def _is_disordered(tokens: list[str], names: Collection[str]) -> bool:
    """True if too many words stand where English never has them: the mark of words shuffled or sorted."""
    tested = misplaced = starts = bad_starts = 0
    for token, following in pairwise([*tokens, "\n"]):
        # A capital A within a sentence is a name.
        word, behind = token.lower() if token != "A" else token, following.lower()
        if word in _NEVER_BEHIND:
            tested += 1
            misplaced += following[0] in ".!?;,)" or behind in _NEVER_BEHIND[word]
        elif token[0] in ".!?" and following != "\n":
            starts += 1
            bad_starts += following[0].islower() and not _is_name(behind, names)
        if behind == "than":
            tested += 1
            misplaced += not (word.endswith("er") or word in ("more", "less"))
        elif behind == "of" and word in _NEVER_BEFORE_OF:
            tested += 1
            misplaced += 1
    return misplaced > _MOST_MISPLACED * tested or bad_starts > _MOST_BAD_STARTS * starts
