"""What a browser sends and sees.

Contains cookies, forms, headers, errors, words. Not here: a page of its own (`flows`).
"""
