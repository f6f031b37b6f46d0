"""Contains THE OUTSIDE, by technology: what implements the ports. Not here: a decision about a sign-in."""
