"""Clients that prove themselves by a TLS certificate, and tokens bound to it (RFC 8705), through the endpoints."""

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from werkzeug.test import Client, TestResponse

from idp.adapters.sql.schema import audit_events
from idp.core.measures import CLIENT_CREDENTIALS
from idp.settings import BadSetting
from tests.adapters.http.far_machine import far_machine, say
from tests.protocol.proofs import USERINFO_URI, DpopKey, ath
from tests.protocol.tls_certificates import (
    DAY,
    NO_CURVE_OID,
    NOT_FOR_SIGNING,
    P256_OID,
    SERVER_AUTH,
    UNREADABLE_NAME,
    Authority,
    Held,
    all_kinds_of_names,
    self_signed,
    short_rsa,
)
from tests.provider import ISSUER, RP, SECRETS, VERIFIER, Browser, Provider, basic

PROXY_SECRET = "p" * 43
MTLS_ORIGIN = "https://mtls.caducee.example"
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
AUTHORITY, STRANGER = Authority(), Authority()
BY_NAME, ANOTHER = AUTHORITY.issue("application"), AUTHORITY.issue("another application")
OWN, OF_PUBLIC = self_signed(), self_signed("mobile")
_OLD = {"begins": NOW - 9 * DAY, "ends": NOW - DAY}
EXPIRED_OWN = self_signed(**_OLD)
NAMED = AUTHORITY.issue("many names", names=all_kinds_of_names())

_SAN = {
    "san-dns": ("tls_client_auth_san_dns", "app.example"),
    "san-uri": ("tls_client_auth_san_uri", "https://app.example/id"),
    "san-ip": ("tls_client_auth_san_ip", "2001:db8::1"),
    "san-email": ("tls_client_auth_san_email", "app@app.example"),
}


def _client(client_id: str, method: str, **members: object) -> str:
    lines = "".join(f"    {name}: {json.dumps(value)}\n" for name, value in members.items())
    return (
        f"  - client_id: {client_id}\n    client_name: TLS\n    client_uri: https://tls.example/\n"
        f'    redirect_uris: ["https://{client_id}.example/callback"]\n'
        f"    grant_types: [authorization_code, refresh_token]\n"
        f"    token_endpoint_auth_method: {method}\n{lines}"
    )


