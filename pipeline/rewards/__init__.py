"""Rewards of GRPO: one per file, composed by a recipe."""
