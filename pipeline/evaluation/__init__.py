"""Benchmarks: running a model over questions and scoring what it wrote."""
