"""Contains « Mon compte »: one file a section, and the sign-in that leads there. A section knows no other section."""
