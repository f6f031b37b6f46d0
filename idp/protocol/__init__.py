"""Contains WHICH ENDPOINT: what relying parties call, and its answer. Not here: pages, storage, adapters."""
