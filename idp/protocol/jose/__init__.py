"""Contains JWTs read and written: signatures, encryption, hints. Not here: keys (`signing`, `clients`)."""