_MORE_CLIENTS = "".join(
    [
        _client(
            "by-name",
            "tls_client_auth",
            tls_client_auth_subject_dn=BY_NAME.subject,
            tls_client_certificate_bound_access_tokens=True,
        ),
        _client(
            "own",
            "self_signed_tls_client_auth",
            jwks={"keys": [{k: v for k, v in ANOTHER.jwk.items() if k != "x5c"}, EXPIRED_OWN.jwk, OWN.jwk]},
        ),
        _client("own-ended", "self_signed_tls_client_auth", jwks={"keys": [{**OWN.jwk, "not_after": "2020-01-31"}]}),
        _client("mobile-tls", "none", tls_client_certificate_bound_access_tokens=True),
        *(_client(client_id, "tls_client_auth", **{member: value}) for client_id, (member, value) in _SAN.items()),
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def house(app_factory: Any, tmp_path_factory: pytest.TempPathFactory) -> Provider:
    authorities = AUTHORITY.write(tmp_path_factory.mktemp("authorities") / "applications.pem")
    made: Provider = app_factory(
        proxy_secret=PROXY_SECRET, mtls_origin=MTLS_ORIGIN, mtls_authority_files=(authorities,)
    )
    file = made.settings.where.clients_file
    file.write_text(file.read_text() + _MORE_CLIENTS)
    return made


@pytest.fixture(scope="module")
def signed_in(house: Provider) -> Browser:
    browser = house.browser()
    browser.sign_in()
    return browser


def by_proxy(held: Held | None, header: str | None = None) -> dict[str, str]:
    """What the proxy adds: a certificate, or none."""
    sent = header if header is not None else (held.header if held else "")
    return {"Caducee-Proxy": PROXY_SECRET, "Client-Cert": sent}


def post(house: Provider, path: str, headers: dict[str, str], **form: str) -> TestResponse:
    client = Client(house.app, TestResponse)
    return client.post(path, base_url=MTLS_ORIGIN, data=form, headers=headers)


def redeem(
    house: Provider, browser: Browser, client_id: str, headers: dict[str, str], code: str = ""
) -> TestResponse:
    callback = f"https://{client_id}.example/callback"
    code = code or browser.sign_in(client_id=client_id, redirect_uri=callback)
    return post(
        house,
        "/token",
        headers,
        grant_type="authorization_code",
        client_id=client_id,
        code=code,
        redirect_uri=callback,
        code_verifier=VERIFIER,
    )


def is_client(house: Provider, client_id: str, headers: dict[str, str]) -> bool:
    """Whether this proves the client: with a bad code, the error says which of the two was wrong."""
    answer = redeem(house, house.browser(), client_id, headers, code="x")
    assert answer.status_code in {400, 401}
    return bool(answer.get_json()["error"] == "invalid_grant")


def userinfo(house: Provider, token: str, headers: dict[str, str], scheme: str = "Bearer") -> TestResponse:
    return Client(house.app, TestResponse).get(
        "/userinfo", base_url=MTLS_ORIGIN, headers={"Authorization": f"{scheme} {token}", **headers}
    )


def refused_certificates(house: Provider) -> list[str]:
    chosen = sa.select(audit_events.c.facts).where(audit_events.c.event == "client:certificate:refused")
    with house.database.connect() as connection:
        return [facts["reason"] for facts in connection.execute(chosen).scalars()]


# tls_client_auth (§2.1).


def test_a_certificate_of_the_authority_with_the_registered_name_is_the_client(house, signed_in):
    answer = redeem(house, signed_in, "by-name", by_proxy(BY_NAME))
    assert answer.status_code == 200, answer.text
    # Renewed by its authority, with another key: the name is what counts.
    assert is_client(house, "by-name", by_proxy(AUTHORITY.issue("application")))


@pytest.mark.parametrize("client_id", list(_SAN))
def test_each_kind_of_name_may_be_the_registered_one(house: Provider, client_id: str) -> None:
    assert is_client(house, client_id, by_proxy(NAMED))
    assert not is_client(house, client_id, by_proxy(BY_NAME))


def _san(value: x509.GeneralName) -> Held:
    return AUTHORITY.issue("near", names=[value])


@pytest.mark.parametrize(
    ("client_id", "near"),
    [
        ("san-dns", x509.DNSName("*.example")),
        ("san-dns", x509.DNSName("a.app.example")),
        ("san-dns", x509.UniformResourceIdentifier("app.example")),
        ("san-uri", x509.UniformResourceIdentifier("https://app.example/id/")),
        ("san-uri", x509.DNSName("https://app.example/id")),
        ("san-email", x509.RFC822Name("App@app.example")),
        ("san-email", x509.DNSName("app@app.example")),
    ],
    ids=str,
)
def test_a_name_that_is_almost_the_registered_one_is_not(house, client_id, near):
    assert not is_client(house, client_id, by_proxy(_san(near)))


_UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
_CA = x509.BasicConstraints(ca=True, path_length=None)
_IMPOSTORS = {
    "another client's": lambda: ANOTHER,
    "of another authority of the same name": lambda: STRANGER.issue("application"),
    "sealed by another key": lambda: AUTHORITY.issue("application", sealed_by=STRANGER.key),
    "signed by itself": lambda: self_signed("application"),
    "expired": lambda: AUTHORITY.issue("application", **_OLD),
    "not yet valid": lambda: AUTHORITY.issue("application", begins=NOW + DAY),
    "for servers": lambda: AUTHORITY.issue("application", usages=[SERVER_AUTH]),
    "for nothing in particular": lambda: AUTHORITY.issue("application", usages=[]),
    "an authority itself": lambda: AUTHORITY.issue("application", more=((_CA, True),)),
    "of a key that may not sign": lambda: AUTHORITY.issue("application", more=((NOT_FOR_SIGNING, True),)),
    "with a critical extension nobody knows": lambda: AUTHORITY.issue("application", more=((_UNKNOWN, True),)),
    "of a short key": lambda: AUTHORITY.issue("application", key=short_rsa()),
    "of a curve that there is not": lambda: AUTHORITY.issue("leaf").resealed(AUTHORITY, P256_OID, NO_CURVE_OID),
    "with a subject that is no text": lambda: AUTHORITY.issue("leaf").resealed(AUTHORITY, b"leaf", b"lea\xff"),
    "with a name of a kind nobody reads": lambda: AUTHORITY.issue("application", more=((UNREADABLE_NAME, False),)),
}  # fmt: skip


@pytest.mark.parametrize("impostor", list(_IMPOSTORS))
def test_a_certificate_that_proves_nothing_is_refused(house: Provider, impostor: str) -> None:
    assert not is_client(house, "by-name", by_proxy(_IMPOSTORS[impostor]()))


def test_an_authority_below_another_is_trusted_by_itself_and_the_one_above_vouches_for_nobody_else(
    app_factory: Any, tmp_path: Path
) -> None:
    above = Authority("Au-dessus")
    below = above.found("En dessous")
    house = app_factory(
        proxy_secret=PROXY_SECRET,
        mtls_origin=MTLS_ORIGIN,
        mtls_authority_files=(below.write(tmp_path / "below.pem"),),
    )
    house.settings.where.clients_file.write_text("clients:\n" + _MORE_CLIENTS)
    assert is_client(house, "by-name", by_proxy(below.issue("application")))
    assert not is_client(house, "by-name", by_proxy(above.issue("application")))
    # And what stands below ours is not looked at: nobody sends us the step between.
    assert not is_client(house, "by-name", by_proxy(below.found("Plus bas").issue("application")))


def test_an_authority_past_its_dates_vouches_for_nobody(app_factory: Any, tmp_path: Path) -> None:
    past = Authority("Passée", ends=NOW - DAY)
    house = app_factory(
        proxy_secret=PROXY_SECRET,
        mtls_origin=MTLS_ORIGIN,
        mtls_authority_files=(past.write(tmp_path / "past.pem"),),
    )
    house.settings.where.clients_file.write_text("clients:\n" + _MORE_CLIENTS)
    assert not is_client(house, "by-name", by_proxy(past.issue("application")))


def test_without_a_certificate_nobody_is_proved(house: Provider) -> None:
    for client_id in ("by-name", "own", "san-dns"):
        answer = redeem(house, house.browser(), client_id, by_proxy(None), code="x")
        assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")


def test_a_certificate_does_not_replace_the_registered_method(house: Provider) -> None:
    assert not is_client(house, RP, by_proxy(BY_NAME))
    with_secret = {**by_proxy(BY_NAME), **basic("by-name", SECRETS[RP])}
    answer = post(house, "/token", with_secret, grant_type="authorization_code")
    assert answer.get_json()["error"] == "invalid_client"


# self_signed_tls_client_auth (§2.2).


def test_the_very_certificate_registered_is_the_client(house: Provider, signed_in: Browser) -> None:
    answer = redeem(house, signed_in, "own", by_proxy(OWN))
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["token_type"] == "Bearer"
    # Its end is told of from 30 days before it.
    used = CLIENT_CREDENTIALS.of("own", "certificate", OWN.thumbprint[:8], "soon")
    before = used.value
    assert is_client(house, "own", by_proxy(OWN))
    assert used.value == before + 1


def test_a_registered_certificate_counts_in_the_days_beside_it(house: Provider) -> None:
    assert not is_client(house, "own-ended", by_proxy(OWN))


@pytest.mark.parametrize(
    "held",
    [self_signed(), AUTHORITY.issue("application", key=OWN.key), ANOTHER, EXPIRED_OWN],
    ids=["another", "of the same key", "whose key alone is registered", "expired"],
)
def test_any_other_certificate_is_not(house: Provider, held: Held) -> None:
    assert not is_client(house, "own", by_proxy(held))


def test_the_certificate_may_stand_behind_jwks_uri(app_factory: Any) -> None:
    house = app_factory(
        proxy_secret=PROXY_SECRET, mtls_origin=MTLS_ORIGIN, outbound_networks=("127.0.0.0/8", "::1/128")
    )
    with far_machine() as party:
        unreadable = [
            {**OWN.jwk, "x5c": chain} for chain in ("x", [], [1], ["é"], ["AAA"], [OWN.jwk["x5c"][0] + "é"])
        ]
        party.reply = say(json.dumps({"keys": [*unreadable, ANOTHER.jwk, OWN.jwk]}).encode())
        uri = f"http://127.0.0.1:{party.port}/jwks"
        file = house.settings.where.clients_file
        file.write_text(file.read_text() + _client("remote", "self_signed_tls_client_auth", jwks_uri=uri))
        assert is_client(house, "remote", by_proxy(OWN))
        assert not is_client(house, "remote", by_proxy(BY_NAME))
    assert len(party.seen) == 1
    assert is_client(house, "remote", by_proxy(ANOTHER)), "kept while its machine is away"


def test_a_certificate_behind_a_jwks_uri_that_was_never_read_proves_nobody(app_factory: Any) -> None:
    house = app_factory(
        proxy_secret=PROXY_SECRET, mtls_origin=MTLS_ORIGIN, outbound_networks=("127.0.0.0/8", "::1/128")
    )
    with far_machine() as party:
        uri = f"http://127.0.0.1:{party.port}/jwks"
    file = house.settings.where.clients_file
    file.write_text(file.read_text() + _client("remote", "self_signed_tls_client_auth", jwks_uri=uri))
    answer = redeem(house, house.browser(), "remote", by_proxy(OWN), code="x")
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")


# The header and the proxy (facts/security CP1, T9).


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Caducee-Proxy": ""},
        {"Caducee-Proxy": PROXY_SECRET[:-1]},
        {"Caducee-Proxy": PROXY_SECRET + "p"},
        {"Caducee-Proxy": f"{PROXY_SECRET},{PROXY_SECRET}"},
        {"Caducee-Proxy": "é"},
    ],
    ids=str,
)
def test_the_certificate_of_whoever_is_not_the_proxy_is_refused_and_witnessed(
    app_factory: Any, house: Provider, headers: dict[str, str]
) -> None:
    before = refused_certificates(house)
    answer = redeem(house, house.browser(), "by-name", {"Client-Cert": BY_NAME.header, **headers}, code="x")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    assert "Client-Cert" in answer.get_json()["error_description"]
    assert refused_certificates(house) == [*before, "not_from_proxy"]


