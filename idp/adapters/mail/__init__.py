"""Outgoing mail.

Contains SMTP and the sealed mail of the outbox. Not here: what a mail says (`pages`, `templates`).
"""
