"""Stands in for the build backend that the source of argon2-cffi-bindings names (.ci/argon2)."""
