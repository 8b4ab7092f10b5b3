"""The tokenizer that is built from nothing: byte-level BPE whose tokens do not depend on how a name is written.

Schemas write the same word as `achievements`, `Achievements` or `ACHIEVEMENTS`, questions in lower case. BPE as it is
trained elsewhere cuts the three at different places, and a small model never learns which pieces belong together.
Here merges are learned on words in lower case, and each exists in all three spellings.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import regex

from pipeline.data.prompts import THINK_CLOSE, THINK_OPEN
from pipeline.training.splitting import PIECES, pieces

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

PAD, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}"
    "{% endif %}"
)

_PIECE = regex.compile(PIECES)
_WORD = regex.compile(r"[\p{L}\p{M}]+")
_LETTERS = regex.compile("[A-Za-z]+")
GLUE_SHARE = 0.25  # of the vocabulary, for runs of function words, keywords and punctuation

Pair = tuple[str, str]


def train_tokenizer(corpus: Iterable[str], vocab_size: int) -> PreTrainedTokenizerBase:
    """A byte-level BPE tokenizer (any text can be written) of at most `vocab_size` tokens, with Qwen3's turn and think
    tokens and chat template.

    Words and digits are split as splitting.py says, so that names and numbers can be copied piece by piece. The think
    tokens are ordinary added tokens, so that decoding keeps them.
    """
    from tokenizers import AddedToken, decoders

    thinking = [THINK_OPEN, THINK_CLOSE]
    words, glue = _pieces(corpus)
    tokens = {token: at for at, token in enumerate([PAD, TURN_START, TURN_END, *_bytes()])}
    merges: list[Pair] = []
    _add_words(tokens, merges, words, round(vocab_size * (1.0 - GLUE_SHARE)) if glue else vocab_size - len(thinking))
    _add_glue(tokens, merges, glue, vocab_size - len(thinking))
    tokenizer = _bpe(tokens, merges)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([PAD, TURN_START, TURN_END])
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in thinking])
    return _with_template(tokenizer)


def with_fewer_merges(tokenizer: PreTrainedTokenizerBase, share: float) -> PreTrainedTokenizerBase:
    """A tokenizer of `train_tokenizer` with the same ids, but only the first `share` of its words' merges: it cuts
    words into smaller pieces, as the whole one cuts words that it has never seen. Glue stays whole."""
    from tokenizers import Tokenizer

    state = json.loads(tokenizer.backend_tokenizer.to_str())
    merges: list[Pair] = [tuple(pair) for pair in state["model"]["merges"]]
    of_words = [pair for pair in merges if _LETTERS.fullmatch("".join(pair))]
    sources = {first + second: (first, second) for first, second in reversed(merges)}
    kept = set(of_words[: round(share * len(of_words))])
    needed = [pair for pair in merges if not _LETTERS.fullmatch("".join(pair))]
    while needed:  # with all that glue is made of
        pair = needed.pop()
        if pair not in kept:
            kept.add(pair)
            needed += [sources[part] for part in pair if part in sources]
    state["model"]["merges"] = [pair for pair in merges if pair in kept]
    return _with_template(Tokenizer.from_str(json.dumps(state)))


def _with_template(tokenizer: Tokenizer) -> PreTrainedTokenizerBase:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=TURN_END,
        chat_template=CHAT_TEMPLATE,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def spellings(tokenizer: PreTrainedTokenizerBase) -> Iterator[tuple[int, int, int]]:
    """The ids of each token of letters in lower case, capitalised and in upper case, where all three exist; the last
    two are the same for a single letter."""
    vocabulary = tokenizer.get_vocab()
    for token, at in sorted(vocabulary.items()):
        if _has_case(token) and {token.capitalize(), token.upper()} <= vocabulary.keys():
            yield at, vocabulary[token.capitalize()], vocabulary[token.upper()]


def _bytes() -> list[str]:
    """The 256 bytes as the characters that byte-level BPE has for them."""
    from tokenizers import pre_tokenizers

    return sorted(pre_tokenizers.ByteLevel.alphabet())


def _bpe(tokens: dict[str, int], merges: list[Pair]) -> Tokenizer:
    from tokenizers import Tokenizer, models

    tokenizer = Tokenizer(models.BPE(tokens, merges))
    tokenizer.pre_tokenizer = pieces()
    return tokenizer


def _pieces(corpus: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """How often each word, in lower case, and each piece of glue occurs."""
    words: Counter[str] = Counter()
    glue: Counter[str] = Counter()
    for text in corpus:
        for found in _PIECE.findall(text):
            if _WORD.fullmatch(found):
                words[found.lower()] += 1
            else:
                glue[found] += 1
    return words, glue


def _add_words(tokens: dict[str, int], merges: list[Pair], words: Counter[str], size: int) -> None:
    """Learn merges on words in lower case and add each in three spellings, as far as `size` tokens reach."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=_bytes(), show_progress=False)
    learned.train_from_iterator(words.elements(), trainer)
    for first, second in json.loads(learned.to_str())["model"]["merges"]:
        found: list[Pair] = [(first, second)]
        if _has_case(first + second):
            found += [(first.capitalize(), second), (first.upper(), second.upper())]
        new = {first + second for first, second in found} - tokens.keys()
        if len(tokens) + len(new) > size:
            return
        _add(tokens, merges, found)


def _add_glue(tokens: dict[str, int], merges: list[Pair], glue: Counter[str], size: int) -> None:
    """Learn merges on glue up to `size` tokens, on top of those of words and none of letters alone: a name that begins
    like a keyword is cut like any other name."""
    model = _bpe(tokens, merges)
    cut = {tuple(model.encode(piece).tokens): count for piece, count in glue.items()}
    while len(tokens) < size:
        pairs: Counter[Pair] = Counter()
        for parts, count in cut.items():
            for pair in pairwise(parts):
                if not _LETTERS.fullmatch("".join(pair)):
                    pairs[pair] += count
        if not pairs:
            return
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        _add(tokens, merges, [best])
        cut = {_merged(parts, best): count for parts, count in cut.items()}


def _add(tokens: dict[str, int], merges: list[Pair], pairs: list[Pair]) -> None:
    for first, second in pairs:
        tokens.setdefault(first + second, len(tokens))
        merges.append((first, second))


def _merged(parts: tuple[str, ...], pair: Pair) -> tuple[str, ...]:
    """The parts with every occurrence of the pair, from the left, as one."""
    found: list[str] = []
    for part in parts:
        if found and (found[-1], part) == pair:
            found[-1] += part
        else:
            found.append(part)
    return tuple(found)


def _has_case(token: str) -> bool:
    """Whether it is lower-case letters only, each of one byte: other characters may stand for parts of letters."""
    return token.isascii() and token.isalpha() and token.islower()
