"""Contains WHAT EVERY ROOM MAY KNOW: ports, errors, sealing, logs. Not here: sockets, SQL, a framework."""
