"""`idp incident …`: what must end at once. Not here: one person's sessions (`cli/accounts`)."""
