"""Contains interactions and sessions as typed records over the ephemeral store: which browser opens them, how they end.

Not here: what their fields mean (`record`, `session`), and what a person sees of a refusal (`web/error_pages`).
"""

import dataclasses
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from idp.core.ephemeral import EphemeralStore, Kind, Put
from idp.core.records import from_plain, to_plain
from idp.interaction.record import AUTHORIZATION, Interaction, opened_by
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.session import Session, ends_at
from idp.interaction.session_record import is_opened_by, kept, opened_also_by, read
from idp.interaction.share import Share
from idp.interaction.upstream_sessions import UpstreamOver, remember_upstream

#: An expired interaction stays readable for this long, so that its page can offer to begin again.
GRACE = timedelta(hours=1)
#: An expired session can still be signed out of: a relying party's own session may last a working day.
REMEMBERED = timedelta(hours=12)

#: Members that an earlier version did not write, with what their absence says.
_NEWER: Mapping[str, object] = {
    "started_by": AUTHORIZATION,
    "generation": 0,
    "has_chosen_context": False,
    "confirmed": False,
    "upstream_begun_again": False,
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


@dataclass(frozen=True, slots=True)
class Interactions:
    store: EphemeralStore
    life: timedelta
    #: Times that one may set out for a proof elsewhere: each keeps a record of its own.
    attempts: int = 50

    def begin(self, interaction: Interaction) -> None:
        self.store.put(Kind.INTERACTION, interaction.id, _value(interaction), self.life + GRACE)

    def begin_within(self, share: Share, interaction: Interaction) -> bool:
        """Count it, and begin it. Returns False when its network began too many: nothing is kept of it."""
        life, value = self.life + GRACE, _value(interaction)
        counter, window, most = share
        return self.store.put_counted(
            Kind.INTERACTION, interaction.id, value, life, counter=counter, window=window, most=most
        )

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
            return dataclasses.replace(interaction, browser=shown, also=also)
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
        return dataclasses.replace(interaction, version=interaction.version + 1)

    def renew(
        self, interaction: Interaction, *, former: str | None = None, also: tuple[str, ...] = ()
    ) -> str:
        """Save it under a new binding. Returns its secret. Raises StaleRecord."""
        secret, family = random_token(), interaction.family or interaction.browser
        bound = dataclasses.replace(interaction, browser=fingerprint(secret), also=also, former=former)
        self.save(dataclasses.replace(bound, family=family))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Cookie value: `sid.secret`. The record is keyed by `sid` and keeps only the fingerprint of the secret."""

    store: EphemeralStore
    life: timedelta
    idle: timedelta
    #: On a station that several people use.
    shared_idle: timedelta

    def at(self, *, shared: bool) -> "Sessions":
        """Returns the sessions as this browser sees them now: what was left open on a shared station ends sooner.

        The idle time is judged at each use: the station may be declared shared after the session began.
        """
        return dataclasses.replace(self, idle=min(self.idle, self.shared_idle)) if shared else self

    def open(self, cookie: str | None, now: datetime) -> Session | None:
        """Returns the session whose secret this cookie holds; None when it is absent, expired, ended, or another's."""
        session = self.recall(cookie)
        return session if session is not None and now < ends_at(session, self.life, self.idle) else None

    def recall(self, cookie: str | None) -> Session | None:
        """Returns it as `open` does, also when it lately expired: to sign out, as relying parties' sessions live on."""
        sid, _, secret = (cookie or "").partition(".")
        session = self.find(sid) if sid and secret else None
        # The `sid` is public (it is in every ID Token): it finds the record and proves nothing.
        return session if session is not None and is_opened_by(session, fingerprint(secret)) else None

    def find(self, sid: str) -> Session | None:
        """Returns the session of this `sid`, whatever browser asks."""
        stored = self.store.get(Kind.SESSION, sid)
        return None if stored is None else read(stored)

    def start(self, session: Session, now: datetime, write: Callable[[Put], None] | None = None) -> str:
        """Write a new session. Returns its cookie. Raises UpstreamOver.

        `write`: puts the record, together with what leads to it.
        """
        # ASVS 7.2.4, facts/security SE2: the secret is new, or an attacker could have fixed it before the
        # authentication.
        secret = random_token()
        value = kept(opened_also_by(session, fingerprint(secret)))
        record = Put(Kind.SESSION, session.sid, value, self._ttl(session, now))
        if write is None:
            self.store.put(*record)
        else:
            write(record)
        self._remember_upstream(session)
        return f"{session.sid}.{secret}"

    def renew(self, session: Session, now: datetime) -> str:
        """Write the same session under a new secret; no other opens it but `session.secrets`. Returns the new cookie.

        Raises StaleRecord (ended or written meanwhile), UpstreamOver.
        """
        secret = random_token()
        self._swap(opened_also_by(session, fingerprint(secret)), now)
        self._remember_upstream(session)
        return f"{session.sid}.{secret}"

    def touch(self, session: Session, cookie: str, now: datetime) -> None:
        """Write the time of this visit, by the end of the request. A session that ended or changed since stays so."""
        # The secret of the cookie is written again; a late visit with an old cookie fails by its version.
        seen = opened_also_by(
            dataclasses.replace(session, last_seen_at=now), fingerprint(cookie.partition(".")[2])
        )
        self.store.touch(
            Kind.SESSION, session.sid, kept(seen), expected_version=session.version, ttl=self._ttl(seen, now)
        )

    def end(self, sid: str) -> bool:
        """Returns True to the one caller that ended it."""
        return self.store.take(Kind.SESSION, sid) is not None

    def _remember_upstream(self, session: Session) -> None:
        """Raises UpstreamOver, and has ended the session then."""
        # After the session is written: a sign-out at Pro Santé Connect between the two must find one of them.
        try:
            remember_upstream(self.store, session, self.life)
        except UpstreamOver:
            self.end(session.sid)
            raise

    def _swap(self, session: Session, now: datetime) -> None:
        self.store.swap(
            Kind.SESSION,
            session.sid,
            kept(session),
            expected_version=session.version,
            ttl=self._ttl(session, now),
        )

    def _ttl(self, session: Session, now: datetime) -> timedelta:
        # The life is counted from Pro Santé Connect's `auth_time` and may be over already; REMEMBERED is added to that.
        return max(ends_at(session, self.life, self.idle) - now, timedelta()) + REMEMBERED


def _value(record: Interaction) -> dict[str, Any]:
    """Returns the record as it is kept: without the version, which the store counts itself."""
    value = to_plain(record)
    del value["version"]
    # A node of the version before, in a rolling upgrade, does not know these names, and means these values.
    return {name: told for name, told in value.items() if name not in _NEWER or told != _NEWER[name]}
