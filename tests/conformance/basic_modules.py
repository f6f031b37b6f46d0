"""The modules of the Basic OP plan, which the Form Post Basic plan runs again with its own response mode.

A plan's file imports those it lists and says in a fixture `party` how answers come.
"""

import json
import re
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256

from tests.conformance.conftest import Early
from tests.conformance.relying_party import Completed, RelyingParty
from tests.conformance.tokens import bits_of, check_standard_claims, half_hash
from tests.conformance.visitor import Visitor

#: Core §3.1.2.6: the errors that say a page would be needed.
NEEDS_A_PAGE = {
    *("interaction_required", "login_required", "account_selection_required", "consent_required"),
}
#: Core §5.4, without what the person of the suite does not have.
PROFILE = {"name", "family_name", "given_name", "locale"}
EMAIL = {"email", "email_verified"}


def b64u(text: bytes) -> str:
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def unsigned(claims: dict[str, str]) -> str:
    """A request object under `alg: none` (Core §6.1)."""
    return f"{b64u(json.dumps({'alg': 'none'}).encode())}.{b64u(json.dumps(claims).encode())}."


def ask_for(party: RelyingParty, visitor: Visitor, scope: str) -> Completed:
    """What every scope module does: claims of the right types, and only those asked for beside `sub`."""
    done = party.complete(visitor, scope=scope)
    check_standard_claims(done.userinfo)
    return done


def test_oidcc_server(party: RelyingParty, visitor: Visitor) -> None:
    done = party.complete(visitor)
    code = done.answer.parameters["code"]
    # RFC 6749 §10.10: at least 128 bits, by length and by the entropy of its characters.
    assert len(code) >= 22
    assert bits_of(code) >= 96
    assert done.id_token.claims.get("at_hash") == half_hash(done.access_token)
    assert done.id_token.claims.get("c_hash", half_hash(code)) == half_hash(code)
    # Core §5.4: claims of scopes come from userinfo; nobody asked for any here.
    assert "name" not in done.id_token.claims


def test_oidcc_response_type_missing(party: RelyingParty, visitor: Visitor) -> None:
    answer = party.authorize(visitor, party.request(response_type=None))
    assert party.refused(answer) in {"invalid_request", "unsupported_response_type"}


def test_oidcc_idtoken_signature(party: RelyingParty, visitor: Visitor) -> None:
    """Not applicable: no dynamic registration. The property holds for our clients: RS256, with `kid`."""
    assert "registration_endpoint" not in party.metadata
    header = party.complete(visitor).id_token.header
    assert header["alg"] == "RS256"
    assert header["kid"]


def test_oidcc_idtoken_unsigned(party: RelyingParty) -> None:
    """Not applicable: `none` is not offered, and there is no registration to ask for it."""
    assert "none" not in party.metadata["id_token_signing_alg_values_supported"]
    assert "registration_endpoint" not in party.metadata


def test_oidcc_userinfo_get(party: RelyingParty, visitor: Visitor) -> None:
    done = party.complete(visitor)
    answer = party.userinfo(done.access_token)
    check_standard_claims(party.claims_of(answer, done.id_token.claims["sub"]))


def test_oidcc_userinfo_post_header(party: RelyingParty, visitor: Visitor) -> None:
    done = party.complete(visitor)
    header = {"Authorization": f"Bearer {done.access_token}"}
    answer = party.suite.call("POST", party.metadata["userinfo_endpoint"], headers=header)
    party.claims_of(answer, done.id_token.claims["sub"])


def test_oidcc_userinfo_post_body(party: RelyingParty, visitor: Visitor) -> None:
    done = party.complete(visitor)
    body = {"access_token": done.access_token}
    answer = party.suite.call("POST", party.metadata["userinfo_endpoint"], data=body)
    party.claims_of(answer, done.id_token.claims["sub"])


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(
    party: RelyingParty, visitor: Visitor
) -> None:
    assert "nonce" not in party.complete(visitor, nonce=None).id_token.claims


def test_oidcc_scope_profile(party: RelyingParty, visitor: Visitor) -> None:
    done = ask_for(party, visitor, "openid profile")
    assert set(done.userinfo) == {"sub", *PROFILE}


def test_oidcc_scope_email(party: RelyingParty, visitor: Visitor) -> None:
    done = ask_for(party, visitor, "openid email")
    assert set(done.userinfo) == {"sub", *EMAIL}


def test_oidcc_scope_address(party: RelyingParty, visitor: Visitor) -> None:
    done = ask_for(party, visitor, "openid address")
    assert set(done.userinfo) == {"sub", "address"}
    assert "\n" in done.userinfo["address"]["formatted"]


def test_oidcc_scope_phone(party: RelyingParty, visitor: Visitor) -> None:
    assert "phone" not in party.metadata["scopes_supported"]
    done = ask_for(party, visitor, "openid phone")
    # Nobody is asked for a number: a scope that is not served is ignored (RFC 6749 §3.3).
    assert set(done.userinfo) == {"sub"}


