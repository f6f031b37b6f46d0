"""Why somebody cannot sign in: what was asked, what is known, the reason, its words. Not here: `cli/why`."""
