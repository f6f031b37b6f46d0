"""Contains how a client authenticates, and tokens bound to its key. Not here: its registration (`clients`)."""
