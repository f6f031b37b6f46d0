"""The steps of the suite's browser, played on our pages: every module with a script of its own, and the usual one.

The picture that a module wants is taken of the right page, once; nothing is left for a hand.
"""

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from sandbox.demo.driver import Browser
from tests.conformance.logout import RETURN, logout_request
from tests.conformance.relying_party import Completed, RelyingParty
from tests.conformance.scripted_browser import ScriptedBrowser, ScriptFault
from tests.conformance.suite import Suite
from tests.conformance.suite_configuration import SuiteConfiguration, configurations
from tests.conformance.tokens import without_signature

BASIC = "oidcc-basic-certification-test-plan"
LOGOUT = "oidcc-rp-initiated-logout-certification-test-plan"
_PRE = "oidcc-rp-initiated-logout"
PAGES = {"question": "Sign out?", "done": "You are signed out"}
#: What each module sends instead, and the page that it must have a picture of.
CHANGES: dict[str, tuple[Callable[[dict[str, str]], dict[str, str]], str]] = {
    f"{_PRE}-bad-post-logout-redirect-uri": (
        lambda sent: {**sent, "post_logout_redirect_uri": f"{sent['post_logout_redirect_uri']}/elsewhere"},
        "done",
    ),
    f"{_PRE}-query-added-to-post-logout-redirect-uri": (
        lambda sent: {**sent, "post_logout_redirect_uri": f"{sent['post_logout_redirect_uri']}?foo=bar"},
        "done",
    ),
    f"{_PRE}-modified-id-token-hint": (
        lambda sent: {**sent, "id_token_hint": without_signature(sent["id_token_hint"])},
        "question",
    ),
    f"{_PRE}-bad-id-token-hint": (
        lambda sent: {**sent, "id_token_hint": f"{sent['id_token_hint'][:-8]}AAAAAAAA"},
        "question",
    ),
    f"{_PRE}-no-id-token-hint": (lambda sent: without(sent, "id_token_hint"), "question"),
    f"{_PRE}-no-params": (lambda _sent: {}, "done"),
    f"{_PRE}-only-state": (lambda sent: without(sent, "id_token_hint", "post_logout_redirect_uri"), "done"),
    f"{_PRE}-no-post-logout-redirect-uri": (lambda sent: without(sent, "post_logout_redirect_uri"), "done"),
}


def without(sent: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in sent.items() if name not in names}


@pytest.fixture
def window(suite: Suite) -> Iterator[Browser]:
    """With no cookie yet, in the language of the suite's browser."""
    language = {"Accept-Language": "en-US"}
    with Browser(ca_bundle=suite.demo.ready["ca_bundle"], headers=language) as new:
        yield new


def address(party: RelyingParty, endpoint: str, sent: dict[str, str]) -> str:
    return (
        f"{party.metadata[endpoint]}?{urlencode(sent, safe=':/')}" if sent else str(party.metadata[endpoint])
    )


def signed_in(party: RelyingParty, scripted: ScriptedBrowser) -> Completed:
    """The module's first sign-in, which wants no picture."""
    sent, mark = party.request(), party.receiver.mark()
    scripted.visit(address(party, "authorization_endpoint", sent))
    (came,) = party.receiver.since(mark, "/callback")
    return party.finish(party.read(sent, came))


@pytest.fixture
def plan(suite: Suite) -> Callable[[str], SuiteConfiguration]:
    return configurations(suite).__getitem__


def test_the_usual_steps_sign_in_and_out(
    party: RelyingParty, window: Browser, plan: Callable[[str], SuiteConfiguration]
) -> None:
    scripted = plan(LOGOUT).browser(window)
    done = signed_in(party, scripted)
    mark = party.receiver.mark()
    scripted.visit(address(party, "end_session_endpoint", logout_request(party, done)))
    assert len(party.receiver.since(mark, RETURN)) == 1
    assert scripted.taken == ["Login and password", "The code of the mail", *["Back at the suite"] * 2]
    assert scripted.pictures == []


@pytest.mark.parametrize(
    ("module", "changes"),
    [("oidcc-prompt-login", {"prompt": "login"}), ("oidcc-max-age-1", {"max_age": "0"})],
)
def test_the_second_sign_in_is_seen(
    party: RelyingParty,
    window: Browser,
    plan: Callable[[str], SuiteConfiguration],
    module: str,
    changes: dict[str, str],
) -> None:
    scripted = plan(BASIC).browser(window, module)
    signed_in(party, scripted)
    assert scripted.pictures == []
    mark = party.receiver.mark()
    sent = party.request(**changes)
    scripted.visit(address(party, "authorization_endpoint", sent), wants_picture=True)
    assert len(scripted.pictures) == 1
    assert len(party.receiver.since(mark, "/callback")) == 1


def test_an_unregistered_address_is_seen_refused(
    party: RelyingParty, window: Browser, plan: Callable[[str], SuiteConfiguration]
) -> None:
    scripted = plan(BASIC).browser(window, "oidcc-ensure-registered-redirect-uri")
    sent = party.request(redirect_uri=f"{party.redirect_uri}/elsewhere")
    scripted.visit(address(party, "authorization_endpoint", sent), wants_picture=True)
    assert (len(scripted.pictures), window.page.status) == (1, 400)


@pytest.mark.parametrize("module", CHANGES)
def test_the_page_of_a_sign_out_is_seen(
    party: RelyingParty, window: Browser, plan: Callable[[str], SuiteConfiguration], module: str
) -> None:
    changed, page = CHANGES[module]
    scripted = plan(LOGOUT).browser(window, module)
    sent = changed(logout_request(party, signed_in(party, scripted)))
    mark = party.receiver.mark()
    scripted.visit(address(party, "end_session_endpoint", sent), wants_picture=True)
    assert len(scripted.pictures) == 1
    assert scripted.pictures[0].startswith(PAGES[page])
    assert party.receiver.arrivals[mark:] == []


def test_every_module_with_steps_of_its_own_is_played_here(plan: Callable[[str], SuiteConfiguration]) -> None:
    assert set(plan(LOGOUT).content["override"]) == set(CHANGES)
    assert set(plan(BASIC).content["override"]) == {
        *("oidcc-prompt-login", "oidcc-max-age-1", "oidcc-ensure-registered-redirect-uri"),
    }


def test_a_page_that_a_script_does_not_expect_fails_the_module(
    party: RelyingParty, window: Browser, plan: Callable[[str], SuiteConfiguration]
) -> None:
    """And does not wait for ever: the way of an unregistered address, with the usual steps."""
    scripted = plan(BASIC).browser(window)
    sent = party.request(redirect_uri=f"{party.redirect_uri}/elsewhere")
    with pytest.raises(ScriptFault, match="Back at the suite"):
        scripted.visit(address(party, "authorization_endpoint", sent))
