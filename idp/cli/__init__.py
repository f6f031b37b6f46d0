"""`idp …`: what an operator does. Settings come from the environment only."""

from idp.cli.main import main

__all__ = ["main"]