def test_oidcc_scope_all(party: RelyingParty, visitor: Visitor) -> None:
    done = ask_for(party, visitor, "openid profile email address phone")
    assert {"sub", *PROFILE, *EMAIL, "address"} <= set(done.userinfo)


def test_oidcc_ensure_other_scope_order_succeeds(party: RelyingParty, visitor: Visitor) -> None:
    done = ask_for(party, visitor, "email openid")
    assert set(done.userinfo) == {"sub", *EMAIL}


def test_oidcc_alternate_happy_flow(party: RelyingParty, visitor: Visitor) -> None:
    sent = dict(reversed(party.request(scope="email openid").items()))
    done = party.finish(party.authorize(visitor, sent))
    assert set(done.userinfo) == {"sub", *EMAIL}


def test_oidcc_display_page(party: RelyingParty, visitor: Visitor) -> None:
    party.complete(visitor, display="page")
    assert "current_password" in visitor.asked


def test_oidcc_display_popup(party: RelyingParty, visitor: Visitor) -> None:
    party.complete(visitor, display="popup")
    assert "current_password" in visitor.asked


def test_oidcc_prompt_login(party: RelyingParty, visitor: Visitor) -> None:
    first = party.complete(visitor)
    _to_the_next_second(first)
    second = party.complete(visitor, prompt="login")
    assert visitor.asked == ["current_password", "one_time_code"]
    assert second.id_token.claims["auth_time"] > first.id_token.claims["auth_time"]
    assert second.id_token.claims["sub"] == first.id_token.claims["sub"]


def test_oidcc_prompt_none_not_logged_in(party: RelyingParty, visitor: Visitor) -> None:
    party.state_length = 128
    answer = party.authorize(visitor, party.request(prompt="none"))
    assert party.refused(answer) in NEEDS_A_PAGE
    assert visitor.asked == []


def test_oidcc_prompt_none_logged_in(party: RelyingParty, visitor: Visitor) -> None:
    first = party.complete(visitor)
    _check_same_sign_in(first, party.complete(visitor, prompt="none"), visitor)


def test_oidcc_max_age_1(party: RelyingParty, visitor: Visitor) -> None:
    first = party.complete(visitor)
    time.sleep(2)  # the module's own pause: the sign-in must be older than max_age
    began = time.time()
    second = party.complete(visitor, max_age="1")
    assert visitor.asked == ["current_password", "one_time_code"]
    assert second.id_token.claims["auth_time"] > first.id_token.claims["auth_time"]
    assert second.id_token.claims["auth_time"] >= int(began)


def test_oidcc_max_age_10000(party: RelyingParty, visitor: Visitor) -> None:
    first = party.complete(visitor, max_age="15000")
    assert "auth_time" in first.id_token.claims
    _check_same_sign_in(first, party.complete(visitor, max_age="10000"), visitor)


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(party: RelyingParty, visitor: Visitor) -> None:
    party.complete(visitor, extra="foobar")


def test_oidcc_id_token_hint(party: RelyingParty, visitor: Visitor) -> None:
    first = party.complete(visitor)
    second = party.complete(visitor, prompt="none", id_token_hint=first.id_token.raw)
    _check_same_sign_in(first, second, visitor)


def test_oidcc_login_hint(party: RelyingParty, visitor: Visitor) -> None:
    party.complete(visitor, login_hint="buffy@localhost")


def test_oidcc_ui_locales(party: RelyingParty, visitor: Visitor) -> None:
    party.complete(visitor, ui_locales="se")


def test_oidcc_claims_locales(party: RelyingParty, visitor: Visitor) -> None:
    party.complete(visitor, claims_locales="se")


def test_oidcc_ensure_request_with_acr_values_succeeds(party: RelyingParty, visitor: Visitor) -> None:
    supported = party.metadata["acr_values_supported"]
    done = party.complete(visitor, acr_values=" ".join(supported))
    assert done.id_token.claims["acr"] in supported


def test_oidcc_codereuse(party: RelyingParty, visitor: Visitor) -> None:
    done = party.complete(visitor)
    again = party.redeem(done.answer.parameters["code"])
    assert party.refused_tokens(again) == "invalid_grant"


def test_oidcc_ensure_registered_redirect_uri(party: RelyingParty, visitor: Visitor) -> None:
    mark = party.receiver.mark()
    elsewhere = f"{party.redirect_uri}/{secrets.token_hex(8)}"
    page = visitor.visit(party.metadata["authorization_endpoint"], party.request(redirect_uri=elsewhere))
    assert page.status == 400
    assert page.origin == party.suite.demo.issuer
    assert page.title.strip()
    assert party.receiver.arrivals[mark:] == []


def test_oidcc_ensure_post_request_succeeds(party: RelyingParty, visitor: Visitor) -> None:
    party.complete(visitor, by_post=True)


