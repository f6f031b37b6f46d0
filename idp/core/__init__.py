"""What every room may import.

Contains ports, errors by audience, sealing, logs. Not here: sockets, SQL, a framework.
"""
