"""The model that comes with the package: it loads as any other, and is small enough to be shipped."""

from __future__ import annotations

from pathlib import Path

from pipeline.config import located
from pipeline.data.example import Column, Database, Example, Schema
from pipeline.data.prompts import read_completion, render_prompt
from pipeline.inference.generate import generate
from pipeline.profile import GenerationSettings
from pipeline.training.model import load_model, load_tokenizer

LIMIT_BYTES = 24 * 2**20


def test_starter_is_small_and_knows_its_task() -> None:
    """A count over a table of everyday words, as the question of any first user would be."""
    folder = Path(located("starter"))
    assert sum(file.stat().st_size for file in folder.iterdir()) <= LIMIT_BYTES
    assert not [file.name for file in folder.iterdir() if file.suffix not in (".json", ".safetensors", ".md", ".jinja")]
    model, tokenizer = load_model(str(folder)), load_tokenizer(str(folder))
    schema = Schema({"customers": (Column("customer_id", "integer", True), Column("name", "text"))})
    database = Database("shop", "sqlite", "", schema, "")
    prompt = render_prompt(tokenizer, Example("shop", "How many customers are there?", ()), database, "no_think")
    [[written]] = generate(model, tokenizer, [prompt], GenerationSettings(max_new_tokens=64, batch_size=1))
    answer = read_completion(written.text, "no_think")
    assert answer.well_formed
    assert answer.sql == "SELECT COUNT(*) FROM customers"


def test_other_names_stand_as_they_are() -> None:
    assert located("Qwen/Qwen3-0.6B") == "Qwen/Qwen3-0.6B"
    assert located("") == ""
