"""Contains the end of sessions: asked for here, told to relying parties, told by PSC.

Not here: sending (`adapters`).
"""
