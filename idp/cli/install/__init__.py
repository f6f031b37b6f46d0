"""`idp init` and `idp settings …`: a new installation, and what is in force. Not here: a setting (the room
`settings`)."""
