"""oidcc-frontchannel-rp-initiated-logout-certification-test-plan: OpenID Connect Front-Channel Logout 1.0.

The frames are loaded by real Chromium, without JavaScript.
"""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from tests.browser.conftest import Window
from tests.browser.conftest import chromium as chromium  # a fixture, on the demo below
from tests.conformance.logout import RETURN, check_return, is_https, logout_request
from tests.conformance.relying_party import RelyingParty
from tests.conformance.suite import Suite
from tests.demonstration import Demonstration

FRAME = "/frontchannel_logout"


@pytest.fixture
def demo(suite: Suite) -> Demonstration:
    return suite.demo


def test_oidcc_frontchannel_logout_discovery_endpoint_verification(party: RelyingParty) -> None:
    assert party.metadata["frontchannel_logout_supported"] is True
    # Certification asks for `sid` in ID Token and logout request.
    assert party.metadata["frontchannel_logout_session_supported"] is True
    assert is_https(party.metadata["end_session_endpoint"])


def test_oidcc_frontchannel_rp_initiated_logout(
    party_of: Callable[[str], RelyingParty], chromium: Callable[..., Window]
) -> None:
    party, window = party_of("frontchannel"), chromium()
    sent = party.request()
    mark = party.receiver.mark()
    window.open(f"{party.metadata['authorization_endpoint']}?{urlencode(sent)}")
    window.fill("username", party.suite.person["login"])
    window.fill("current-password", party.suite.person["password"])
    window.press("Se connecter")
    window.fill("one-time-code", party.suite.person["code"])
    window.press("Valider")
    done = party.finish(party.read(sent, party.receiver.wait_for(mark, "/callback")))

    asked = logout_request(party, done)
    mark = party.receiver.mark()
    window.open(f"{party.metadata['end_session_endpoint']}?{urlencode(asked)}")
    frame = party.receiver.wait_for(mark, FRAME)
    # §2: `iss` and `sid`, and nothing that nobody asked for.
    assert frame.method == "GET"
    assert sorted(frame.query) == sorted(
        [("iss", party.metadata["issuer"]), ("sid", done.id_token.claims["sid"])]
    )
    came = party.receiver.wait_for(mark, RETURN)
    check_return([came], asked["state"])

    silent = party.request(prompt="none")
    mark = party.receiver.mark()
    window.open(f"{party.metadata['authorization_endpoint']}?{urlencode(silent)}")
    answer = party.read(silent, party.receiver.wait_for(mark, "/callback"))
    assert party.refused(answer) == "login_required"
