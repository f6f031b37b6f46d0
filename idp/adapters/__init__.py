"""The outside, by technology.

Contains what implements the ports of the other rooms. Not here: a decision about a sign-in, a web framework.
"""
