"""The SQL database.

Contains the schema, opening a database, one repository per file. Not here: a rule about accounts (`accounts`).
"""
