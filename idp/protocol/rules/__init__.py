"""Contains the rules that requests of relying parties keep to, as tables, and how a refusal is told.

Each rule has a name, what the relying party reads, what the operator changes. Not here: the endpoints that apply them.
"""