def test_a_spoofed_header_is_refused_whatever_the_client_and_its_tokens(house, signed_in):
    spoofed = {"Client-Cert": BY_NAME.header}
    code = signed_in.sign_in()
    answer = house.exchange(code, headers={**spoofed, **basic(RP, SECRETS[RP])})
    assert answer.get_json()["error"] == "invalid_request"
    token = house.exchange(code).get_json()["access_token"]
    refused = userinfo(house, token, spoofed)
    assert refused.status_code == 400
    assert 'error="invalid_request"' in refused.headers["WWW-Authenticate"]
    assert userinfo(house, token, {}).status_code == 200


def test_without_a_proxy_secret_no_certificate_is_believed(app_factory: Any) -> None:
    plain = app_factory()
    for secret in ("", PROXY_SECRET):
        headers = {"Client-Cert": BY_NAME.header, "Caducee-Proxy": secret, **basic(RP, SECRETS[RP])}
        answer = plain.exchange("x", headers=headers)
        assert answer.get_json()["error"] == "invalid_request"
    assert plain.exchange("x").get_json()["error"] == "invalid_grant"


_B64 = BY_NAME.header[1:-1]


#: The certificate differs from run to run, and so may not name the tests.
_NOT_A_BYTE_SEQUENCE = [
    _B64,
    f":{_B64}",
    f"{_B64}:",
    f"::{_B64}::",
    f":{_B64[:40]} {_B64[40:]}:",
    f":{_B64};a=b",
    f":{_B64}:;a=b",
    f":{_B64}:, :{_B64}:",
    f':"{_B64}":',
    f":{_B64[:-1]}:",
    f":{_B64[:-4]}:",
    f":{_B64[:40]}-{_B64[41:]}:",
    f":{'A' * 16_400}:",
    ":AAAA:",
    "::",
    ":é:",
    "-----BEGIN CERTIFICATE-----",
]


