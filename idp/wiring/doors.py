"""Contains by which doors somebody could sign in now, of what this service knows without asking anybody outside.

Not here: which doors there are (`itinerary`), what each proves (`interaction`), the verdict (`readiness`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.adapters.sql.passkeys import has_passkeys
from idp.adapters.sql.queues import SqlQueues
from idp.cards.anchors import IssuingAuthority
from idp.cards.trust import CardPolicy
from idp.core.heartbeats import CARD_HOST, Lane, is_dead
from idp.wiring.cards import build_crl_index
from idp.wiring.parts import Parts
from idp.wiring.resources import Resources

_NO_SIGN = "no card host gives a sign of life"


def shut_doors(parts: Parts) -> Mapping[str, str | None]:
    """Returns why nobody could come in by each door that the settings open; None: somebody could. Raises
    StoreUnavailable."""
    return dict(_doors(parts))


def open_doors(parts: Parts) -> dict[str, bool]:
    """Returns whether somebody could come in by each. Raises StoreUnavailable."""
    return {door: why is None for door, why in _doors(parts)}


def someone_could_sign_in(parts: Parts) -> bool:
    """Raises StoreUnavailable."""
    usable = {door for door, why in shut_doors(parts).items() if why is None}
    # Nobody begins with a passkey: it is added after another door.
    return bool(usable - {"passkey"}) or ("passkey" in usable and has_passkeys(parts.database))


def _doors(parts: Parts) -> Iterator[tuple[str, str | None]]:
    settings, upstream = parts.settings, parts.upstream
    issuer = settings.where.issuer
    if upstream is not None:
        yield (
            "psc",
            "it is down, or a setting keeps everybody out"
            if (upstream.is_out() or upstream.is_misconfigured())
            else None,
        )
    if parts.policy is not None:
        yield "cps", _why_no_card(parts.resources, parts.policy)
    if settings.password.door:
        # Where a passkey follows the password, no mail is needed.
        yield "password", None if settings.passkey.is_demanded_at(issuer) else why_no_mail(parts.resources)
    if settings.passkey.is_open_at(issuer):
        yield "passkey", None


def why_no_mail(resources: Resources) -> str | None:
    """Returns why no code by mail would arrive. A worker that ended in good order leaves no sign, and may be about to
    come back: then only what waits tells. Raises StoreUnavailable."""
    settings, now = resources.settings, resources.clock.now()
    if is_dead(SqlHeartbeats(resources.database).all(), str(Lane.MAILS), now):
        return "no worker gives a sign of life, so no mail is sent"
    oldest_at = SqlQueues(resources.database).mails(now).oldest_at
    if oldest_at is not None and now - oldest_at > settings.operations.mail_backlog:
        return f"no mail is sent: the oldest waits for {(now - oldest_at).total_seconds():.0f} s"
    return None


def why_no_card_host(resources: Resources) -> str | None:
    """Raises StoreUnavailable."""
    beats = SqlHeartbeats(resources.database).all()
    return _NO_SIGN if is_dead(beats, CARD_HOST, resources.clock.now()) else None


def _why_no_card(resources: Resources, policy: CardPolicy) -> str | None:
    settings, now = resources.settings, resources.clock.now()
    if (why := why_no_card_host(resources)) is not None:
        return why
    bypass = settings.revocation.bypass_until
    if bypass is not None and now < bypass:
        return None
    if any(_clearable(resources, policy, now)):
        return None
    return "no card can be cleared: a revocation list is missing or too old"


def _clearable(resources: Resources, policy: CardPolicy, now: datetime) -> Iterator[IssuingAuthority]:
    """Yields the authorities whose cards can be judged, if the responder answers where there is one."""
    settings = resources.settings
    revocation = settings.revocation
    issuing = policy.anchors.issuing
    names = frozenset(one.key_name for one in policy.anchors.all)
    lacking = build_crl_index(resources).lacking(names, now)
    for one in issuing:
        is_root_known = one.root is None or not revocation.root_crl_urls or one.root.key_name not in lacking
        is_asked = bool(revocation.ocsp_url) or one.key_name not in lacking
        if is_root_known and is_asked:
            yield one
