"""The test IGC, made once in memory, and what the card room needs around it."""

import pytest

from idp.cards.anchors import load_anchors
from idp.cards.trust import CardPolicy
from sandbox.igc.issuing import Igc, make_igc, new_key
from tests.cards.factory import NOW, CardFactory, RevocationTable, pem
from tests.made_once import stock_of_keys


@pytest.fixture(scope="session")
def igc() -> Igc:
    return make_igc(NOW, "http://localhost:1/igc", stock_of_keys())


@pytest.fixture(scope="session")
def cards(igc: Igc) -> CardFactory:
    return CardFactory(igc, (new_key(), new_key()))


@pytest.fixture
def revocation() -> RevocationTable:
    return RevocationTable()


@pytest.fixture(scope="session")
def policy(igc: Igc) -> CardPolicy:
    """The demo's policy: FORT PERSONNES pinned, test cards in, employees out."""
    anchors = load_anchors([pem(igc.root.certificate), pem(igc.issuing.certificate)])
    return CardPolicy(anchors=anchors, accept_test_cards=True, accept_employee_cards=False)
