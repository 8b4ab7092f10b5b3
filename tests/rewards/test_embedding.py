"""Embedders: rows of length 1, the same whatever the batch; models only from a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.rewards.embedding import Embedder, HashedNgrams, SentenceModel, build_embedder

TEXTS = [
    "Join the customers with their orders.",
    "Count the rows.",
    "",
    "Ü 🦊 \ud800",
    "Join the customers with orders.",
]


def check(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.dtype == np.float32
    assert embedder.embed([]).shape == (0, vectors.shape[1])
    assert np.linalg.norm(vectors, axis=1)[[0, 1, 4]] == pytest.approx(1, abs=1e-5)
    assert (embedder.embed(TEXTS[::-1])[::-1] == vectors).all()
    assert (embedder.embed([TEXTS[1]] * 2)[0] == embedder.embed([TEXTS[1]] * 2)[1]).all()
    assert vectors[0] @ vectors[4] > vectors[0] @ vectors[1]


@given(st.lists(st.text()))
def test_hashed_ngrams_have_length_one_or_none(texts: list[str]) -> None:
    vectors = HashedNgrams().embed(texts)
    assert vectors.shape == (len(texts), 1024)
    lengths = np.linalg.norm(vectors, axis=1)
    assert ((np.abs(lengths - 1) < 1e-5) | (lengths == 0)).all()


def test_hashed_ngrams() -> None:
    assert build_embedder("").name == HashedNgrams.name
    check(HashedNgrams())
    one, other = HashedNgrams().embed(["Group the rows by city.", "group THE rows by CITY"])
    assert one @ other > 0.8
    assert HashedNgrams().embed(["the the the"])[0] @ HashedNgrams().embed(["the"])[0] == pytest.approx(1)  # sets


def test_the_vectors_are_those_of_files_written_earlier() -> None:
    """If this fails, give HashedNgrams another name: files of the old one must be embedded again."""
    vector = HashedNgrams().embed(["Join orders."])[0]
    signed = [int(place * np.sign(vector[place])) for place in np.flatnonzero(vector)]
    assert signed == [
        102,
        -172,
        175,
        -190,
        -207,
        230,
        -285,
        381,
        421,
        476,
        556,
        559,
        -620,
        -649,
        -670,
        730,
        -779,
        -806,
        -923,
        955,
    ]


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model with random weights: one layer of 16 dimensions, mean pooling."""
    pytest.importorskip("sentence_transformers")
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    root = tmp_path_factory.mktemp("embedder")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz."]
    vocabulary += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    (root / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(str(root / "vocab.txt")).save_pretrained(root / "bert")
    torch.manual_seed(1)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(vocabulary), **sizes)).save_pretrained(root / "bert")
    layers = Transformer(str(root / "bert"))
    SentenceTransformer(modules=[layers, Pooling(16)], device="cpu").save(str(root / "model"))
    return root / "model"


def test_a_model_from_a_folder(model_folder: Path) -> None:
    embedder = build_embedder(str(model_folder))
    assert isinstance(embedder, SentenceModel)
    check(embedder)
    assert embedder.name == SentenceModel(model_folder).name
    (model_folder / "README.md").write_text("Changed.")
    assert embedder.name != SentenceModel(model_folder).name


def test_a_damaged_model_gives_one_line(model_folder: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for name in ("modules.json", "config_sentence_transformers.json"):
        (damaged / name).write_bytes((model_folder / name).read_bytes())
    with pytest.raises(InputError, match=r"^\S+damaged: this model cannot be loaded \([^\n]+$"):
        SentenceModel(damaged)


@pytest.mark.parametrize("name", ["sentence-transformers/all-MiniLM-L6-v2", "missing", "empty", "file"])
def test_never_from_a_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=f"{name}: not the folder of a .* model .* leave the embedder"):
        build_embedder(name)


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "modules.json").write_text("[]")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(InputError, match=r"needs the package sentence-transformers: install querysmith\[embeddings\]"):
        SentenceModel(tmp_path)


def test_how_the_library_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for the package: from the folder alone, and rows of length 1."""
    asked: list[Any] = []

    class StandIn:
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            asked.append((arguments, settings))

        def encode(self, texts: list[str], **settings: Any) -> Any:
            assert settings == {"normalize_embeddings": True, "show_progress_bar": False}
            assert texts == sorted(set(texts))
            vectors = np.array([[len(text) + 1, text.count("o") + 1] for text in texts], np.float64)
            return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    package = ModuleType("sentence_transformers")
    package.SentenceTransformer = StandIn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    (tmp_path / "modules.json").write_text("[]")
    check(SentenceModel(tmp_path))
    assert asked == [((str(tmp_path.resolve()),), {"local_files_only": True})]
