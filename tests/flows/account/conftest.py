"""The fixtures of `tests/provider.py`, for the tests of this room."""

from tests.provider import app_factory, browser, every_door, fresh, provider, templates

__all__ = ["app_factory", "browser", "every_door", "fresh", "provider", "templates"]
