"""What each page shows.

Contains one frozen view-model per template. Not here: how it is rendered (`web`).
"""
