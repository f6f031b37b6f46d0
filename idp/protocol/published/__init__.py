"""Contains documents that any caller may read, and the dispatcher in front of Flask. Not here: personal data."""
