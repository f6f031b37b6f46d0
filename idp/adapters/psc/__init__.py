"""The client of Pro Santé Connect.

Contains requests, ID Tokens, claims, outages. Not here: pages (`flows`), accounts.
"""
