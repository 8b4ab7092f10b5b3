"""What the tokenizer splits text into: content words alone, whatever stands beside them; everything else is glue."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.training.splitting import pieces


def split(text: str) -> list[str]:
    """Pieces as text; pieces() gives bytes as letters, of which the space is "Ġ" and the line break "Ċ"."""
    return [text[start:end] for _, (start, end) in pieces().pre_tokenize_str(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("List the unit prices of orders.", "List the |unit| |prices| of |orders|."),
        ("SELECT unit_price FROM t", "SELECT |unit|_|price| FROM |t"),
        ("WHERE UnitPrice > 25 AND b = 'New York'", "WHERE |Unit|Price| > |2|5| AND |b| = '|New| |York|'"),
        ("URLPath HTMLParser2", "URL|Path| |HTML|Parser|2"),
        ("t(date_of_birth date, key text key)", "t|(|date|_|of|_|birth| |date|, |key| text key)"),
        ("a.b, COUNT(*) FROM x", "a|.|b|, COUNT(*) FROM |x"),
        ("state = 'IN' OR state = 'OR'", "state| = '|IN|' OR |state| = '|OR|'"),
        ('SELECT "Unit Price" FROM `t` WHERE', 'SELECT |"|Unit| |Price|"| FROM |`|t|`| WHERE'),
        ('"a" text, "b" int key', '"|a|"| text, |"|b|"| |int| |key'),
        ("oftheofs", "oftheofs"),
        ("one is\n\nis one", "one is|\n\n|is one"),
        ("What is it? /no_think", "What is it? /no_think"),
        ("naïve 客户's größe", "naïve| |客户|'|s| |größe"),
    ],
)
def test_pieces(text: str, expected: str) -> None:
    assert split(text) == expected.split("|")


WORDS = st.from_regex(r"[A-Z]?[a-z]{2,8}", fullmatch=True).map(lambda word: f"{word}zq")  # no function word ends so


@given(WORDS, st.sampled_from([" ", "_", " of ", ", ", ".", " = '", "', '", "\n", "(", "/", "-", "7"]), WORDS)
def test_a_word_is_a_piece_whatever_stands_beside_it(before: str, between: str, word: str) -> None:
    assert split(f"{before}{between}{word}")[-1] == word
    assert split(f"{before}{between}{word}")[0] == before
    assert word in split(f"the {word} of {before}{between}")


@given(st.text(alphabet=st.sampled_from("aB z_'\"\n\t.,;1é客́🙂THEof <>/")))
def test_nothing_is_lost_and_lines_are_apart(text: str) -> None:
    found = split(text)
    assert "".join(found) == text
    assert all(re.fullmatch(r"\n+|[^\n]*", piece) for piece in found)
