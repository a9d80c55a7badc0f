"""The same session from a terminal."""
