"""oidcc-rp-initiated-logout-certification-test-plan.

Where the suite asks for a screenshot of an error or of a question, these go on: the question is answered, nothing
reaches the relying party that it did not prove itself for, and the person is signed out.
"""

import json
import time

from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

from sandbox.demo.driver import Page
from tests.conformance.logout import (
    check_return,
    check_stayed,
    confirm,
    is_https,
    is_signed_in,
    logout_request,
    sign_out,
)
from tests.conformance.receiver import Arrival
from tests.conformance.relying_party import Completed, RelyingParty
from tests.conformance.tokens import without_signature
from tests.conformance.visitor import Visitor


def check_asked_first(party: RelyingParty, visitor: Visitor, page: Page, came: list[Arrival]) -> None:
    """§2: the person is asked, still signed in; then signed out, without a redirect."""
    check_stayed(party, page, came)
    assert is_signed_in(party, visitor)
    visitor.browser.get(page.url)
    check_stayed(party, *confirm(party, visitor))
    assert not is_signed_in(party, visitor)


def check_said_here(party: RelyingParty, visitor: Visitor, page: Page, came: list[Arrival]) -> None:
    """An error on the page instead of the redirect; the hint was good, so the session is over (§4)."""
    check_stayed(party, page, came)
    assert page.says("à une adresse qu'elle n'a pas déclarée")
    assert not is_signed_in(party, visitor)


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(party: RelyingParty) -> None:
    assert is_https(party.metadata["end_session_endpoint"])


def test_oidcc_rp_initiated_logout(party: RelyingParty, visitor: Visitor) -> None:
    sent = logout_request(party, party.complete(visitor))
    _page, came = sign_out(party, visitor, sent)
    check_return(came, sent["state"])
    assert not is_signed_in(party, visitor)


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(
    party: RelyingParty, visitor: Visitor
) -> None:
    elsewhere = f"{party.suite.address}/post_logout_redirect/elsewhere"
    mark = party.receiver.mark()
    sent = logout_request(party, party.complete(visitor), post_logout_redirect_uri=elsewhere)
    check_said_here(party, visitor, *sign_out(party, visitor, sent))
    assert party.receiver.since(mark, "/post_logout_redirect/elsewhere") == []


def test_oidcc_rp_initiated_logout_modified_id_token_hint(party: RelyingParty, visitor: Visitor) -> None:
    done = party.complete(visitor)
    sent = logout_request(party, done, id_token_hint=without_signature(done.id_token.raw))
    check_asked_first(party, visitor, *sign_out(party, visitor, sent))


def test_oidcc_rp_initiated_logout_no_id_token_hint(party: RelyingParty, visitor: Visitor) -> None:
    sent = logout_request(party, party.complete(visitor), id_token_hint=None)
    check_asked_first(party, visitor, *sign_out(party, visitor, sent))


def test_oidcc_rp_initiated_logout_no_params(party: RelyingParty, visitor: Visitor) -> None:
    party.complete(visitor)
    check_asked_first(party, visitor, *sign_out(party, visitor, {}))


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(party: RelyingParty, visitor: Visitor) -> None:
    sent = logout_request(party, party.complete(visitor), post_logout_redirect_uri=None)
    check_stayed(party, *sign_out(party, visitor, sent))
    assert not is_signed_in(party, visitor)


def test_oidcc_rp_initiated_logout_no_state(party: RelyingParty, visitor: Visitor) -> None:
    sent = logout_request(party, party.complete(visitor), state=None)
    _page, came = sign_out(party, visitor, sent)
    check_return(came, None)
    assert not is_signed_in(party, visitor)


def test_oidcc_rp_initiated_logout_only_state(party: RelyingParty, visitor: Visitor) -> None:
    done = party.complete(visitor)
    sent = logout_request(party, done, id_token_hint=None, post_logout_redirect_uri=None)
    check_asked_first(party, visitor, *sign_out(party, visitor, sent))


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(
    party: RelyingParty, visitor: Visitor
) -> None:
    changed = f"{party.client['post_logout_redirect_uris'][0]}?foo=bar"
    sent = logout_request(party, party.complete(visitor), post_logout_redirect_uri=changed)
    check_said_here(party, visitor, *sign_out(party, visitor, sent))


def test_oidcc_rp_initiated_logout_bad_id_token_hint(party: RelyingParty, visitor: Visitor) -> None:
    done = party.complete(visitor)
    sent = logout_request(party, done, id_token_hint=signed_by_the_suite(party, done))
    check_asked_first(party, visitor, *sign_out(party, visitor, sent))


def signed_by_the_suite(party: RelyingParty, done: Completed) -> str:
    """The very claims of our ID Token, and its `kid`, under a key of nobody's."""
    key = JWK.generate(kty="RSA", size=2048)
    now = int(time.time())
    claims = {**done.id_token.claims, "iat": now, "exp": now + 300}
    token = JWT(header={"alg": "RS256", "kid": done.id_token.header["kid"]}, claims=json.dumps(claims))
    token.make_signed_token(key)
    assert party.metadata["issuer"] == claims["iss"]
    return str(token.serialize())
