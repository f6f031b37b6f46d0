"""What a developer of a relying party needs offline.

Contains Pro Santé Connect, test cards, mails and relying parties, all simulated. Not here: an import of `idp`; `idp`
imports nothing from here.
"""
