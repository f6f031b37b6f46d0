"""Contains how long each thing lives, and how far clocks may be apart. Not here: the mail code, the signing keys."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.declared import duration, seconds

_MINUTE, _HOUR, _DAY = seconds(60), seconds(3600), seconds(24 * 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeSettings:
    """Lives."""

    PREFIX: ClassVar[str] = ""

    code_life: timedelta = duration("An authorization code.", _MINUTE, source="facts/security §0.2")
    access_token_life: timedelta = duration("An access token.", 5 * _MINUTE, source="facts/security §0.2")
    id_token_life: timedelta = duration("An ID token.", 5 * _MINUTE, source="facts/security §0.2")
    refresh_token_idle: timedelta = duration(
        "A refresh token that is not used.", 30 * _MINUTE, source="facts/security §0.2"
    )
    refresh_grace: timedelta = duration(
        "A replaced refresh token of a public client is answered again for so long, while its successor is unused: the "
        "answer may have been lost. 0: never.",
        seconds(10),
        least=0,
        most=_MINUTE,
        source="docs/adr/0054",
    )
    session_idle: timedelta = duration(
        "An SSO session that is not used.", 30 * _MINUTE, source="facts/security §0.2"
    )
    session_life: timedelta = duration(
        "An SSO session, after its last authentication.", 4 * _HOUR, source="facts/security §0.2"
    )
    interaction_life: timedelta = duration(
        "One authorization request, until its code or its error.", 15 * _MINUTE, source="facts/security §0.2"
    )
    interaction_longest: timedelta = duration(
        "The same when the person asks for more time, from its begin.", 60 * _MINUTE
    )
    pushed_request_life: timedelta = duration(
        "A request left beforehand (RFC 9126).",
        _MINUTE,
        most=seconds(599),
        limits="1 or more, below 600 (FAPI 2.0)",
        source="facts/security FA1",
    )
    assertion_life: timedelta = duration(
        "Client assertions (`exp`).", 5 * _MINUTE, source="facts/security TK8"
    )
    request_object_life: timedelta = duration(
        "Request objects (`exp` after `nbf`; FAPI 2.0 Message Signing).", 60 * _MINUTE
    )
    dpop_proof_life: timedelta = duration("DPoP proofs (`iat`).", _MINUTE)
    dpop_nonce_life: timedelta = duration("DPoP nonces.", 5 * _MINUTE)
    logout_token_life: timedelta = duration(
        "Logout tokens.",
        2 * _MINUTE,
        most=seconds(120),
        limits="1 to 120 (Back-Channel Logout §2.4)",
        source="facts/security §0.2",
    )
    upstream_life: timedelta = duration(
        "One sign-in at Pro Santé Connect.", 10 * _MINUTE, source="facts/security §0.2"
    )
    fresh_proof_life: timedelta = duration(
        "A proof by card or Pro Santé Connect, for what matters in « Mon compte »: a new password, another mailbox.",
        10 * _MINUTE,
    )
    form_kept_life: timedelta = duration(
        "What was typed in a form of « Mon compte » that came too late, for the same person; never a password or code.",
        60 * _MINUTE,
    )
    card_attempt_life: timedelta = duration("One attempt with a card.", 10 * _MINUTE)
    card_presentation_life: timedelta = duration(
        "A card that was presented, until our page takes it: one redirect.", _MINUTE
    )
    audit_life: timedelta = duration(
        "The audit trail; then deleted.",
        365 * _DAY,
        # Decades are no mistake: an operator may keep it as long as medical records.
        most=100 * 365 * _DAY,
        source="facts/security §0.2",
    )

    @property
    def longest_token_life(self) -> timedelta:
        """Returns it: an ID Token may come back as `id_token_hint` for as long as its session lives."""
        return max(self.id_token_life, self.session_life)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSettings:
    """Clocks."""

    PREFIX: ClassVar[str] = "CLOCK_"

    skew: timedelta = duration(
        "How far another clock may be from ours.",
        seconds(60),
        least=0,
        most=seconds(3600),
        source="facts/security §0.2",
    )
    warning: timedelta = duration(
        "How far this node's clock may be from the database's (PostgreSQL) before the log warns.",
        seconds(5),
        least=1,
        most=seconds(3600),
        source="facts/security T52",
    )
    ahead: timedelta = duration(
        "How far ahead of ours a client's `iat` or `nbf` may be.",
        seconds(10),
        least=0,
        most=seconds(3600),
        source="facts/security §0.2",
    )
