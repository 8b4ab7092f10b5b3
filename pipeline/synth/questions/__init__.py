"""`querysmith synth`: questions over a user's own databases, kept only if they are worth learning from."""
