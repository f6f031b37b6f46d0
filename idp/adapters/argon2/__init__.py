"""Contains argon2id, computed by the library of argon2-cffi or by its source built for this processor."""
