"""`idp why`: why somebody cannot sign in: what was asked, what is known, the reason, its words.

Not here: a request that was refused (`cli/explain`).
"""
