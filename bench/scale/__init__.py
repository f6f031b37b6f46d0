"""`make bench-scale`: a full house and an empty one, two cores and one, tails at half load, what a sign-in costs.

Contains filling the stores, and measuring. Not here: the load (`bench.driver`), starting a provider (`bench.peers`).
"""
