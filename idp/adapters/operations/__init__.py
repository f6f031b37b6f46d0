"""What an operator's monitoring is told: a listener of its own, the numbers of all processes, traces.

Not here: what is wrong (`core/readiness`), what is counted (`core/measures`).
"""
