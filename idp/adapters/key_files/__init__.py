"""The keys directory.

Contains signing keys in files, and the ring file. Not here: the schedule of a ring (`signing`), the HSM (`hsm`).
"""
