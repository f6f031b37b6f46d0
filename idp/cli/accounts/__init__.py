"""`idp accounts …`: one person's account. Not here: what an account is (the room `accounts`), why
somebody cannot sign in (`cli/why`)."""
