"""The memory of verified thoughts: bounded, balanced, without near-duplicates, and asked for what a thought is like.

Not covered: whether a thought is fit to be remembered (see pipeline.rewards.thought_gate).
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InfrastructureError, InputError
from pipeline.rewards.embedding import Embedder, Vectors

NEAR_DUPLICATE = 0.9  # cosine
_TEXTS = ("db_id", "question_type", "text")
_EMBEDDER = b"querysmith.embedder"  # in the file's metadata: whose vectors these are
_REMEDY = "; take the file of another checkpoint, or start with an empty memory"

_Places = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True, order=True)
class Thought:
    """A thought behind a query; `question_type` is that of pipeline.sql.question_type."""

    db_id: str
    question_type: str
    text: str


class Thoughts:
    """At most `size` thoughts with their vectors, in the order in which they were added.

    All answers depend on the set of thoughts that is given, never on its order.
    """

    def __init__(self, embedder: Embedder, size: int) -> None:
        self._embedder, self._size = embedder, size
        self._rows: list[Thought] = []
        self._vectors = embedder.embed([])

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> tuple[Thought, ...]:
        return tuple(self._rows)

    def add(self, thoughts: Iterable[Thought]) -> int:
        """Add those that are not nearly (cosine 0.9, methods 2) one that is there; the number added.

        Where there is no room left, the oldest of the database and question type with the most thoughts goes.
        """
        new = sorted(set(thoughts), key=_digest)  # an order that favours no database
        vectors = self._embedder.embed([thought.text for thought in new])
        nearest = (vectors @ self._vectors.T).max(axis=1, initial=-1.0)
        among = vectors @ vectors.T
        kept: list[int] = []
        for i in range(len(new)):
            if max(nearest[i], among[i, kept].max(initial=-1.0)) < NEAR_DUPLICATE:
                kept.append(i)
        self._rows += [new[i] for i in kept]
        self._vectors = np.concatenate([self._vectors, vectors[kept]])
        self._evict()
        return len(kept)

    def nearest(self, thoughts: Sequence[Thought], n: int) -> list[float]:
        """The mean cosine to the `n` nearest thoughts behind the same type of question on other databases, in [0, 1].

        The mean of fewer where there are fewer, and 0 where there are none. OURS, in place of FINER's centroid.
        """

        def score(_: Vectors, cosines: Vectors, pool: _Places) -> float:
            most = min(n, len(pool))
            return -float(np.partition(-cosines[pool], most - 1)[:most].mean())

        return self._scores(thoughts, score, same_type=True)

    def centroid(self, thoughts: Sequence[Thought], n: int = 20) -> list[float]:
        """The cosine to the centroid of the `n` nearest thoughts on other databases, in [0, 1]; 0 where there are none.

        FINER-SQL (arXiv 2605.03465; methods 2). It is the mean cosine to these, divided by the length of their
        mean: the less they have in common, the more a thought gets for the same likeness to each.
        """

        def score(vector: Vectors, cosines: Vectors, pool: _Places) -> float:
            most = min(n, len(pool))
            top = pool[np.argpartition(-cosines[pool], most - 1)[:most]]
            centre = self._vectors[top].mean(axis=0)
            length = float(np.linalg.norm(centre))
            return float(vector @ centre) / length if length else 0.0

        return self._scores(thoughts, score, same_type=False)

    def save(self, path: Path) -> None:
        """Write all thoughts to a Parquet file, its folder included, whole or not at all.

        Raises:
            InfrastructureError: it cannot be written.
        """
        columns = {name: pa.array([getattr(row, name) for row in self._rows], pa.string()) for name in _TEXTS}
        columns["vector"] = pa.FixedSizeListArray.from_arrays(self._vectors.ravel(), self._vectors.shape[1])
        table = pa.table(columns, metadata={_EMBEDDER: self._embedder.name})
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, temporary, compression="zstd")
            temporary.replace(path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise InfrastructureError(f"{path}: the memory of thoughts cannot be written ({error})") from error

    def load(self, path: Path) -> None:
        """Hold the thoughts of a file, and no others; those of another embedder get vectors of this one.

        Raises:
            InputError: there is no such file, or it is not a memory of thoughts.
        """
        table = _read(path)
        rows = [Thought(**row) for row in table.select(_TEXTS).to_pylist()]
        if (table.schema.metadata or {}).get(_EMBEDDER) == self._embedder.name.encode():
            numbers = table["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
            shape = (len(rows), self._vectors.shape[1])
            if numbers.size != shape[0] * shape[1] or not np.isfinite(numbers).all():
                raise InputError(f"{path}: not a memory of thoughts, its vectors are not its embedder's{_REMEDY}")
            vectors = numbers.reshape(shape)
        else:
            vectors = self._embedder.embed([row.text for row in rows])
        self._rows, self._vectors = rows, vectors
        self._evict()

    def _scores(
        self, thoughts: Sequence[Thought], score: Callable[[Vectors, Vectors, _Places], float], same_type: bool
    ) -> list[float]:
        # Sorted, as the last bits of a product of matrices depend on where a row stands.
        distinct = sorted(set(thoughts))
        vectors = self._embedder.embed([thought.text for thought in distinct])
        cosines = vectors @ self._vectors.T
        databases = np.array([row.db_id for row in self._rows], dtype=object)
        types = np.array([row.question_type for row in self._rows], dtype=object)
        pools: dict[tuple[str, str], _Places] = {}
        scores: dict[Thought, float] = {}
        for thought, vector, row in zip(distinct, vectors, cosines, strict=True):
            cell = (thought.db_id, thought.question_type if same_type else "")
            if cell not in pools:
                fits = databases != thought.db_id
                pools[cell] = np.flatnonzero(fits & (types == thought.question_type) if same_type else fits)
            pool = pools[cell]
            scores[thought] = round(min(max(score(vector, row, pool), 0.0), 1.0), 6) if len(pool) else 0.0
        return [scores[thought] for thought in thoughts]

    def _evict(self) -> None:
        cells: dict[tuple[str, str], deque[int]] = defaultdict(deque)
        for place, row in enumerate(self._rows):
            cells[row.db_id, row.question_type].append(place)
        gone: set[int] = set()
        while len(self._rows) - len(gone) > self._size:
            largest = max(cells.values(), key=lambda places: (len(places), -places[0] if places else 0))
            gone.add(largest.popleft())
        if gone:
            stay = [place for place in range(len(self._rows)) if place not in gone]
            self._rows, self._vectors = [self._rows[place] for place in stay], self._vectors[stay]


def _read(path: Path) -> pa.Table:
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; it should be a memory of thoughts{_REMEDY}") from None
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{path}: not a readable Parquet file ({error}){_REMEDY}") from None
    for name in (*_TEXTS, "vector"):
        if table.column_names.count(name) != 1 or table[name].null_count:
            raise InputError(f"{path}: not a memory of thoughts, it has no column {name!r} without gaps{_REMEDY}")
        kind = table.schema.field(name).type
        is_vector = pa.types.is_fixed_size_list(kind) and kind.value_type == pa.float32()
        if not (is_vector if name == "vector" else kind == pa.string()):
            raise InputError(f"{path}: not a memory of thoughts, its column {name!r} is {kind}{_REMEDY}")
    return table


def _digest(thought: Thought) -> bytes:
    return hashlib.blake2b(repr(thought).encode()).digest()
