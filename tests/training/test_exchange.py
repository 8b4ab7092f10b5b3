"""Exchanged tokens: one for one, in the same spelling, wherever they occur; common ones stay."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from pipeline.inference.packing import Asked, Item, pack
from pipeline.synth.view import View, ViewColumn, ViewTable
from pipeline.training.model import load_tokenizer
from pipeline.training.starter.batches import Stream
from pipeline.training.starter.exchange import Exchange, says_its_names
from pipeline.training.starter.items import Cutter, tell
from pipeline.training.tokenizer import spellings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@pytest.fixture(scope="module")
def words() -> PreTrainedTokenizerBase:
    from pipeline.config import located

    return load_tokenizer(located("starter"))


@pytest.fixture(scope="module")
def items(words: PreTrainedTokenizerBase) -> list[Item]:
    cutter = Cutter(words, 4096)
    return [item for number in range(60) if (item := cutter.cut(*tell(3, number)))]


def tokens(item: Item) -> list[int]:
    return [*item.shared, *(token for prompt, completion in item.questions for token in (*prompt, *completion))]


def test_tokens_are_exchanged_one_for_one(words: PreTrainedTokenizerBase, items: Sequence[Item]) -> None:
    exchange = Exchange(words, items)
    for number, item in enumerate(items[:20]):
        other = exchange(item, random.Random(number))
        assert [len(q.prompt) for q in other.questions] == [len(q.prompt) for q in item.questions]
        pairs = set(zip(tokens(item), tokens(other), strict=True))
        assert len({old for old, _ in pairs}) == len({new for _, new in pairs}) == len(pairs)
        assert any(old != new for old, new in pairs)


def test_spelling_stays(words: PreTrainedTokenizerBase, items: Sequence[Item]) -> None:
    exchange = Exchange(words, items)
    place = {token: (word, at) for word in spellings(words) if len(set(word)) == 3 for at, token in enumerate(word)}
    for number, item in enumerate(items[:20]):
        new = dict(zip(tokens(item), tokens(exchange(item, random.Random(number))), strict=True))
        for old, other in new.items():
            if old != other:
                assert place[old][1] == place[other][1]
                others = {place[new[token]][0] for token in place[old][0] if token in new}
                assert len(others) == 1  # unit, Unit and UNIT become one other word


def test_what_many_items_have_stays(words: PreTrainedTokenizerBase) -> None:
    one, two, rare = ([token] for token in words.convert_tokens_to_ids(["number", "average", "violin"]))
    usual = [Item(one, [Asked(two, rare if number == 0 else one)]) for number in range(100)]
    found = Exchange(words, usual)(Item(one + rare, [Asked(two, one)]), random.Random(0))
    assert found.questions == [Asked(two, one)]
    assert found.shared[0] == one[0]


@pytest.mark.parametrize(
    ("name", "says", "plain"),
    [
        ("unit_price", "unit price", True),
        ("UnitPrice", "unit price", True),
        ("ORDER_STATE_OF_THINGS", "state of things", True),
        ("product_unit_price", "unit price", True),
        ("unt_prc", "unit price", False),
        ("unitprice", "unit price", False),
    ],
)
def test_names_that_say_what_they_are(name: str, says: str, plain: bool) -> None:
    column = ViewColumn(name, says, "number", "real")
    assert says_its_names(View("shop", {"t": ViewTable("t", "thing", "things", (column,))})) is plain


def test_some_of_the_stream_is_exchanged(words: PreTrainedTokenizerBase) -> None:
    stream = Stream(words, 3, 1, 4096)
    plain = {words.decode(item.shared) for n in range(40) if (item := Cutter(words, 4096).cut(*tell(3, n)))}
    batches = [stream[number] for number in range(40)]
    begun = [any(words.decode(batch.ids).startswith(text) for text in plain) for batch in batches]
    assert 4 <= begun.count(False) <= 20
    assert all(
        (batch.ids == again.ids).all()
        for batch, again in zip(batches[:5], map(stream.__getitem__, range(5)), strict=True)
    )


def test_an_unvaried_stream_is_cut_in_one_way_and_not_exchanged(words: PreTrainedTokenizerBase) -> None:
    stream, cutter = Stream(words, 3, 1, 4096, varied=False), Cutter(words, 4096)
    for number in range(20):
        item = cutter.cut(*tell(3, number))
        assert item
        assert stream[number].ids.tolist() == pack([item]).ids.tolist()