def test_oidcc_server_client_secret_post(party_of: Callable[[str], RelyingParty], visitor: Visitor) -> None:
    party = party_of("client_secret_post")
    assert party.client["token_endpoint_auth_method"] == "client_secret_post"
    assert "client_secret_post" in party.metadata["token_endpoint_auth_methods_supported"]
    party.complete(visitor)


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    party: RelyingParty, visitor: Visitor
) -> None:
    """Not applicable: no dynamic registration of `request_uris`. A request_uri is refused, as the metadata says."""
    assert "registration_endpoint" not in party.metadata
    assert party.metadata["request_uri_parameter_supported"] is False
    mark = party.receiver.mark()
    answer = party.authorize(visitor, party.request(request_uri=f"{party.suite.address}/request"))
    assert party.refused(answer) == "request_uri_not_supported"
    assert party.receiver.since(mark, "/request") == [], "the provider fetched it"


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    party: RelyingParty, visitor: Visitor
) -> None:
    """Skipped by the suite when `none` is not offered; ours is refused with the code made for it."""
    assert "none" not in party.metadata.get("request_object_signing_alg_values_supported", [])
    sent = party.request()
    answer = party.authorize(visitor, {**sent, "request": unsigned(sent)})
    assert party.refused(answer) == "request_not_supported"


def test_oidcc_claims_essential(party: RelyingParty, visitor: Visitor) -> None:
    wanted = {"userinfo": {"name": {"essential": True}}}
    done = party.complete(visitor, claims=json.dumps(wanted), scope="openid")
    # Only what the client may see: its scopes have `profile`, though this request did not name it.
    assert done.userinfo["name"]
    assert "name" not in done.id_token.claims


def test_oidcc_ensure_request_object_with_redirect_uri(party: RelyingParty, visitor: Visitor) -> None:
    """Skipped by the suite when `none` is not offered. An invalid redirect URI outside the object is an error page."""
    assert "none" not in party.metadata.get("request_object_signing_alg_values_supported", [])
    mark = party.receiver.mark()
    sent = party.request()
    page = visitor.visit(
        party.metadata["authorization_endpoint"],
        {**sent, "request": unsigned(sent), "redirect_uri": f"{party.redirect_uri}/{secrets.token_hex(8)}"},
    )
    assert page.status == 400
    assert page.origin == party.suite.demo.issuer
    assert party.receiver.arrivals[mark:] == []


def test_oidcc_refresh_token(
    party: RelyingParty, party_of: Callable[[str], RelyingParty], visitor: Visitor
) -> None:
    assert "refresh_token" in party.metadata["grant_types_supported"]
    kept = []
    for each in (party, party_of("client2")):
        first = each.complete(visitor)
        kept.append(first.tokens["refresh_token"])
        _refresh(each, first)
    # RFC 6749 §6: bound to the client it was issued to.
    stolen = party.token_request({"grant_type": "refresh_token", "refresh_token": kept[1]})
    assert party.refused_tokens(stolen) == "invalid_grant"


def test_oidcc_ensure_request_with_valid_pkce_succeeds(party: RelyingParty, visitor: Visitor) -> None:
    verifier = secrets.token_urlsafe(48)
    challenge = b64u(sha256(verifier.encode()).digest())
    sent = party.request(code_challenge=challenge, code_challenge_method="S256")
    party.finish(party.authorize(visitor, sent), code_verifier=verifier)


def test_oidcc_codereuse_30seconds(redeemed_early: Early, party: RelyingParty) -> None:
    """Last of its plan: the thirty seconds have gone by meanwhile, or most of them."""
    time.sleep(max(0.0, redeemed_early.at + 30 - time.monotonic()))
    again = party.redeem(redeemed_early.done.answer.parameters["code"])
    assert party.refused_tokens(again) == "invalid_grant"
    # RFC 6749 §4.1.2: what the first use gave is revoked.
    assert party.userinfo(redeemed_early.done.access_token).status_code == 401


def _refresh(party: RelyingParty, first: Completed) -> None:
    """Core §12.2: the second ID Token says the same of the same person."""
    token = first.tokens["refresh_token"]
    assert re.fullmatch(r"[ -~]+", token)  # RFC 6749 appendix A.17
    assert len(token) >= 22
    form = {"grant_type": "refresh_token", "refresh_token": token, "scope": "openid"}
    tokens = party.tokens_of(party.token_request(form))
    assert tokens["access_token"] != first.access_token
    second = party.id_token_of(tokens, first.answer.sent["nonce"], is_refreshed=True)
    for name in ("iss", "sub", "aud", "auth_time", "acr", "sid"):
        assert second.claims[name] == first.id_token.claims[name]
    assert second.claims["iat"] >= first.id_token.claims["iat"]
    party.claims_of(party.userinfo(tokens["access_token"]), second.claims["sub"])


def _check_same_sign_in(first: Completed, second: Completed, visitor: Visitor) -> None:
    assert visitor.asked == []
    for name in ("sub", "auth_time"):
        assert second.id_token.claims[name] == first.id_token.claims[name]


def _to_the_next_second(first: Completed) -> None:
    """`auth_time` counts whole seconds: two sign-ins within one could not differ."""
    time.sleep(max(0.0, first.id_token.claims["auth_time"] + 1.01 - time.time()))
