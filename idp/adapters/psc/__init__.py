"""Contains the client of Pro Santé Connect: requests, ID Tokens, claims, outages. Not here: pages (`flows`)."""
