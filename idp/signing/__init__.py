"""Contains WITH WHICH KEY: the Signer port, the key ring, its schedule. Not here: files, hardware, a person."""
