"""Contains WHAT IS STILL DUE: the record of a request, `next_stop`, the gate. Not here: pages, HTTP."""
