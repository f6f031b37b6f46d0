"""`idp clients …`: clients.yaml, for whoever writes it. Not here: what it means (the room `clients`)."""
