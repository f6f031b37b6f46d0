"""« Mon compte »: one file per section, each a page of its own for a person who is signed in."""
