"""Text and JSON lists out of files that others wrote: UTF-8 as a rule, with stray bytes that must stop nothing.

A byte that is not UTF-8 is read as Windows-1252, which such bytes nearly always are, and counted; the five bytes that
mean nothing there become U+FFFD. A byte order mark, also that of UTF-16, is understood. Not covered: whole files in
other encodings, whose letters come out wrong.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import InputError

_CHUNK_BYTES = 2**20
_LARGEST_ELEMENT = 64 * 2**20  # characters; more than that is a quote or a bracket that was never closed
_LONGEST_TOKEN = 64  # a cut number, word or escape is an error so near to the end of what has been read

_STRAY = re.compile("[\udc80-\udcff]+")
_SPACE = re.compile(r"[ \t\n\r]*")


def decode(data: bytes) -> tuple[str, int]:
    """The text without its byte order mark, and how many pieces of it were not UTF-8."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace"), 0
    return _repaired(data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape"))


def read_text(path: Path) -> tuple[str, int]:
    """`decode` of a file; raises InputError where it cannot be read."""
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise _unreadable(path, error) from None


def read_list(path: Path) -> tuple[list[Any], int]:
    """A file that holds one JSON list, and how many pieces of it were not UTF-8; raises InputError for any other."""
    text, repairs = read_text(path)
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise InputError(f"{path}: not JSON ({error.msg} at {where}); mend the file or export it again") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, a thousand brackets
        raise InputError(f"{path}: not usable as JSON ({error}); mend the file or export it again") from None
    if not isinstance(content, list):
        raise InputError(f"{path}: must hold a JSON list of rows, not {type(content).__name__}")
    return content, repairs


def stream_list(path: Path, on_repairs: Callable[[int], None], chunk_bytes: int = _CHUNK_BYTES) -> Iterator[Any]:
    """The elements of a file that holds one JSON list, one after the other, for files larger than memory.

    Holds one element and a chunk. `on_repairs` is told how many more pieces were not UTF-8.

    Raises:
        InputError: the file cannot be read or is not a JSON list; elements before the fault have been yielded.
    """
    source = _Source(path, on_repairs, chunk_bytes)
    if source.next_character() != "[":
        raise InputError(f"{path}: must hold a JSON list of rows")
    source.skip(1)
    if source.next_character() == "]":
        return
    number = 0
    while True:
        number += 1
        yield source.element(number)
        closing = source.next_character()
        source.skip(1)
        if closing == "]":
            return
        if closing != ",":
            raise source.fault(f"expecting ',' or ']' after element {number}")


class _Source:
    """The part of a file that has been read and not yet used."""

    def __init__(self, path: Path, on_repairs: Callable[[int], None], chunk_bytes: int) -> None:
        self._path = path
        self._on_repairs = on_repairs
        self._chunks = self._read(chunk_bytes)
        self._text = ""
        self._at = 0
        self._line = 1
        self._whole = False  # the end of the file has been read

    def next_character(self) -> str:
        """The next one that is not white space, without using it; raises InputError at the end of the file."""
        while True:
            self._at = self._end_of_space(self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise self.fault("the list is not closed")

    def skip(self, characters: int) -> None:
        self._at += characters

    def element(self, number: int) -> Any:
        decoder = json.JSONDecoder()
        self.next_character()
        while True:
            problem = "it does not end"
            try:
                value, end = decoder.raw_decode(self._text, self._at)
                # A number may go on in the next chunk ("1" of "1.5"): only what follows shows that it is whole.
                behind = self._end_of_space(end)
                if self._text[behind : behind + 1] in (",", "]") or self._whole or self._is_far(behind):
                    self._at = end
                    return value
            except json.JSONDecodeError as error:
                problem = error.msg
                if self._is_far(error.pos) and not problem.startswith("Unterminated string"):
                    raise self.fault(f"{problem} in element {number}") from None
            except (ValueError, RecursionError) as error:
                raise self.fault(f"{error} in element {number}") from None
            # As much again as there is: an element of many chunks is not decoded once for each of them.
            wanted = 2 * (len(self._text) - self._at)
            if wanted > _LARGEST_ELEMENT or not self._more():
                raise self.fault(f"{problem} in element {number}")
            while len(self._text) - self._at < wanted and self._more():
                pass

    def fault(self, problem: str) -> InputError:
        line = self._line + self._text.count("\n", 0, self._at)
        return InputError(f"{self._path}: not JSON ({problem}, line {line}); mend the file or export it again")

    def _end_of_space(self, start: int) -> int:
        match = _SPACE.match(self._text, start)
        return match.end() if match else start

    def _is_far(self, position: int) -> bool:
        """True if what stands at `position` cannot be due to the end of the chunk."""
        return position < len(self._text.rstrip()) - _LONGEST_TOKEN

    def _more(self) -> bool:
        """Read another chunk and forget what has been used; False at the end of the file."""
        chunk = next(self._chunks, None)
        if chunk is None:
            self._whole = True
            return False
        self._line += self._text.count("\n", 0, self._at)
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return True

    def _read(self, chunk_bytes: int) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        try:
            with self._path.open("rb") as file:
                while data := file.read(chunk_bytes):
                    yield self._repaired(decoder.decode(data))
                yield self._repaired(decoder.decode(b"", final=True))
        except OSError as error:
            raise _unreadable(self._path, error) from None

    def _repaired(self, text: str) -> str:
        text, repairs = _repaired(text)
        if repairs:
            self._on_repairs(repairs)
        return text


def _repaired(text: str) -> tuple[str, int]:
    return _STRAY.subn(lambda m: m[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace"), text)


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be read ({error.strerror or error})")
