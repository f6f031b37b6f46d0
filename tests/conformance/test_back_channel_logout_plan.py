"""oidcc-backchannel-rp-initiated-logout-certification-test-plan: OpenID Connect Back-Channel Logout 1.0."""

import time
from collections.abc import Callable

from tests.conformance.logout import check_return, is_https, is_signed_in, logout_request, sign_out
from tests.conformance.relying_party import RelyingParty
from tests.conformance.tokens import read_token
from tests.conformance.visitor import Visitor

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def test_oidcc_backchannel_logout_discovery_endpoint_verification(party: RelyingParty) -> None:
    assert party.metadata["backchannel_logout_supported"] is True
    # Certification asks for `sid` in ID Token and logout token.
    assert party.metadata["backchannel_logout_session_supported"] is True
    assert is_https(party.metadata["end_session_endpoint"])


def test_oidcc_backchannel_rp_initiated_logout(
    party_of: Callable[[str], RelyingParty], visitor: Visitor
) -> None:
    party = party_of("backchannel")
    done = party.complete(visitor)
    mark = party.receiver.mark()
    sent = logout_request(party, done)
    _page, came = sign_out(party, visitor, sent)
    check_return(came, sent["state"])
    call = party.receiver.wait_for(mark, "/backchannel_logout")

    # §2.5: POST, urlencoded, the token and nothing else.
    assert call.method == "POST"
    assert call.content_type.split(";")[0] == "application/x-www-form-urlencoded"
    assert [name for name, _value in call.form] == ["logout_token"]
    assert call.query == []
    check_logout_token(party, dict(call.form)["logout_token"], done.id_token.claims)
    assert not is_signed_in(party, visitor)


def check_logout_token(party: RelyingParty, raw: str, id_token: dict[str, object]) -> None:
    """§2.4 and §2.6; its life as in ASVS 10.5.5."""
    token = read_token(raw, party.keys())
    assert token.header["typ"] == "logout+jwt"
    claims = token.claims
    assert claims["iss"] == party.metadata["issuer"]
    assert claims["aud"] == party.client["client_id"]
    assert abs(claims["iat"] - time.time()) < 60
    assert 0 < claims["exp"] - claims["iat"] <= 120
    assert claims["jti"]
    assert claims["events"] == {EVENT: {}}
    assert claims["sid"] == id_token["sid"]
    assert claims.get("sub", id_token["sub"]) == id_token["sub"]
    assert "nonce" not in claims
