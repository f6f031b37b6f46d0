"""The keys and files of `tests/provider.py`, for the tests of this room."""

from tests.provider import templates

__all__ = ["templates"]
