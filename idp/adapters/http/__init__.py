"""Outgoing HTTP.

Contains HTTP within bounds, and the calls to relying parties. Not here: what is asked of PSC (`psc`) or IGC-Santé
(`igc`).
"""
