"""Caducée: an OpenID Provider for French health professionals. docs/flow.md tells the line of a login."""

__version__ = "0.1.0"
