"""Contains what a verified answer of Pro Santé Connect proves, as records of ours. Not here: its verification."""

from datetime import datetime

from idp.accounts.account import ProvedIdentity
from idp.interaction.record import AuthenticationEvent
from idp.interaction.upstream import UpstreamLogin


def identity_of(login: UpstreamLogin, rpps: str, now: datetime) -> ProvedIdentity:
    return ProvedIdentity(
        rpps=rpps,
        family_name=login.family_name,
        given_name=login.given_name,
        profession=login.profession,
        specialities=login.specialities,
        source="psc",
        verified_at=now,
        evidence=login.subject,
        stated_at=min(login.auth_time, now),
    )


def event_of_login(login: UpstreamLogin, at: datetime) -> AuthenticationEvent:
    """`at`: when the person was identified there (`psc_freshness`)."""
    return AuthenticationEvent(
        authenticator="psc",
        amr=login.amr,
        at=at,
        upstream_acr=login.acr,
        upstream_auth_mode=login.auth_mode,
        upstream_sid=login.sid,
        is_moment_told=login.is_auth_time_told,
    )
