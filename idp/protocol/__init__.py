"""Which endpoint.

Contains what relying parties call, and its answer. Not here: pages, storage, adapters.
"""
