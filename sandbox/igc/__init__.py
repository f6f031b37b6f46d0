"""A test IGC-Santé: authorities, cards of the exact CPx profile, and cards that must be refused.

Lives here: everything `python -m sandbox.igc DIR` writes. Must not come here: anything from `idp`, any
production key, any real person. All numbers start with 997 (the range of test identities).
"""
