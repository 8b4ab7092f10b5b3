"""The words of the lexicons, as data."""
