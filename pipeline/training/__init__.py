"""Supervised fine-tuning, self-distillation and GRPO."""
