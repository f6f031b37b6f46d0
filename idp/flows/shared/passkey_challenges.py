"""Contains the challenge of a passkey page: for one interaction or session, for minutes, answered once. Not here: the
verdict on the answer (`accounts/passkeys`).
"""

from dataclasses import dataclass
from datetime import timedelta

from idp.core.ephemeral import EphemeralStore, Kind
from idp.interaction.store import random_token


@dataclass(frozen=True, slots=True)
class PasskeyChallenges:
    store: EphemeralStore
    life: timedelta

    def begin(self, holder: str) -> str:
        """Returns a new challenge, base64url of 32 octets, in place of the one of a page shown before.

        `holder`: what it is for, and nobody else: one record each, however often a page is asked for.
        """
        challenge = random_token()
        self.store.put(Kind.PASSKEY_CHALLENGE, holder, {"challenge": challenge}, self.life)
        return challenge

    def take(self, holder: str) -> str | None:
        """Returns it to one caller (facts/security PK1). None: answered before, too old, or never shown."""
        kept = self.store.take(Kind.PASSKEY_CHALLENGE, holder)
        return None if kept is None else str(kept["challenge"])
