"""What a Text-to-SQL model learns from: examples, their databases, and how both become prompts."""
