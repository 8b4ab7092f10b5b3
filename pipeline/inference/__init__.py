"""From a prompt to completions, and from a completion to a thought and SQL."""
