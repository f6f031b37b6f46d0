"""A test IGC-Santé: authorities, cards of the exact CPx profile, and cards that must be refused.

Contains everything `python -m sandbox.igc DIR` writes. Not here: anything from `idp`, any
production key, any real person. All numbers start with 997 (the range of test identities).
"""