@pytest.mark.parametrize("header", _NOT_A_BYTE_SEQUENCE, ids=map(str, range(len(_NOT_A_BYTE_SEQUENCE))))
def test_a_header_that_is_no_byte_sequence_of_a_certificate_is_refused(house: Provider, header: str) -> None:
    answer = redeem(house, house.browser(), "by-name", by_proxy(None, header), code="x")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("client_id", ["by-name", "own", "mobile-tls"])
def test_a_certificate_of_a_year_that_no_calendar_has_is_refused(house: Provider, client_id: str) -> None:
    """DER can say year 0, and nobody checks who signed before the dates are looked at."""
    far = self_signed(
        begins=dt.datetime(2051, 1, 1, tzinfo=dt.UTC), ends=dt.datetime(2052, 1, 1, tzinfo=dt.UTC)
    )
    der = far.der.replace(b"20510101000000Z", b"00000101000000Z")
    assert der != far.der
    answer = redeem(
        house, house.browser(), client_id, by_proxy(None, f":{base64.b64encode(der).decode()}:"), code="x"
    )
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_a_flood_of_refused_certificates_does_not_fill_the_trail(app_factory: Any) -> None:
    plain = app_factory()
    for _ in range(25):
        plain.exchange("x", headers={"Client-Cert": ":AAAA:", **basic(RP, SECRETS[RP])})
    assert len(refused_certificates(plain)) == 20


