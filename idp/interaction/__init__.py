"""What is still due before a login ends.

Contains the record of a request, `next_stop`, the hub, the gate and the session. Not here: pages, HTTP.
"""
