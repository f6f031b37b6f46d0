"""Contains what is wrong with the authorities of cards and with their revocation lists, in a line for the operator.

Not here: who tells it, the verdict on a card (`cards`).
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from idp.cards.anchors import AnchorsRefused
from idp.cards.pins import common_name
from idp.cards.trust import CardPolicy
from idp.settings import BadSetting, Settings
from idp.wiring.cards import build_card_policy, build_crl_index, trusted_certificates
from idp.wiring.resources import Resources

NO_AUTHORITY = "no authority is installed: no card can sign in (idp trust add FILE…)"
NO_LIST_COUNTS = "a revocation list is missing or too old (idp trust refresh, log of idp worker)"


def authority_faults(settings: Settings, now: datetime) -> Iterator[str]:
    try:
        policy = build_card_policy(settings)
    except (AnchorsRefused, BadSetting) as refusal:
        yield str(refusal)
        return
    if policy is None:
        yield NO_AUTHORITY
        return
    for certificate in trusted_certificates(settings):
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            yield f"{common_name(certificate)}: outside its validity, none of its cards can sign in"


def authority_warnings(settings: Settings, now: datetime) -> Iterator[str]:
    """Raises BadSetting."""
    for certificate in trusted_certificates(settings):
        left = certificate.not_valid_after_utc - now
        if now <= certificate.not_valid_after_utc <= now + settings.card.trust_warning:
            yield f"{common_name(certificate)}: ends in {left.days} days"
    if settings.card.accept_test_cards and not settings.where.is_on_loopback:
        yield f"{settings.where.issuer} lets test cards in, which anybody may hold (CADUCEE_CARD_ACCEPT_TEST_CARDS)"
    if not settings.revocation.root_crl_urls:
        yield "nobody would notice that an issuing authority was revoked (CADUCEE_CARD_ROOT_CRL_URLS)"
    until = settings.revocation.bypass_until
    if until is not None and now < until:
        yield f"cards of unknown status are let in until {_text(until)} (CADUCEE_CARD_REVOCATION_BYPASS_UNTIL)"


def lists_in_grace(resources: Resources, policy: CardPolicy, now: datetime) -> Iterator[str]:
    """Raises StoreUnavailable."""
    names = {one.key_name: one.name for one in policy.anchors.all}
    for known in build_crl_index(resources).in_force():
        if known.next_update < now and known.issuer_key_id in names:
            yield f"list of {names[known.issuer_key_id]}: outdated since {_text(known.next_update)}, in its grace"


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
