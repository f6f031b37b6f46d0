"""A person signs out at Pro Santé Connect: the session here that came from it ends, and only that one."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import requests

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.limits import within

Browse = Callable[..., Browser]


def test_sign_out_there_ends_the_session_here(demo: Demonstration, browse: Browse) -> None:
    account = next(one for one in demo.ready["accounts"] if one["charter"] == "accepted")
    party = OwnParty.of(demo)
    by_psc, by_card = browse(), browse("martin")
    party.ask(by_psc)
    tokens = party.tokens(do.by_ecps(by_psc, account["rpps"]))
    party.ask(by_card)
    do.by_card(by_card)
    control = f"http://localhost:{urlsplit(demo.ready['psc']['issuer']).port}/simulateur/api"
    requests.post(f"{control}/end-sessions", timeout=within(10)).raise_for_status()
    deadline = time.monotonic() + within(20)
    while party.answer(party.ask(by_psc, prompt="none")).get("error") != "login_required":
        assert time.monotonic() < deadline, "no logout token came"
    assert party.userinfo(tokens["access_token"]).status_code == 401
    assert "code" in party.answer(party.ask(by_card, prompt="none"))
