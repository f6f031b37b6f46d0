"""Contains the end of sessions: asked here, told to relying parties, heard from PSC. Not here: sending."""
