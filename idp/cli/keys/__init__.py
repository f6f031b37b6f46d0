"""`idp keys …`: the token signing keys. Not here: when one signs (the room `signing`)."""
