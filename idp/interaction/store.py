"""Contains interactions as typed records over the ephemeral store: which browser opens them, how they end.

Not here: what their fields mean (`record`), sessions (`sessions`), what a person sees of a refusal (`web/error_pages`).
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from idp.core.ephemeral import EphemeralStore, Kind, Limited, Put
from idp.core.records import from_plain, to_plain
from idp.core.replacing import replace
from idp.interaction.record import AUTHORIZATION, Interaction, opened_by
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.replies import Replies
from idp.interaction.reply import Reply

#: An expired interaction stays readable for this long, so that its page can offer to begin again.
GRACE = timedelta(hours=1)
#: Members that an earlier version did not write, with what their absence says.
_NEWER: Mapping[str, object] = {
    "started_by": AUTHORIZATION,
    "generation": 0,
    "has_chosen_context": False,
    "confirmed": False,
    "upstream_begun_again": False,
    "draft_of": "",
    "is_past_hint": False,
}


def random_token() -> str:
    """Returns 256 bits from the system's generator, base64url (facts/security TK11)."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """Returns what a record keeps of a cookie: enough to compare, useless to make one."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hub_path(interaction_id: str) -> str:
    """Returns the address that every page of this interaction returns to; the prefix of its forms."""
    return f"/interaction/{interaction_id}"


def restart_path(interaction_id: str) -> str:
    return f"{hub_path(interaction_id)}/restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    store: EphemeralStore
    life: timedelta
    #: From its begin, however often the person asks for more time.
    longest: timedelta = timedelta(hours=1)
    #: Times that one may set out for a proof elsewhere: each keeps a record of its own.
    attempts: int = 50

    def begin(self, interaction: Interaction) -> None:
        self.store.put(Kind.INTERACTION, interaction.id, _value(interaction), self.life + GRACE)

    def begin_within(self, share: Limited, interaction: Interaction) -> bool:
        """Count it, and begin it. Returns False when its network began too many: nothing is kept of it."""
        life, value = self.life + GRACE, _value(interaction)
        return self.store.put_counted(Kind.INTERACTION, interaction.id, value, life, counter=share)

    def open(self, interaction_id: str, browser: str | None, now: datetime) -> Interaction:
        """Returns the live interaction of this browser. Raises InteractionRefused, with the reason."""
        interaction = self.find(interaction_id, browser)
        # After the check of the browser: only the browser that began may begin again what expired.
        if now >= interaction.expires_at:
            raise InteractionRefused(
                InteractionRefusal.EXPIRED, interaction_id=interaction_id, client_id=interaction.client_id
            )
        return interaction

    def find(self, interaction_id: str, browser: str | None) -> Interaction:
        """Returns it as `open` does, expired or not. Raises InteractionRefused."""
        interaction = self.reread(interaction_id)
        # Without a cookie no form could be verified either: told before the person types anything (facts/security WB2).
        if browser is None:
            raise InteractionRefused(InteractionRefusal.NO_COOKIE, client_id=interaction.client_id)
        # RFC 9700 §4.7: only the browser that began may go on; a link sent to another person opens nothing. The page
        # does not name the client: another browser is not told whose sign-in this is.
        shown = fingerprint(browser)
        if hmac.compare_digest(shown, interaction.browser):
            return interaction
        if any(hmac.compare_digest(shown, one) for one in interaction.also):
            also = tuple(one for one in opened_by(interaction) if one != shown)
            return replace(interaction, browser=shown, also=also)
        if interaction.former is not None and hmac.compare_digest(shown, interaction.former):
            raise InteractionRefused(InteractionRefusal.WENT_ON, interaction_id=interaction_id)
        raise InteractionRefused(InteractionRefusal.OTHER_BROWSER)

    def reread(self, interaction_id: str) -> Interaction:
        """Returns the record, whatever browser asks. Raises InteractionRefused: there is none."""
        stored = self.store.get(Kind.INTERACTION, interaction_id)
        if stored is None:
            raise self._absent(interaction_id)
        return from_plain(Interaction, {**stored.value, "version": stored.version})

    def _absent(self, interaction_id: str) -> InteractionRefused:
        finished = self.store.get(Kind.FINISHED_INTERACTION, interaction_id)
        if finished is None:
            return InteractionRefused(InteractionRefusal.UNKNOWN)
        return InteractionRefused(InteractionRefusal.FINISHED, client_id=finished.value["client_id"])

    def claim_attempt(self, interaction: Interaction) -> bool:
        """Count that it sets out for Pro Santé Connect or the card. Returns False when it did too often."""
        return self.store.count(Kind.ATTEMPTS_OF_SIGN_IN, interaction.id, self.life) <= self.attempts

    def save(self, interaction: Interaction) -> Interaction:
        """Returns the interaction at its new version. Raises StaleRecord when another tab or click saved first."""
        self.store.swap(
            Kind.INTERACTION, interaction.id, _value(interaction), expected_version=interaction.version
        )
        return replace(interaction, version=interaction.version + 1)

    def leave_reply(self, interaction: Interaction, reply: Reply) -> None:
        """Keep what a page is to say once of the form just posted."""
        self._replies.leave(interaction.id, reply, interaction.browser)

    def take_reply(self, interaction: Interaction, at: str) -> Reply | None:
        """Returns it to the one that asks first; None also where something was proved since."""
        return self._replies.take(interaction.id, at, interaction.browser)

    @property
    def _replies(self) -> Replies:
        return Replies(self.store, self.life)

    def may_prolong(self, interaction: Interaction) -> bool:
        """Whether the person may still be given more time for it."""
        return interaction.expires_at < interaction.started_at + self.longest

    def prolong(self, interaction: Interaction, now: datetime) -> None:
        """Save it with a whole life from now, as far as `longest` goes. Raises StaleRecord, as `save` does."""
        end = min(now + self.life, interaction.started_at + self.longest)
        later = replace(interaction, expires_at=max(end, interaction.expires_at))
        self.store.swap(
            Kind.INTERACTION,
            later.id,
            _value(later),
            expected_version=later.version,
            ttl=later.expires_at - now + GRACE,
        )

    def renew(
        self, interaction: Interaction, *, former: str | None = None, also: tuple[str, ...] = ()
    ) -> str:
        """Save it under a new binding. Returns its secret. Raises StaleRecord."""
        secret, family = random_token(), interaction.family or interaction.browser
        bound = replace(interaction, browser=fingerprint(secret), also=also, former=former)
        self.save(replace(bound, family=family))
        return secret

    def take(self, interaction_id: str) -> Interaction | None:
        """Returns the interaction to the one caller that ends it.

        Leaves a trace, which tells a late click where to go.
        """
        # Read before it is taken: the trace names the client, and an unknown id leaves none.
        stored = self.store.get(Kind.INTERACTION, interaction_id)
        if stored is None:
            return None
        # The trace before the taking: a click that comes between the two must find one of them.
        told = {"client_id": stored.value["client_id"]}
        trace = Put(Kind.FINISHED_INTERACTION, interaction_id, told, GRACE)
        # Atomic in the store: of two tabs that both read the record, one gets it, the other gets None.
        value = self.store.take(Kind.INTERACTION, interaction_id, after=trace)
        return None if value is None else from_plain(Interaction, value)


def _value(record: Interaction) -> dict[str, Any]:
    """Returns the record as it is kept: without the version, which the store counts itself."""
    value = to_plain(record)
    del value["version"]
    # A node of the version before, in a rolling upgrade, does not know these names, and means these values.
    for name, meaning in _NEWER.items():
        if value[name] == meaning:
            del value[name]
    return value
