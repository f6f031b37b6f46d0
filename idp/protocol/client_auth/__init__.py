"""Contains how a relying party proves itself, and tokens bound to its key. Not here: its registration."""
