"""Querysmith: train, test, promote and keep improving a private Text-to-SQL model on your own databases."""

__version__ = "0.1.0"
