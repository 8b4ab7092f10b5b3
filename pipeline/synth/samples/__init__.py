"""The bundled sample databases with their questions."""
