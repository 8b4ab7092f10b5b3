"""Text of any bytes, and JSON lists that are read whole or element by element."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.decoding import decode, read_list, stream_list
from pipeline.errors import InputError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("data", "text", "repairs"),
    [
        ("größe ’ 😀".encode(), "größe ’ 😀", 0),
        (b"\xef\xbb\xbfa", "a", 0),
        ("café".encode("utf-16"), "café", 0),
        (b"it\x92s caf\xe9, caf\xc3\xa9", "it’s café, café", 2),  # one file, two encodings
        (b"a\x81b", "a�b", 1),  # means nothing in Windows-1252
        ("a � b".encode(), "a � b", 0),
        (b"\xe2\x80", "â€", 1),  # cut in the middle of a character
        (b"", "", 0),
    ],
)
def test_decode(data: bytes, text: str, repairs: int) -> None:
    assert decode(data) == (text, repairs)


@given(st.binary())
def test_any_bytes_can_be_decoded_and_written_again(data: bytes) -> None:
    decode(data)[0].encode()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("json") / "data.json"


def streamed(path: Path, chunk_bytes: int) -> tuple[list[Any], int]:
    repairs: list[int] = []
    return list(stream_list(path, repairs.append, chunk_bytes)), sum(repairs)


@given(st.lists(JSON, max_size=5), st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_a_stream_yields_what_reading_the_whole_file_does(
    file: Path, rows: list[Any], chunk_bytes: int, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(rows, indent=indent, ensure_ascii=ascii_only)
    file.write_bytes(b" \n" * (indent or 0) + text.encode("utf-8", "surrogatepass") + b"\n" * (indent or 0))
    whole, repairs = read_list(file)
    found, found_repairs = streamed(file, chunk_bytes)
    assert repr(found) == repr(whole)  # -0.0 is not 0.0
    assert bool(found_repairs) == bool(repairs)


def test_a_stream_repairs_and_counts_stray_bytes(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbf["it\x92s", "\xc3\xa9", "caf\xe9"]')
    assert read_list(file) == (["it’s", "é", "café"], 2)
    for chunk_bytes in range(1, 12):
        assert streamed(file, chunk_bytes) == (["it’s", "é", "café"], 2)


@pytest.mark.parametrize(
    ("content", "good", "reason"),
    [
        ('{"a": 1}', 0, "must hold a JSON list"),
        ("", 0, "the list is not closed"),
        ("[1, 2", 2, "the list is not closed, line 1"),
        ('[\n{"a": 1},\n{"a" 1}]', 1, "Expecting ':' delimiter in element 2, line 3"),
        ('[{"a": 1}\n{"a": 2}]', 1, "expecting ',' or ']' after element 1, line 2"),
        ('[1, "open', 1, "Unterminated string starting at in element 2"),
        ("[1,]", 1, "Expecting value in element 2"),
        ("[" * 100_000, 0, "maximum recursion depth exceeded"),
    ],
)
@pytest.mark.parametrize("chunk_bytes", [1, 5, 2**20])
def test_a_fault_in_a_stream_stops_after_the_good_elements(
    file: Path, content: str, good: int, reason: str, chunk_bytes: int
) -> None:
    file.write_text(content)
    elements = stream_list(file, lambda _: None, max(chunk_bytes, len(content) // 100))
    found: list[Any] = []
    with pytest.raises(InputError) as caught:
        found.extend(elements)
    assert len(found) == good
    assert str(caught.value).startswith(str(file))
    assert reason in str(caught.value)


def test_a_stream_holds_no_more_than_it_needs(file: Path) -> None:
    """An open quote must not draw the rest of a large file into memory, and finding a fault must not take long."""
    import tracemalloc

    row = json.dumps({"question": "x" * 500})
    with file.open("w") as target:
        target.write("[" + ",\n".join([row] * 40_000))  # 20 MB
        target.write(',\n{"question" "x"},\n' + ",\n".join([row] * 1_000) + "]")
    elements = stream_list(file, lambda _: None)
    tracemalloc.start()
    count = sum(1 for _ in islice(elements, 40_000))
    with pytest.raises(InputError, match="element 40001, line 40001"):
        next(elements)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40_000
    assert peak < 12 * 2**20


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for read in (read_list, lambda path: list(stream_list(path, lambda _: None))):
        with pytest.raises(InputError, match=r"gone\.json: cannot be read \(No such file"):
            read(tmp_path / "gone.json")
