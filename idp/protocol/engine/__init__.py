"""Contains pyop, and all that knows it: the provider and its state. Not here: HTTP."""
