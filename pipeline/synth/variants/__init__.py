"""Altered copies of a SQLite database, against answers that are right by accident."""
