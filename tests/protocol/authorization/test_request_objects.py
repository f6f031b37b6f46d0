"""Request objects (RFC 9101): what the client signed counts, and nothing else."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import ECKey
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from jwcrypto.jwt import JWT
from werkzeug.datastructures import MultiDict
from werkzeug.test import Client, TestResponse

from idp.core.errors import ClientError
from idp.protocol.authorization.request_object import RequestObjects
from idp.protocol.jose.client_jwt import ClientJwts
from tests.fakes import NOON, FixedClock
from tests.made_once import rsa_key
from tests.provider import ISSUER, RP, SECRETS, Provider, answer_of, authorization, basic

SIGNER = "signer"
REDIRECT = "https://signer.example/callback"
KEY = JWK.generate(kty="EC", crv="P-256", kid="one")
STRANGER = JWK.generate(kty="EC", crv="P-256", kid="one")
RSA = JWK.from_pyca(rsa_key("request-object"))
RSA.update(kid="two")


def _yaml(key: JWK) -> str:
    return (
        "{" + ", ".join(f'{name}: "{value}"' for name, value in key.export_public(as_dict=True).items()) + "}"
    )


CLIENTS = "".join(
    f"""\
  - client_id: {client_id}
    client_name: Signer
    client_uri: https://signer.example/
    client_secret: {{file: {RP}}}
    redirect_uris: ["{REDIRECT}"]
    scopes: [openid, email]
    jwks: {{keys: [{_yaml(KEY)}, {_yaml(RSA)}]}}
    request_object_signing_alg: ES256
    {more}
"""
    for client_id, more in ((SIGNER, ""), ("strict-signer", "require_signed_request_object: true"))
)


@pytest.fixture(scope="module")
def provider(app_factory: Callable[..., Provider]) -> Provider:
    made = app_factory()
    path = made.settings.where.clients_file
    path.write_text(path.read_text() + CLIENTS)
    return made


def claims(**changes: Any) -> dict[str, Any]:
    """A good request object's claims; None removes one."""
    now = int(time.time())
    good: dict[str, Any] = {
        **authorization(client_id=SIGNER, redirect_uri=REDIRECT, state="signed"),
        "iss": SIGNER,
        "aud": ISSUER,
        "nbf": now,
        "exp": now + 60,
        **changes,
    }
    return {name: value for name, value in good.items() if value is not None}


def signed(payload: Mapping[str, Any], key: JWK = KEY, /, alg: str = "ES256", **header: Any) -> str:
    token = JWT(header={"alg": alg, "kid": key["kid"], **header}, claims=dict(payload), default_claims={})
    token.make_signed_token(key)
    return str(token.serialize())


def ask(provider: Provider, token: str, **beside: str) -> TestResponse:
    query = {"client_id": SIGNER, "request": token, **beside}
    return provider.browser().get(f"/authorize?{urlencode(query)}")


def error_of(provider: Provider, token: str, **beside: str) -> str:
    """What the relying party hears, at the registered address that stands beside."""
    response = ask(provider, token, redirect_uri=REDIRECT, state="beside", **beside)
    assert response.headers["Location"].startswith(REDIRECT)
    return answer_of(response)["error"]


def test_a_signed_request_needs_nothing_beside_it(provider: Provider) -> None:
    answer = answer_of(ask(provider, signed(claims(prompt="none"))))
    assert (answer["error"], answer["state"], answer["iss"]) == ("login_required", "signed", ISSUER)


def test_a_whole_sign_in_by_a_signed_request(provider: Provider) -> None:
    browser = provider.browser()
    token = signed(claims(typ=None), typ="oauth-authz-req+jwt")
    answer = answer_of(
        browser.prove(
            browser.follow(browser.get(f"/authorize?{urlencode({'client_id': SIGNER, 'request': token})}"))
        )
    )
    assert answer["state"] == "signed"
    response = Client(provider.app, TestResponse).post(
        "/token",
        base_url=ISSUER,
        data={"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": REDIRECT,
              "code_verifier": "v" * 43},
        headers=basic(SIGNER, SECRETS[RP]),
    )  # fmt: skip
    assert response.status_code == 200


def test_what_stands_beside_the_signature_counts_for_nothing(provider: Provider) -> None:
    """RFC 9101 §6.3."""
    answer = answer_of(
        ask(
            provider,
            signed(claims(prompt="none")),
            state="beside",
            scope="email",
            response_type="token",
            prompt="x",
        )
    )
    assert (answer["error"], answer["state"]) == ("login_required", "signed")


def test_claims_and_max_age_keep_their_types_inside(provider: Provider) -> None:
    inner = {"id_token": {"acr": {"essential": True, "values": ["urn:unknown"]}}}
    answer = answer_of(ask(provider, signed(claims(claims=inner, max_age=300))))
    assert answer["error"] == "unmet_authentication_requirements"


