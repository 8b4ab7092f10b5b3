"""How a question and its database become a prompt, and what a completion looks like.

One text form for every model: the schema, the evidence, the question and Qwen3's mode switch in the user turn; the
assistant answers with a think block (empty in non-thinking mode) and the bare SQL (methods: HES-SQL, mode fusion).
The tokenizer's chat template wraps it, so a real Qwen3 sees its own convention.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.data.example import Database, Example, Schema

Mode = Literal["think", "no_think"]
MODES: tuple[Mode, ...] = ("think", "no_think")

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"

_DESCRIPTION_CHARS = 100  # some descriptions are essays, and a schema may have hundreds of columns


def render_schema(schema: Schema) -> str:
    """One line a table, `name(column type key /* description */, ...)`, then one line with the foreign keys."""
    lines = []
    for table, columns in schema.tables.items():
        parts = (
            " ".join(filter(None, (_quoted(c.name), c.type, "key" if c.primary_key else "", _comment(c.description))))
            for c in columns
        )
        lines.append(f"{_quoted(table)}({', '.join(parts)})")
    if schema.foreign_keys:
        joins = (
            f"{_quoted(k.table)}.{_quoted(k.column)} = {_quoted(k.ref_table)}.{_quoted(k.ref_column)}"
            for k in schema.foreign_keys
        )
        lines.append(f"joins: {', '.join(joins)}")
    return "\n".join(lines)


def render_prompt(tokenizer: Any, example: Example, database: Database, mode: Mode, told: str = "") -> str:
    """The text up to and including the opening of the assistant's turn. `told` is a query that the thought is to lead
    to: only for writing the thoughts of training data, never when a question is asked."""
    parts = [f"Write one {database.dialect} query.", render_schema(database.schema)]
    if example.evidence:
        parts.append(f"Evidence: {example.evidence}")
    if told:
        parts.append(f"Think as if you did not know that the answer is: {told}")
    parts.append(f"Question: {example.question} /{mode}")
    messages = [{"role": "user", "content": "\n".join(parts)}]
    text: str = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return text


def shared_beginning(prompt: str) -> str:
    """What a rendered prompt has in common with all others about its database."""
    return re.split(r"\n(?:Evidence|Think as if|Question)", prompt, maxsplit=1)[0]


def render_completion(thought: str | None, sql: str) -> str:
    """What the assistant should answer; without a thought the think block is empty."""
    return (
        f"{THINK_OPEN}\n{thought.strip()}\n{THINK_CLOSE}\n\n{sql}"
        if thought
        else f"{THINK_OPEN}\n\n{THINK_CLOSE}\n\n{sql}"
    )


@dataclass(frozen=True)
class Completion:
    """A completion taken apart: `answer` is what follows the think block, `sql` the SQL in it. `well_formed`: it has
    the one form that its mode asks for."""

    thought: str
    answer: str
    sql: str
    well_formed: bool


def read_completion(text: str, mode: Mode) -> Completion:
    """Take a completion apart: exactly one think block with nothing before it (empty if and only if the mode is
    non-thinking), then SQL, bare or in one fenced block. A text without a think block keeps its SQL but is not well
    formed."""
    text = text.strip()
    match = re.match(rf"{THINK_OPEN}(.*?){THINK_CLOSE}(.*)\Z", text, re.DOTALL)
    thought, rest = (match[1].strip(), match[2]) if match else ("", text)
    one_block = text.count(THINK_OPEN) == 1 and text.count(THINK_CLOSE) == 1
    fenced = re.search(r"```(?:sql\b)?(.*?)```", rest, re.DOTALL | re.IGNORECASE)
    only_fence = fenced is None or fenced[0] == rest.strip()  # prose around the block is read, but is not the form
    sql = (fenced[1] if fenced else "" if THINK_OPEN in rest else rest).strip()
    well_formed = match is not None and one_block and only_fence and bool(sql) and bool(thought) == (mode == "think")
    return Completion(thought, rest.strip(), sql, well_formed)


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else '"' + name.replace('"', '""') + '"'


def _comment(description: str) -> str:
    """A description as a short SQL comment; empty for none."""
    text = " ".join(description.replace("/*", "").replace("*/", "").split())
    if len(text) > _DESCRIPTION_CHARS:
        text = text[:_DESCRIPTION_CHARS].rsplit(" ", 1)[0] + " ..."
    return f"/* {text} */" if text else ""
