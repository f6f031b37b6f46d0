"""The load driver: browsers and relying parties as coroutines in one process.

Contains its loop, its flows, its measuring. Not here: a provider (`bench.peers`), a table (`bench.report`).
"""
