"""The fixtures of `tests/provider.py`, for the tests of this room."""

from tests.provider import app_factory, every_door, templates

__all__ = ["app_factory", "every_door", "templates"]
