"""Who: the enrolled person.

Contains the account, its secrets, the charter, grants and the life cycle. Not here: Flask, SQL, a clock.
"""
