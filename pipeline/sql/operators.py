"""The operators that are written between two operands, and what counts as a constant beside them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp

from pipeline.sql.scopes import bare

INFIX: Mapping[type[exp.Expr], str] = MappingProxyType(
    {
        **{exp.EQ: "=", exp.NEQ: "!=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.NullSafeEQ: "<=>"},
        **{exp.Is: "is", exp.Like: "like", exp.Glob: "glob", exp.Escape: "escape", exp.Collate: "collate"},
        **{exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.DPipe: "||"},
    }
)
MIRRORED: Mapping[type[exp.Expr], str] = MappingProxyType(
    {exp.EQ: "=", exp.NEQ: "!=", exp.NullSafeEQ: "<=>", exp.GT: "<", exp.GTE: "<=", exp.LT: ">", exp.LTE: ">="}
)
_CONSTANTS = (exp.Literal, exp.Null, exp.Boolean)


def is_constant(node: exp.Expr) -> bool:
    node = bare(node)
    return isinstance(bare(node.this) if isinstance(node, exp.Neg) else node, _CONSTANTS)
