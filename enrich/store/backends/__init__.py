"""Places to keep values: each sees bytes only."""
