"""Real databases and schema files as the question grammar sees them."""