def test_what_we_do_not_know_is_ignored_whatever_its_type(provider: Provider) -> None:
    """RFC 6749 §3.1; several `resource` of RFC 8707 are a list, `authorization_details` of RFC 9396 too."""
    unknown: dict[str, Any] = {
        "resource": ["https://a.example", "https://b.example"],
        "authorization_details": [{"type": "x"}],
        "purpose": True,
        "ratio": 1.5,
        "half": "\ud800",
        "n" * 200: "x" * 9000,
    }
    answer = answer_of(ask(provider, signed(claims(prompt="none", **unknown))))
    assert (answer["error"], answer["state"]) == ("login_required", "signed")


def test_a_bad_request_well_signed_gets_its_own_error(provider: Provider) -> None:
    assert answer_of(ask(provider, signed(claims(scope="email"))))["error"] == "invalid_scope"
    assert answer_of(ask(provider, signed(claims(code_challenge=None))))["error"] == "invalid_request"
    assert answer_of(ask(provider, signed(claims(idp_hint="gate"))))["error"] == "invalid_request"


def test_a_signed_hint_leads_to_its_door_and_an_unsigned_one_nowhere(provider: Provider) -> None:
    assert ask(provider, signed(claims(idp_hint="password"))).headers["Location"].endswith("/door")
    assert ask(provider, signed(claims()), idp_hint="password").headers["Location"].endswith("/choice")


def test_a_stranger_s_address_well_signed_goes_nowhere(provider: Provider) -> None:
    response = ask(provider, signed(claims(redirect_uri="https://evil.example/")))
    assert response.status_code == 400
    assert "Location" not in response.headers


#: Numbers are seconds from now.
BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "viatrajectoire"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "https://other.example"},
    "no audience": {"aud": None},
    "expired": {"exp": -1},
    "no end": {"exp": None},
    "an end that is a text": {"exp": "soon"},
    "an end that is true": {"exp": True},
    "valid for more than an hour": {"nbf": 0, "exp": 3700},
    "an old beginning": {"nbf": -7200, "exp": 60},
    "not yet valid": {"nbf": 120, "exp": 180},
    "another client inside": {"client_id": "viatrajectoire"},
    "no client inside": {"client_id": None},
    "a request within": {"request": "a.b.c"},
    "a request_uri within": {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
    "a list for a text": {"scope": ["openid"]},
    "true for a text": {"state": True},
    "an object for a text": {"state": {"a": 1}},
    "null for a text": {"nonce": []},
    "true for a number": {"max_age": True},
    "a fraction": {"max_age": 1.5},
    "an object for a number": {"max_age": {}},
    "a list for an object": {"claims": []},
    "half a character": {"state": "\ud800"},
    "half a character of a hint": {"login_hint": "a\udfffb"},
}


