"""Contains what is asked of the authorities of cards, of their lists and of the OCSP responder. Not here: the card
host."""

from collections.abc import Iterator
from functools import partial

from cryptography import x509

from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.cards.trust import CardPolicy
from idp.core.finding import Inquiry, Told, amber, green, red
from idp.core.heartbeats import CARD_HOST
from idp.settings import Settings
from idp.wiring.card_trust import NO_LIST_COUNTS, authority_faults, authority_warnings, lists_in_grace
from idp.wiring.cards import build_card_policy, build_list_check, build_ocsp, trusted_certificates
from idp.wiring.doctor.hand import Hand
from idp.wiring.doctor.stores import DATABASE

AUTHORITIES = "authorities of cards"
_NEEDS = ("CARD_",)
_REMEDY = "`idp trust list`, `idp trust add FILE…`: docs/operate.md, Whose cards are trusted"
_LISTS = "`idp trust refresh`, and the way out of the worker: docs/operate.md, Revoked cards"
_NO_DOOR = "none is installed: the card door is not there"


def card_inquiries(hand: Hand) -> Iterator[Inquiry]:
    yield Inquiry(name=AUTHORITIES, look=partial(_authorities, hand), needs=_NEEDS, remedy=_REMEDY)
    yield Inquiry(
        name="revocation lists",
        look=partial(_lists, hand),
        after=(AUTHORITIES, DATABASE),
        needs=(*_NEEDS, "DATABASE"),
    )
    yield Inquiry(
        name="card host", look=partial(_host, hand), after=(AUTHORITIES, DATABASE), needs=("DATABASE",)
    )
    yield Inquiry(name="OCSP responder", look=partial(_responder, hand), after=(AUTHORITIES,), needs=_NEEDS)


def is_without_cards(settings: Settings) -> bool:
    """Raises BadSetting."""
    return not trusted_certificates(settings)


def _authorities(hand: Hand) -> Iterator[Told]:
    settings, now = hand.settings, hand.now()
    if is_without_cards(settings):
        yield green(_NO_DOOR)
        return
    faults, warnings = list(authority_faults(settings, now)), list(authority_warnings(settings, now))
    for text in faults:
        yield red(text, _REMEDY)
    for text in warnings:
        yield amber(text, _REMEDY)
    if not (faults or warnings):
        yield green("all within their validity, and pinned")


def _policy(hand: Hand) -> CardPolicy | None:
    parts = hand.parts
    return parts.policy if parts is not None else build_card_policy(hand.settings)


def _lists(hand: Hand) -> Iterator[Told]:
    settings, policy, resources = hand.settings, _policy(hand), hand.resources()
    revocation = settings.revocation
    if policy is None or not (revocation.crl_urls or revocation.root_crl_urls):
        yield green(_NO_DOOR if policy is None else "none is asked for: the OCSP responder alone is asked")
        return
    if build_list_check(resources, policy)():
        # With a responder that answers, cards go on: only an authority that is itself to be cleared stops them.
        is_alone = not revocation.ocsp_url or bool(revocation.root_crl_urls)
        yield red(NO_LIST_COUNTS, _LISTS) if is_alone else amber(NO_LIST_COUNTS, _LISTS)
        return
    old = list(lists_in_grace(resources, policy, hand.now()))
    for text in old:
        yield amber(text, _LISTS)
    if not old:
        yield green("each counts")


def _host(hand: Hand) -> Iterator[Told]:
    signs = [beat for beat in SqlHeartbeats(hand.database).all() if beat.lane == CARD_HOST]
    if is_without_cards(hand.settings):
        yield green(_NO_DOOR)
    elif any(beat.is_alive(hand.now()) for beat in signs):
        yield green("it gives signs of life")
    else:
        yield red(
            "none gives a sign of life: no card signs in", "start `idp card-host`; after an upgrade, anew"
        )


def _responder(hand: Hand) -> Iterator[Told]:
    settings, policy = hand.settings, _policy(hand)
    ocsp = build_ocsp(settings)
    if policy is None or ocsp is None:
        yield green(_NO_DOOR if policy is None else "none is set up: the revocation lists alone are asked")
        return
    issuing = policy.anchors.issuing
    why = ocsp.why_silent(x509.load_der_x509_certificate(issuing[0].der)) if issuing else None
    remedy = "the way out to it, CADUCEE_CARD_OCSP_URL; its operator publishes outages"
    if why is None:
        yield green("it answers")
    elif settings.revocation.crl_urls:
        yield amber(f"{why}: the lists alone clear cards", remedy)
    else:
        yield red(f"{why}: no card signs in", remedy)
