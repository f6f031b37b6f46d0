"""With which key.

Contains the Signer port, the key ring, its schedule. Not here: files, the HSM, accounts.
"""
