"""SQL as a tree (sqlglot): what a query reads, its canonical form, whether it only reads. Knows nothing of models."""
