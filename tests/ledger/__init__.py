"""Faults under load, and a ledger that says afterwards what was lost (`make faults`, docs/faults.md).

Contains what persons and applications do (`people`), what they were answered (`book`), what is done to the servers
meanwhile (`damage`), what must hold when it is over (`after`). Not here: the cluster itself (`sandbox.cluster`).
"""