# Bound tokens (§3).


def test_a_bound_token_opens_userinfo_with_its_certificate_only(house: Provider, signed_in: Browser) -> None:
    token = redeem(house, signed_in, "by-name", by_proxy(BY_NAME)).get_json()["access_token"]
    answer = userinfo(house, token, by_proxy(BY_NAME))
    assert answer.status_code == 200
    for headers in ({}, by_proxy(None), by_proxy(ANOTHER), by_proxy(AUTHORITY.issue("application"))):
        refused = userinfo(house, token, headers)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == 'Bearer realm="userinfo", error="invalid_token"'
    assert userinfo(house, token, by_proxy(BY_NAME)).status_code == 200


def test_a_bound_token_may_stand_in_the_form_of_a_post(house: Provider, signed_in: Browser) -> None:
    token = redeem(house, signed_in, "by-name", by_proxy(BY_NAME)).get_json()["access_token"]
    assert post(house, "/userinfo", by_proxy(BY_NAME), access_token=token).status_code == 200
    assert post(house, "/userinfo", by_proxy(ANOTHER), access_token=token).status_code == 401


def test_introspection_tells_the_certificate(house: Provider, signed_in: Browser) -> None:
    token = redeem(house, signed_in, "by-name", by_proxy(BY_NAME)).get_json()["access_token"]
    told = post(house, "/introspect", by_proxy(BY_NAME), client_id="by-name", token=token).get_json()
    assert told["cnf"] == {"x5t#S256": BY_NAME.thumbprint}
    assert told["token_type"] == "Bearer"
    other = post(house, "/introspect", by_proxy(OWN), client_id="own", token=token)
    assert other.get_json() == {"active": False}


def test_revocation_knows_the_client_by_its_certificate(house: Provider, signed_in: Browser) -> None:
    token = redeem(house, signed_in, "by-name", by_proxy(BY_NAME)).get_json()["access_token"]
    refused = post(house, "/revoke", by_proxy(ANOTHER), client_id="by-name", token=token)
    assert refused.status_code == 401
    assert userinfo(house, token, by_proxy(BY_NAME)).status_code == 200
    assert post(house, "/revoke", by_proxy(BY_NAME), client_id="by-name", token=token).status_code == 200
    assert userinfo(house, token, by_proxy(BY_NAME)).status_code == 401


def test_a_client_of_bound_tokens_gets_none_without_a_certificate(
    house: Provider, signed_in: Browser
) -> None:
    callback = "https://mobile-tls.example/callback"
    code = signed_in.sign_in(client_id="mobile-tls", redirect_uri=callback)
    answer = redeem(house, signed_in, "mobile-tls", by_proxy(None), code)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    assert redeem(house, signed_in, "mobile-tls", by_proxy(OF_PUBLIC), code).status_code == 200


def _refresh(house: Provider, client_id: str, held: Held | None, token: str) -> TestResponse:
    return post(
        house,
        "/token",
        by_proxy(held),
        client_id=client_id,
        grant_type="refresh_token",
        refresh_token=token,
    )


