"""A test IGC-Santé: authorities, cards of the exact CPx profile, and cards that must be refused.

Contains everything that `python -m sandbox.igc DIR` writes; all numbers start with 997 (the range of test identities).
Not here: anything from `idp`, production keys, real persons.
"""
