"""Contains what the operator says on every page for a time (`idp notice`), and where it is kept: in the database, so
that it survives restarts and every node finds it. Not here: the page (`pages/frame`), who reads it (`web`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from idp.core.ephemeral import EphemeralStore, Kind

LEVELS = ("info", "warning")
#: Signs of a text, in one line.
LONGEST = 300
#: There is one at a time: a second one takes the place of the first.
_KEY = "pages"
#: A record has a life: one that ends now is gone at once.
_LEAST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """`en`: "" where pages in English have the French text. `since`: None for at once."""

    fr: str
    en: str
    level: str
    since: datetime | None
    until: datetime

    def holds(self, now: datetime) -> bool:
        return (self.since is None or self.since <= now) and now < self.until

    def text(self, locale: str) -> tuple[str, str]:
        """Returns the text for a page in this language, and the language that it is in."""
        return (self.en, "en") if locale == "en" and self.en else (self.fr, "fr")

    def told(self) -> dict[str, Any]:
        """Returns it as JSON."""
        return {
            "level": self.level,
            "fr": self.fr,
            "en": self.en,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat(),
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        since = told["since"]
        return cls(
            fr=told["fr"],
            en=told["en"],
            level=told["level"],
            since=datetime.fromisoformat(since) if since else None,
            until=datetime.fromisoformat(told["until"]),
        )


def announced(store: EphemeralStore) -> Announced | None:
    """Returns what is kept, also before it begins. `store`: the durable one. Raises StoreUnavailable."""
    found = store.get(Kind.ANNOUNCEMENT, _KEY)
    return None if found is None else Announced.of(found.value)


def announce(store: EphemeralStore, said: Announced, now: datetime) -> None:
    """Raises StoreUnavailable; ValueError for an end beyond the longest life of a record."""
    store.put(Kind.ANNOUNCEMENT, _KEY, said.told(), max(said.until - now, _LEAST))


def withdraw(store: EphemeralStore) -> None:
    store.clear([(Kind.ANNOUNCEMENT, _KEY)])
