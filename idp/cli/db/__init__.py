"""`idp db …` and `idp epoch …`: the database, its copies, what a restored one voids. Not here: its tables
(`adapters/sql`)."""
