"""Endlessly many schemas that exist nowhere, to learn from how a schema is read: views, and databases with their rows.

A view is what the question grammar sees (`pipeline.synth.view`). `TRAINING` and `HELD_OUT` share no word of content,
and `novel_lexicon` has only invented words whose sounds neither of them uses.
"""

from pipeline.synth.imagined.files import write_rows
from pipeline.synth.imagined.lexicon import Lexicon
from pipeline.synth.imagined.lexicons import HELD_OUT, TRAINING, novel_lexicon
from pipeline.synth.imagined.views import imagined_view

__all__ = ["HELD_OUT", "TRAINING", "Lexicon", "imagined_view", "novel_lexicon", "write_rows"]
