"""How children and parents speak of each other: "orders placed by customers from France"."""

from __future__ import annotations

from pipeline.synth.grammar.conditions import Condition, conditions, entity, such
from pipeline.synth.grammar.draw import Draw, Edge


def some_parents(d: Draw, edge: Edge, least: int = 0) -> list[Condition]:
    """Conditions on the parent: mostly on its values, else its name."""
    if edge.parent.label and edge.parent.label.kind == "name" and d.chance(0.4):
        return [entity(d, edge.parent)]
    return conditions(d, edge.parent, 1, least)


def of_parents(d: Draw, edge: Edge, parents: list[Condition]) -> str:
    """The parent's side of the English: "placed by customers from France"."""
    named_one = any(c.field.column.kind == "name" and c.form.startswith("{c} =") for c in parents)
    noun = f"the {edge.parent.one}" if named_one else edge.parent.many
    return f"{edge.link.of} {such(noun, parents)}"


def children_of(d: Draw, edge: Edge, children: list[Condition], parents: list[Condition]) -> str:
    """Children with conditions on both sides, their own first, where no reader can take them for the parent's: "orders
    with a price above 5 placed by customers from France"."""
    return f"{such(edge.child.many, children)} {of_parents(d, edge, parents)}"


def parents_having(edge: Edge, parents: list[Condition], children: list[Condition]) -> str:
    """Parents that have such children: "customers from France who placed orders with status open"."""
    return f"{such(edge.parent.many, parents)} {edge.link.has} {such(edge.child.many, children)}"
