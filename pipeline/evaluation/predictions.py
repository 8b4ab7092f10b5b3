"""Predictions of any system, as files: JSON lines, Spider's one query a line, BIRD's JSON with its separator.

A row names its gold query itself (`gold`), or the question (`index`, counted from 0 in the benchmark's file, or BIRD's
`question_id`). Every row is checked before the first is scored: a malformed one is wrong input, not a wrong answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.data.decoding import read_list, read_text
from pipeline.data.example import Example
from pipeline.data.loading import Loaded
from pipeline.errors import InputError

BIRD_SEPARATOR = "\t----- bird -----\t"


@dataclass(frozen=True)
class Prediction:
    """One prediction; any of `golds` may be met. `sql` is "" where the system gave none."""

    line: int
    db_id: str
    golds: tuple[str, ...]
    sql: str


class Questions:
    """The questions of a benchmark in `root`, read when the first row refers to one."""

    def __init__(self, root: Path, load: Callable[[], Loaded]) -> None:
        self._root, self._load = root, load

    @cached_property
    def _found(self) -> dict[tuple[Any, ...], Example]:
        """By the place in the file, where there are several files only with the database; and by BIRD's number."""
        found: dict[tuple[Any, ...], Example] = {}
        rows: dict[str, list[Any]] = {}
        examples = self._load().dev
        files = {example.source.rpartition("#")[0] for example in examples}
        for example in examples:
            name, _, number = example.source.rpartition("#")
            place = int(number) - 1
            found["index", example.db_id, place] = example
            if len(files) == 1:
                found["index", None, place] = example
            if name.endswith(".json"):
                rows.setdefault(name, read_list(self._root / name)[0])
                found["question_id", rows[name][place].get("question_id")] = example
        return found

    def of(self, row: dict[str, Any]) -> Example:
        """The question that a row names by `index` (from 0) or `question_id`; KeyError if there is none."""
        if "question_id" in row and "index" not in row:
            return self._found["question_id", row["question_id"]]
        for db_id in (row.get("db_id"), None):
            if (key := ("index", db_id, row.get("index"))) in self._found:
                return self._found[key]
        raise KeyError


def read_predictions(path: Path, questions: Questions) -> list[Prediction]:
    """All predictions of a file, in its order.

    Raises:
        InputError: the file is missing, or a row is malformed or refers to a question that is not there.
    """
    text, _ = read_text(path)
    if not text.lstrip().startswith("{"):
        rows = [{"pred": line.partition("\t")[0], "index": n} for n, line in enumerate(text.splitlines())]
    else:
        rows = _bird_rows(text) or _json_lines(path, text)
    return [_prediction(f"{path}#{line}", line, row, questions) for line, row in enumerate(rows, start=1)]


def _bird_rows(text: str) -> list[dict[str, Any]] | None:
    """BIRD's one JSON object, question number -> "SQL<separator>db_id"; None for any other form."""
    try:
        found = json.loads(text)
    except ValueError:
        return None  # JSON lines
    if not all(number.isdecimal() and isinstance(value, str) for number, value in found.items()):
        return None  # one JSON line
    rows = []
    for number, value in found.items():
        sql, _, db_id = value.partition(BIRD_SEPARATOR)
        rows.append({"index": int(number), "pred": sql, "db_id": db_id})
    return rows


def _json_lines(path: Path, text: str) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}#{number}: not a JSON object ({error}); mend or remove the line") from None
        if not isinstance(row, dict):
            raise InputError(f"{path}#{number}: not a JSON object; write one with db_id, gold or index, and pred")
        rows.append(row)
    return rows


def _prediction(where: str, line: int, row: dict[str, Any], questions: Questions) -> Prediction:
    if not isinstance(row.get("pred", 0), str | None):
        raise InputError(f"{where}: 'pred' must be there and be a text, the predicted SQL")
    gold, db_id = row.get("gold"), row.get("db_id")
    golds = tuple(gold) if isinstance(gold, list) else () if gold is None else (gold,)
    if not all(isinstance(text, str) and text.strip() for text in golds) or gold == []:
        raise InputError(f"{where}: 'gold' must be a non-empty text, or a list of them")
    if not golds or not db_id:
        try:
            question = questions.of(row)
        except (KeyError, TypeError):
            raise InputError(
                f"{where}: it lacks 'gold' or 'db_id', and its 'index' or 'question_id' names no question of the data"
            ) from None
        if db_id and db_id != question.db_id:
            raise InputError(f"{where}: db_id {db_id!r}, but the question that it names is of {question.db_id!r}")
        golds, db_id = golds or question.gold_sql, question.db_id
    if not isinstance(db_id, str):
        raise InputError(f"{where}: 'db_id' must be a text")
    return Prediction(line, db_id, golds, (row["pred"] or "").strip())
