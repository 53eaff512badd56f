"""A callback's way from declaration to registration."""
