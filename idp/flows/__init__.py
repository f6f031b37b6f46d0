"""Which page.

Contains one file per stop; each records facts. Not here: what comes next (`interaction`).
"""
