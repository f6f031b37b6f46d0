"""`idp trust …`: the authorities that issue cards, and their revocation lists. Not here: a card (`cli/card`)."""
