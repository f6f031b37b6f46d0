"""The card host.

Contains its two listeners and its one application. Not here: deciding whether a card may sign in (`cards`).
"""
