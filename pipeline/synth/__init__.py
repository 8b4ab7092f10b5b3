"""Synthesised databases, questions, SQL and thoughts."""
