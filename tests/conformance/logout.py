"""Signing out as the suite does it: the request it makes, the ways it may be answered, and the proof that it is over.

RP-Initiated Logout 1.0 §2 and §3.
"""

import secrets
from urllib.parse import urlsplit

from sandbox.demo.driver import Page
from tests.conformance.receiver import Arrival
from tests.conformance.relying_party import Completed, RelyingParty
from tests.conformance.visitor import Visitor

RETURN = "/post_logout_redirect"
#: What the suite accepts of `prompt=none` once nobody is signed in (Core §3.1.2.6).
NOBODY = {"interaction_required", "login_required", "account_selection_required", "consent_required"}


def logout_request(party: RelyingParty, done: Completed, **changes: str | None) -> dict[str, str]:
    ordinary = {
        "id_token_hint": done.id_token.raw,
        "post_logout_redirect_uri": party.client["post_logout_redirect_uris"][0],
        "state": secrets.token_hex(64),
    }
    return {name: value for name, value in {**ordinary, **changes}.items() if value is not None}


def sign_out(party: RelyingParty, visitor: Visitor, sent: dict[str, str]) -> tuple[Page, list[Arrival]]:
    """The page that is left, and what came to the post-logout address meanwhile."""
    mark = party.receiver.mark()
    page = visitor.visit(party.metadata["end_session_endpoint"], sent)
    return page, party.receiver.since(mark, RETURN)


def confirm(party: RelyingParty, visitor: Visitor) -> tuple[Page, list[Arrival]]:
    """« Yes, sign me out »: the one form of the page."""
    (form,) = (form for form in visitor.browser.page.document.forms if form.method == "post")
    mark = party.receiver.mark()
    page = visitor.browser.submit(form.buttons[0].words)
    return page, party.receiver.since(mark, RETURN)


def check_stayed(party: RelyingParty, page: Page, came: list[Arrival]) -> None:
    """No redirect: a page of the provider's, which says something."""
    assert came == []
    assert page.origin == party.suite.demo.issuer
    assert page.title.strip()
    assert page.status < 500


def check_return(came: list[Arrival], state: str | None) -> None:
    (arrival,) = came
    assert arrival.method == "GET"
    assert arrival.query == ([] if state is None else [("state", state)])


def is_signed_in(party: RelyingParty, visitor: Visitor) -> bool:
    """Asked silently, with a state that the error must not cut."""
    party.state_length = 128
    answer = party.authorize(visitor, party.request(prompt="none"))
    if "error" not in answer.parameters:
        return bool(party.granted(answer))
    assert party.refused(answer) in NOBODY
    return False


def is_https(address: str) -> bool:
    return urlsplit(address).scheme == "https"
