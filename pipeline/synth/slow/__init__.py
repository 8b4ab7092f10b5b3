"""Queries as people write them: right, but with more work than needed.

Logs of real databases are full of such queries; a model that learns from them can be trained to be right and faster.
`forms` chooses among the rewrites and `proof` executes what it chose. The rewrites stand by subject in `sources` (what
is read), `conditions` and `functions` (which rows), `inner_queries` (IN and NOT EXISTS) and `groups` (aggregates,
groups, order); `spot` and `tables` are what they share.
A rewrite is a function that gets one SELECT and returns what takes its place, or None where it does not fit. Each says
on what its equivalence leans, if it does not hold for all data. Which of several equal rows a LIMIT cuts off is chance
in any query; most rewrites that could change it are refused there.
"""

from pipeline.synth.slow.forms import SlowForm, slow_form, slow_forms
from pipeline.synth.slow.proof import for_share, proven

__all__ = ["SlowForm", "for_share", "proven", "slow_form", "slow_forms"]
