"""Contains the SSO session of one browser: what it remembers, how long it lives, which events it gives a login.

Pure values. Not here: its cookie and its record (`store`), its end (`sign_out`).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp.accounts.account import Account, AccountId
from idp.accounts.personal_data import Withheld
from idp.core.replacing import replace
from idp.interaction.record import AuthenticationEvent, Interaction, own_events


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`sid` is public (ID Tokens, logout) and stable; the cookie is a secret that changes at each authentication."""

    sid: str
    account_id: AccountId
    events: tuple[AuthenticationEvent, ...]
    started_at: datetime
    last_seen_at: datetime
    #: The account's generation when it began; a record of an earlier version has none.
    generation: int = 0
    #: Sealed upstream ID Token, for the logout hint; None when Pro Santé Connect was not used.
    upstream_id_token: str | None = None
    #: Fingerprints of the cookies that open it, the newest first. More than one: of sign-ins that ended at once.
    secrets: tuple[str, ...] = field(default=(), compare=False, repr=False)
    #: Fingerprint of the binding of the interaction in which the newest was made: only its browser holds that.
    made_in: str = field(default="", compare=False, repr=False)
    #: When the person at a shared station last said, or proved, that it is theirs; None: not there.
    confirmed_at: datetime | None = field(default=None, compare=False)
    version: int = 0


def ends_at(session: Session, life: timedelta, idle: timedelta) -> datetime:
    """Returns the earlier of: `life` after the last authentication, `idle` after the last visit (facts/security SE5).

    Upstream events carry Pro Santé Connect's own `auth_time`, so ours does not outlive theirs (facts/psc §8.3).
    """
    # The newest proof of any authenticator: a step-up prolongs the session, not the older proofs (`living_events`).
    last = max(event.at for event in session.events)
    return min(last + life, session.last_seen_at + idle)


def is_session_valid(
    session: Session, account: Account, now: datetime, life: timedelta, idle: timedelta
) -> bool:
    """Whether it is alive, its account may sign in, and no event of that account has voided it since."""
    # The account row is read at every use: what an operator decides holds without a list of sessions (facts/security
    # T33).
    is_void = account.has_voided(session.generation)
    return account.may_sign_in and not is_void and now < ends_at(session, life, idle)


def living_events(
    events: tuple[AuthenticationEvent, ...], now: datetime, life: timedelta
) -> tuple[AuthenticationEvent, ...]:
    """Returns the events not older than `life`: a newer one prolongs the session, and no older event with it."""
    # A card shown this morning is no proof any more because a password was typed just now (docs/adr/0005).
    return tuple(event for event in events if now < event.at + life)


def as_kept(session: Session) -> dict[str, object]:
    """Returns what is kept of the session, for its person: what opens it is named and not shown."""
    proofs = [{"authenticator": event.authenticator, "at": event.at} for event in session.events]
    return {
        "sid": session.sid,
        "account_id": session.account_id,
        "started_at": session.started_at,
        "last_seen_at": session.last_seen_at,
        "proofs": proofs,
        "secrets": Withheld.SECRET,
        "upstream_id_token": Withheld.SECRET if session.upstream_id_token else None,
    }


def has_news_for(session: Session, interaction: Interaction, now: datetime, life: timedelta) -> bool:
    """Whether it proves what this interaction does not know yet, of no other person than began to prove something."""
    if interaction.identity is not None or interaction.account_id not in (None, session.account_id):
        return False
    return any(event not in interaction.events for event in living_events(session.events, now, life))


def lend(session: Session, interaction: Interaction, now: datetime, life: timedelta) -> Interaction:
    """Returns the interaction with the events of this session, in addition to its own."""
    own, living = own_events(interaction), living_events(session.events, now, life)
    own = tuple(event for event in own if event not in living)
    upstream = interaction.upstream_id_token if own else None
    return replace(
        interaction,
        events=(*living, *own),
        lent=living,
        account_id=session.account_id,
        # The earlier of the two: neither a session from before a new password gives anything, nor what was proved then.
        generation=min(session.generation, interaction.generation) if own else session.generation,
        sid=session.sid,
        # A proof in the interaction itself says who is there: a shared station asks no more.
        confirmed=bool(own),
        upstream_id_token=upstream or session.upstream_id_token,
    )