def test_a_public_clients_refresh_token_is_bound_to_its_certificate(
    house: Provider, signed_in: Browser
) -> None:
    tokens = redeem(house, signed_in, "mobile-tls", by_proxy(OF_PUBLIC)).get_json()
    assert _refresh(house, "mobile-tls", OWN, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert _refresh(house, "mobile-tls", None, tokens["refresh_token"]).status_code == 400
    renewed = _refresh(house, "mobile-tls", OF_PUBLIC, tokens["refresh_token"])
    assert renewed.status_code == 200
    assert userinfo(house, renewed.get_json()["access_token"], by_proxy(OF_PUBLIC)).status_code == 200
    assert userinfo(house, renewed.get_json()["access_token"], by_proxy(OWN)).status_code == 401


def test_a_confidential_client_refreshes_with_the_certificate_that_follows(house, signed_in):
    tokens = redeem(house, signed_in, "by-name", by_proxy(BY_NAME)).get_json()
    following = AUTHORITY.issue("application")
    renewed = _refresh(house, "by-name", following, tokens["refresh_token"])
    assert renewed.status_code == 200
    assert userinfo(house, renewed.get_json()["access_token"], by_proxy(following)).status_code == 200
    assert userinfo(house, renewed.get_json()["access_token"], by_proxy(BY_NAME)).status_code == 401


def test_a_token_bound_to_a_key_and_a_certificate_needs_both(house: Provider, signed_in: Browser) -> None:
    key = DpopKey()
    asked = redeem(house, signed_in, "by-name", {**by_proxy(BY_NAME), "DPoP": key.proof()}, code="x")
    nonce = asked.headers["DPoP-Nonce"]
    # Any address of ours is good for `htu`.
    proof = key.proof(nonce, htu=f"{MTLS_ORIGIN}/token")
    token = redeem(house, signed_in, "by-name", {**by_proxy(BY_NAME), "DPoP": proof}).get_json()[
        "access_token"
    ]

    def show(held: Held) -> int:
        proof = key.proof(nonce, htm="GET", htu=USERINFO_URI, ath=ath(token))
        return userinfo(house, token, {**by_proxy(held), "DPoP": proof}, "DPoP").status_code

    assert show(BY_NAME) == 200
    assert show(ANOTHER) == 401
    assert userinfo(house, token, by_proxy(BY_NAME)).status_code == 401


# What is said of it.


def test_discovery_names_the_endpoints_that_ask_for_a_certificate(house: Provider) -> None:
    metadata = house.browser().get("/.well-known/openid-configuration").get_json()
    assert metadata["tls_client_certificate_bound_access_tokens"] is True
    assert {"tls_client_auth", "self_signed_tls_client_auth"} < set(
        metadata["token_endpoint_auth_methods_supported"]
    )
    for name, url in metadata["mtls_endpoint_aliases"].items():
        assert url == metadata[name].replace(ISSUER, MTLS_ORIGIN)
        answer = Client(house.app, TestResponse).post(url, headers=by_proxy(BY_NAME))
        assert answer.status_code in {400, 401}
    assert set(metadata["mtls_endpoint_aliases"]) >= {
        "token_endpoint", "userinfo_endpoint", "revocation_endpoint", "introspection_endpoint",
    }  # fmt: skip


def test_without_an_authority_only_registered_certificates_prove_a_client(app_factory: Any) -> None:
    made = app_factory(proxy_secret=PROXY_SECRET, mtls_origin=MTLS_ORIGIN)
    metadata = made.browser().get("/.well-known/openid-configuration").get_json()
    methods = metadata["token_endpoint_auth_methods_supported"]
    assert "self_signed_tls_client_auth" in methods
    assert "tls_client_auth" not in methods


_NO_AUTHORITY = AUTHORITY.issue("application").certificate.public_bytes(Encoding.PEM)
_SAYS_SO = AUTHORITY.issue(
    more=((x509.BasicConstraints(ca=False, path_length=None), True), (NOT_FOR_SIGNING, True))
).certificate.public_bytes(Encoding.PEM)
_MARKED_AS_ONE = AUTHORITY.issue(more=((_CA, True),)).certificate.public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    "content",
    [None, b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n", _NO_AUTHORITY, _SAYS_SO, _MARKED_AS_ONE],
    ids=["none", "empty", "junk", "cut", "no authority", "says that it is none", "an authority for nothing"],
)
def test_an_authority_file_that_holds_none_stops_the_start(app_factory, tmp_path, content):
    path = tmp_path / "authorities.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadSetting, match="MTLS_AUTHORITY_FILES"):
        app_factory(proxy_secret=PROXY_SECRET, mtls_origin=MTLS_ORIGIN, mtls_authority_files=(path,))
