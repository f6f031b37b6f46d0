"""Revoked cards, and what happens when no source can say whether a card is revoked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration, running_demo
from tests.journeys import gestures as do
from tests.journeys.cards.test_cards_refused import fingerprint, refused
from tests.limits import within

Browse = Callable[..., Browser]
#: OCSP alone, asked at every login: its silence is the lack of any evidence.
NO_LISTS = ("CARD_CRL_URLS=", "CARD_ROOT_CRL_URLS=", "CARD_OCSP_GOOD_FOR=0")


def options(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


@pytest.fixture(scope="module")
def without_lists(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    with running_demo(tmp_path_factory.mktemp("no-lists"), *options(*NO_LISTS)) as running:
        yield running


@pytest.fixture(scope="module")
def bypassed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    settings = (*NO_LISTS, "CARD_REVOCATION_BYPASS_UNTIL=2099-01-01T00:00:00Z")
    with running_demo(tmp_path_factory.mktemp("bypassed"), *options(*settings)) as running:
        yield running


@contextmanager
def silent_responder(demo: Demonstration) -> Iterator[None]:
    port = (urlsplit(demo.issuer).port or 0) + 8
    switch = f"http://localhost:{port}/control"
    requests.post(switch, data="ocsp=silent", timeout=within(5)).raise_for_status()
    try:
        yield
    finally:
        requests.post(switch, data="ocsp=answering", timeout=within(5)).raise_for_status()


def card_events(demo: Demonstration) -> list[tuple[str, str]]:
    found = do.rows(demo, "SELECT event, facts FROM audit_events WHERE event LIKE 'card:%' ORDER BY id")
    return [(row["event"], row["facts"]) for row in found]


def test_opposed_card_is_refused_with_its_page_and_one_audit_event(
    demo: Demonstration, browse: Browse
) -> None:
    before = len(card_events(demo))
    browser = browse("revoked")
    do.arrive(browser, demo)
    page = do.by_card(browser)
    assert refused(page, "revoked")
    ((event, facts),) = card_events(demo)[before:]
    assert (event, json.loads(facts)["reason"]) == ("card:login:refused", "revoked")
    # A person tries a revoked card: the trail says which.
    assert json.loads(facts)["certificate"] == fingerprint(demo.card("revoked"))


def test_silence_of_the_responder_leaves_the_decision_to_the_list(
    demo: Demonstration, browse: Browse
) -> None:
    with silent_responder(demo):
        good, revoked = browse("nunez"), browse("revoked")
        do.arrive(good, demo)
        assert do.by_card(good).status == 200
        do.arrive(revoked, demo)
        assert refused(do.by_card(revoked), "revoked")


def test_without_any_evidence_no_card_signs_in_and_other_doors_stay_open(
    without_lists: Demonstration, browse: Browse
) -> None:
    browser = browse("martin", at=without_lists)
    do.arrive(browser, without_lists)
    with silent_responder(without_lists):
        page = do.by_card(browser)
        assert refused(page, "status_unknown")
        assert page.says("Votre carte n'est pas en cause")
        assert do.is_at_home(do.by_psc_card(browser, "martin"), without_lists)


def test_card_revoked_once_is_remembered_when_the_responder_falls_silent(
    without_lists: Demonstration, browse: Browse
) -> None:
    for _ in range(2):
        browser = browse("revoked", at=without_lists)
        do.arrive(browser, without_lists)
        assert refused(do.by_card(browser), "revoked")
    with silent_responder(without_lists):
        browser = browse("revoked", at=without_lists)
        do.arrive(browser, without_lists)
        assert refused(do.by_card(browser), "revoked")


def test_bypass_lets_the_holder_of_an_account_in_at_a_lower_acr_and_audits_it(
    bypassed: Demonstration, browse: Browse
) -> None:
    browser = browse("martin", at=bypassed)
    do.arrive(browser, bypassed)
    before = len(card_events(bypassed))
    with silent_responder(bypassed):
        assert do.is_at_home(do.by_card(browser), bypassed)
    claims = do.session(browser, bypassed)["id_token"]
    assert claims["acr"] == "urn:caducee:acr:cps-unchecked"
    (event,) = card_events(bypassed)[before:]
    assert event[0] == "card:status:bypassed"


def test_bypass_is_no_way_to_what_asks_for_a_card_nor_to_a_new_account(
    bypassed: Demonstration, browse: Browse
) -> None:
    with silent_responder(bypassed):
        asked = browse("martin", at=bypassed)
        do.arrive(asked, bypassed, acr_values="urn:caducee:acr:cps")
        assert refused(do.by_card(asked), "status_unknown")
        unknown = browse("nunez", at=bypassed)
        do.arrive(unknown, bypassed)
        assert refused(do.by_card(unknown), "status_unknown")
        revoked = browse("signature", at=bypassed)
        do.arrive(revoked, bypassed)
        assert refused(do.by_card(revoked), "wrong_certificate")


def test_checked_card_keeps_its_full_acr_while_the_bypass_is_open(
    bypassed: Demonstration, browse: Browse
) -> None:
    browser = browse("martin", at=bypassed)
    do.arrive(browser, bypassed)
    assert do.is_at_home(do.by_card(browser), bypassed)
    assert do.session(browser, bypassed)["id_token"]["acr"] == "urn:caducee:acr:cps"
