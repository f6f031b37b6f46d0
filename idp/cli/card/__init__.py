"""`idp card …`: a card in the reader of this workstation. Not here: authorities and lists (`cli/trust`)."""
