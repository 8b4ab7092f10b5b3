"""Execution of SQL: the one engine that rewards, filters, benchmarks and gates share. Knows nothing of models."""
