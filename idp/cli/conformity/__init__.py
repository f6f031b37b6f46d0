"""`idp conformity`: the file of a homologation. Not here: its rules (the room `conformity`)."""
