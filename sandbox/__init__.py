"""What a developer of a relying party needs offline: Pro Santé Connect, test cards, mails, relying parties.

Nothing here imports `idp`, and `idp` imports nothing from here.
"""