@pytest.mark.parametrize("changes", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
def test_an_envelope_that_does_not_fit_is_an_invalid_request_object(
    provider: Provider, changes: dict[str, Any]
) -> None:
    now = int(time.time())
    shifted = {name: now + value if type(value) is int else value for name, value in changes.items()}
    assert error_of(provider, signed(claims(**shifted))) == "invalid_request_object"


@pytest.mark.parametrize("name", ["state", "nonce", "scope", "login_hint", "claims", "idp_hint"])
def test_a_number_is_no_text(provider: Provider, name: str) -> None:
    """RFC 9101 §4: the relying party would get back a `state` of « 12 », which it never sent."""
    assert error_of(provider, signed(claims(**{name: 12}))) == "invalid_request_object"


def test_an_audience_among_others_will_do(provider: Provider) -> None:
    token = signed(claims(aud=["https://other.example", ISSUER], prompt="none"))
    assert answer_of(ask(provider, token))["error"] == "login_required"


BAD_TOKENS: dict[str, Callable[[], str]] = {
    "a stranger's key": lambda: signed(claims(), STRANGER),
    "another algorithm than registered": lambda: signed(claims(), RSA, alg="RS256"),
    "an unknown type": lambda: signed(claims(), typ="at+jwt"),
    "a critical extension": lambda: signed(claims(), crit=["b64"], b64=True),
    "an unknown key": lambda: signed(claims(), kid="three"),
    "no JWT": lambda: "request",
    "an empty text": lambda: "..",
    "five parts": lambda: "a.b.c.d.e",
    "too large": lambda: signed(claims(state="s" * 17000)),
    "alg none": lambda: "eyJhbGciOiJub25lIn0." + signed(claims()).split(".")[1] + ".",
    "another payload under the signature": lambda: ".".join(
        (*signed(claims()).split(".")[:1], signed(claims(scope="openid email")).split(".")[1],
         signed(claims()).split(".")[2])
    ),
    "no object inside": lambda: signed_text("[]"),
    "no JSON inside": lambda: signed_text("{"),
    "endless nesting": lambda: signed_text("[" * 5000),
}  # fmt: skip


def signed_text(text: str) -> str:
    token = JWS(text.encode())
    token.add_signature(KEY, alg="ES256", protected=json.dumps({"alg": "ES256", "kid": "one"}))
    return str(token.serialize(compact=True))


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_what_the_client_did_not_sign_is_an_invalid_request_object(
    provider: Provider, token: Callable[[], str]
) -> None:
    assert error_of(provider, token()) == "invalid_request_object"


def test_without_a_registered_address_beside_it_a_bad_object_shows_a_page(provider: Provider) -> None:
    page = ask(provider, signed(claims(), STRANGER))
    assert page.status_code == 400
    assert "https://signer.example/" in page.text
    page = ask(provider, signed(claims(), STRANGER), redirect_uri="https://evil.example/")
    assert page.status_code == 400
    assert "evil" not in page.text


def test_two_objects_or_an_object_and_a_reference_are_refused(provider: Provider) -> None:
    token = signed(claims())
    assert error_of(provider, token, request_uri="https://signer.example/r") == "invalid_request"
    twice = urlencode(
        [("client_id", SIGNER), ("request", token), ("request", token), ("redirect_uri", REDIRECT)]
    )
    assert answer_of(provider.browser().get(f"/authorize?{twice}"))["error"] == "invalid_request"


def test_a_client_without_a_registered_algorithm_gets_request_not_supported(provider: Provider) -> None:
    answer = answer_of(provider.browser().authorize(request=signed(claims())))
    assert answer["error"] == "request_not_supported"


def test_a_client_that_must_sign_cannot_send_a_plain_request(provider: Provider) -> None:
    plain = authorization(client_id="strict-signer", redirect_uri=REDIRECT)
    response = provider.browser().get(f"/authorize?{urlencode(plain)}")
    assert answer_of(response)["error"] == "invalid_request"
    token = signed(claims(client_id="strict-signer", iss="strict-signer", prompt="none"))
    query = urlencode({"client_id": "strict-signer", "request": token})
    assert answer_of(provider.browser().get(f"/authorize?{query}"))["error"] == "login_required"


def test_a_signed_request_may_be_pushed(provider: Provider) -> None:
    """RFC 9126 §3."""
    response = _push(provider, {"request": signed(claims(prompt="none"))})
    assert response.status_code == 201
    query = urlencode({"client_id": SIGNER, "request_uri": response.get_json()["request_uri"]})
    assert answer_of(provider.browser().get(f"/authorize?{query}"))["error"] == "login_required"
    refused = _push(provider, {"request": signed(claims(), STRANGER)})
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_request_object")


def _push(provider: Provider, form: dict[str, str]) -> TestResponse:
    return Client(provider.app, TestResponse).post(
        "/par", base_url=ISSUER, data=form, headers=basic(SIGNER, SECRETS[RP])
    )


def test_a_posted_signed_request_is_the_same(provider: Provider) -> None:
    browser = provider.browser()
    form = {"client_id": SIGNER, "request": signed(claims(prompt="none"))}
    response = browser.get(browser.post("/authorize", data=form).headers["Location"])
    assert answer_of(response)["error"] == "login_required"


# FAPI 2.0 Message Signing §5.3.1.


@pytest.mark.parametrize(
    ("profile", "instants", "is_taken"),
    [
        ("fapi2", {"nbf": -60, "exp": 60}, True),
        ("fapi2", {"nbf": -3590, "exp": 5}, True),
        ("fapi2", {"nbf": 0, "exp": 3600}, True),
        ("fapi2", {"nbf": 0, "exp": 3601}, False),
        ("fapi2", {"nbf": -3601, "exp": 60}, False),
        ("fapi2", {"exp": 60}, False),
        ("fapi2", {"iat": 0, "exp": 60}, False),
        ("fapi2", {"nbf": -int(NOON.timestamp()), "iat": 0, "exp": 60}, False),
        ("fapi2", {"nbf": 0}, False),
        (None, {"iat": 0, "exp": 60}, True),
        (None, {"exp": 60}, True),
        (None, {"nbf": -int(NOON.timestamp()), "iat": 0, "exp": 60}, False),
    ],
)
def test_a_request_of_the_fapi_profile_says_since_when_it_is_good(
    profile: str | None, instants: dict[str, int], is_taken: bool
) -> None:
    """`instants`: in seconds from now."""
    keys: Any = SimpleNamespace(
        for_verification=lambda *_, **__: (ECKey.import_key(KEY.export_public(as_dict=True)),),
        used=lambda *_: None,
    )
    objects = RequestObjects(
        jwts=ClientJwts(keys),
        issuer=ISSUER,
        clock=FixedClock(),
        life=timedelta(hours=1),
        clock_ahead=timedelta(seconds=10),
    )
    client: Any = SimpleNamespace(client_id=SIGNER, request_object_signing_alg="ES256", profile=profile)
    now = int(NOON.timestamp())
    told = {"nbf": None, "exp": None, **{name: now + seconds for name, seconds in instants.items()}}
    values = MultiDict({"client_id": SIGNER, "request": signed(claims(**told))})
    if is_taken:
        assert objects.opened(values, client).is_signed
    else:
        with pytest.raises(ClientError, match="not one of this client's"):
            objects.opened(values, client)
