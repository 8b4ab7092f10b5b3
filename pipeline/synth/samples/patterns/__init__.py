"""The question patterns, SQL with English over any schema: what they leave out is what tiny models cannot learn anyway,
self joins, windows and CTEs."""

from pipeline.synth.samples.patterns.joined import JOINED
from pipeline.synth.samples.patterns.one_table import ONE_TABLE
from pipeline.synth.samples.patterns.pattern import Pattern

__all__ = ["PATTERNS", "Pattern"]

PATTERNS: tuple[Pattern, ...] = ONE_TABLE + JOINED
