"""Contains what is judged: settings, clients, open doors, the instant. Not here: a rule, how doors are found open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from idp.clients.registry import ClientRegistry
from idp.settings import Settings


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    fr: str
    en: str

    def text(self, language: str) -> str:
        return self.en if language == "en" else self.fr


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    settings: Settings
    clients: ClientRegistry
    #: By the name of the door.
    opened: Mapping[str, bool]
    at: datetime

    def clients_of(self, profile: str) -> tuple[str, ...]:
        """Returns the names of its clients that chose this profile."""
        return tuple(name for name, client in self.clients.items() if client.profile == profile)
