"""What every loader gives, and how a row of any layout becomes an example.

A malformed row is set aside with its reason; a missing database stops the load, because without it nothing about its
questions can be checked (a user's own data: its rows are set aside, too).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.data.decoding import read_list
from pipeline.data.example import Database, Example
from pipeline.data.prompts import THINK_CLOSE, THINK_OPEN
from pipeline.errors import InputError

_LONGEST_NAME = 200  # bytes; file systems take 255 with the extension


class MissingDatabase(InputError):
    """A database is not there. The message is what and where; the remedy depends on who asked."""


@dataclass(frozen=True)
class Rejected:
    """A row that is not an example: where it stood, what it held, why it was set aside."""

    source: str
    row: Any
    reasons: tuple[str, ...]


@dataclass
class Loaded:
    """What a folder held: `train` is empty where it has no training questions.

    `dev` are the questions that the benchmark judges by, of its dev or its test split, whichever was asked for.
    `repaired` counts the pieces of text that were not UTF-8, by file.
    """

    train: list[Example] = field(default_factory=list)
    dev: list[Example] = field(default_factory=list)
    databases: dict[str, Database] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    repaired: Counter[str] = field(default_factory=Counter)

    @property
    def dialects(self) -> dict[str, str]:
        """The SQL dialect of each database."""
        return {db_id: database.dialect for db_id, database in self.databases.items()}


@dataclass(frozen=True)
class Keys:
    """What a layout calls the parts of a row; `question` and `db_id` have the same name everywhere."""

    sql: str = "query"
    evidence: str = "evidence"
    difficulty: str = "difficulty"
    reasoning: str = "reasoning"


def numbered_rows(loaded: Loaded, root: Path, name: str) -> Iterator[tuple[str, Any]]:
    """Each row of a JSON list, with its source `name#number`; raises InputError where the file is no list."""
    rows, repairs = read_list(root / name)
    if repairs:
        loaded.repaired[name] = repairs
    for number, row in enumerate(rows, start=1):
        yield f"{name}#{number}", row


def examples(rows: Iterable[tuple[str, Any]], keys: Keys, rejected: list[Rejected]) -> Iterator[Example]:
    """The examples among the rows; the other rows are appended to `rejected`."""
    for source, row in rows:
        problem = _problem(row, keys)
        if problem:
            rejected.append(Rejected(source, row, (f"malformed: {problem}",)))
        else:
            yield _example(row, keys, source)


def add_databases(loaded: Loaded, root: Path, read: Callable[[str], Database]) -> None:
    """Read each database that an example is asked of, with `read`.

    Raises:
        InputError: a database is missing or unreadable.
    """
    for example in (*loaded.train, *loaded.dev):
        if example.db_id not in loaded.databases:
            try:
                loaded.databases[example.db_id] = read(example.db_id)
            except MissingDatabase as missing:
                raise InputError(
                    f"{missing}, but {root / example.source} asks a question of it; "
                    "add the database or remove the question"
                ) from None


def set_aside_orphans(loaded: Loaded, read: Callable[[str], Database]) -> None:
    """As `add_databases`, but examples of missing databases are set aside."""
    missing: dict[str, str] = {}
    for split in (loaded.train, loaded.dev):
        for example in split:
            if example.db_id in loaded.databases or example.db_id in missing:
                continue
            try:
                loaded.databases[example.db_id] = read(example.db_id)
            except MissingDatabase as error:
                missing[example.db_id] = str(error)
        for example in split:
            if example.db_id in missing:
                reason = f"unknown database {example.db_id!r}: {missing[example.db_id]}"
                loaded.rejected.append(Rejected(example.source, example.to_json(), (reason,)))
        split[:] = [example for example in split if example.db_id not in missing]


def check_split(benchmark: str, split: str, known: tuple[str, ...]) -> None:
    """Raises InputError for a split that the benchmark does not have."""
    if split not in known:
        raise InputError(f"{benchmark} has no split {split!r}: choose {' or '.join(known)}")


def check_folder(root: Path, layout: str) -> None:
    """Raises InputError where `root` is no folder; `layout` says what it should hold."""
    if not root.is_dir():
        raise InputError(f"data folder {root} does not exist; give a folder {layout}")


def first_file(candidates: Iterable[Path]) -> Path:
    """The first of the places that holds the database; raises MissingDatabase, naming the first place, if none does."""
    places = list(candidates)
    for path in places:
        if path.is_file():
            return path
    raise MissingDatabase(f"{places[0]}: this database is missing")


def _problem(row: Any, keys: Keys) -> str | None:
    """Why `row` is no example, or None."""
    if not isinstance(row, dict):
        return f"a row must be an object, this is {type(row).__name__}"
    for key in ("db_id", "question"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            return f"{key!r} must be a non-empty text"
    golds = row.get(keys.sql)
    listed = golds if isinstance(golds, list) and golds else [golds]
    if not all(isinstance(sql, str) and _bare(sql) for sql in listed):
        return f"{keys.sql!r} must be a non-empty text" + (" or a list of them" if isinstance(golds, list) else "")
    if not _is_plain_name(row["db_id"]):
        return f"db_id {row['db_id']!r} is not a plain name"
    optional = (keys.reasoning, keys.evidence, keys.difficulty)
    for key in optional:
        if not isinstance(row.get(key, ""), str | None):
            return f"{key!r} must be a text"
    if any(tag in (row.get(keys.reasoning) or "") for tag in (THINK_OPEN, THINK_CLOSE)):
        return f"{keys.reasoning!r} must not hold {THINK_OPEN} or {THINK_CLOSE}, which are put around it"
    if not _can_be_written(row["db_id"], row["question"], *listed, *(row.get(key) or "" for key in optional)):
        return "a text holds half a character (an unpaired \\u surrogate)"
    return None


def _example(row: dict[str, Any], keys: Keys, source: str) -> Example:
    golds = row[keys.sql] if isinstance(row[keys.sql], list) else [row[keys.sql]]
    reasoning = (row.get(keys.reasoning) or "").strip() or None
    return Example(
        db_id=row["db_id"],
        question=row["question"].strip(),
        gold_sql=tuple(dict.fromkeys(map(_bare, golds))),
        evidence=(row.get(keys.evidence) or "").strip(),
        difficulty=(row.get(keys.difficulty) or "").strip(),
        source=source,
        reasoning=reasoning,
        reasoning_source="given" if reasoning else "",
    )


def _bare(sql: str) -> str:
    return sql.strip().rstrip(";").strip()


def _is_plain_name(db_id: str) -> bool:
    """True if it can be one step of a path and nothing else."""
    is_one_step = Path(db_id).name == db_id and db_id != ".." and "\0" not in db_id
    return is_one_step and len(db_id.encode("utf-8", "surrogatepass")) <= _LONGEST_NAME


def _can_be_written(*texts: str) -> bool:
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True
