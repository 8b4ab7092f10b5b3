"""The starter: a small Text-to-SQL model, trained from nothing on an endless stream of made-up databases."""
