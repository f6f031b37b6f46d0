"""Signing keys in the HSM.

Contains making them, reading them and signing with them, over PKCS#11. Not here: which key signs (`signing`).
"""
