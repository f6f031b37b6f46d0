"""Pro Santé Connect as the upstream, over real HTTP, against a server that lies in every way we know.

The first tests are the honest login: without them, every refusal below could be for another reason.
"""

import json
import threading
import traceback
from base64 import b64decode
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from idp.adapters.http.bounded import (
    BODY_BYTES,
    CONNECT_SECONDS,
    TOTAL_SECONDS,
    NoUsableAnswer,
    SafeHttp,
    parse_json,
)
from idp.adapters.psc.provider import PscProvider
from idp.cards.nomenclature import CodedLabel
from idp.interaction.upstream import (
    Upstream,
    UpstreamFailed,
    UpstreamLogin,
    UpstreamMisconfigured,
    UpstreamRefusal,
    UpstreamRefused,
    UpstreamUnavailable,
)
from idp.settings import BadSetting, read_settings
from idp.settings.psc import PscSettings
from idp.settings.psc_presets import ENDPOINTS
from idp.wiring.psc import psc_http
from tests.adapters.psc.chosen import psc_chosen, psc_provider
from tests.adapters.psc.hostile_psc import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    OUTAGES,
    REDIRECT_URI,
    RPPS,
    STRANGER_JWK,
    SUBJECT,
    HostilePsc,
    Lie,
    Reply,
    TlsFiles,
    hostile_psc,
    say_json,
    say_status,
    say_text,
    self_signed_certificate,
    tls_files,
)
from tests.configured import settings_with
from tests.limits import within

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECONDS = NOW.timestamp()
SKEW = 60

# Short, for the tests of slowness; the limits themselves are compared with the house values below.
QUICK = SafeHttp(connect_seconds=0.5, total_seconds=0.5)


class HandClock:
    """Present time moves when the test says so."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with hostile_psc(SECONDS) as server:
        yield server


def settings_for(psc: HostilePsc, **changes: Any) -> PscSettings:
    known = {"issuer": psc.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return psc_chosen(**{**known, **changes})


@pytest.fixture
def provider(psc: HostilePsc, clock: HandClock) -> PscProvider:
    return psc_provider(settings_for(psc), clock=clock)


def log_in(provider: Upstream, psc: HostilePsc, now: datetime = NOW) -> UpstreamLogin:
    request = provider.begin(fresh=False)
    return provider.complete(psc.authorize(request.url), request.pending, now=now)


# The honest login.


def test_honest_login_gives_the_verified_person(provider: PscProvider, psc: HostilePsc) -> None:
    login = log_in(provider, psc)
    assert login == UpstreamLogin(
        rpps=RPPS,
        family_name="DOC0042788",
        given_name="KIT",
        profession=CodedLabel("10", "Médecin"),
        specialities=(CodedLabel("SM26", "Qualifié en Médecine générale"),),
        subject=SUBJECT,
        acr="eidas1",
        amr=(),
        auth_mode="CARD",
        auth_time=NOW - timedelta(seconds=356),
        id_token=login.id_token,
        claims={
            "SubjectRefPro": {
                "exercices": [
                    {"codeProfession": "10", "codeCategorieProfessionnelle": "C", "codeSavoirFaire": "SM26"}
                ]
            }
        },
    )
    assert login.id_token.count(".") == 2


def test_authorization_request_asks_for_what_psc_requires(provider: PscProvider, psc: HostilePsc) -> None:
    request = provider.begin(fresh=False)
    psc.authorize(request.url)
    assert request.url.startswith(f"{psc.origin}/auth?")
    assert psc.asked == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid scope_all",
        "acr_values": "eidas1",
        "state": request.state,
        "nonce": request.pending["nonce"],
        "code_challenge": psc.asked["code_challenge"],
        "code_challenge_method": "S256",
    }


def test_fresh_login_asks_psc_to_authenticate_again(provider: PscProvider, psc: HostilePsc) -> None:
    psc.authorize(provider.begin(fresh=True).url)
    assert psc.asked["prompt"] == "login"


def test_state_nonce_and_verifier_are_256_bits_and_never_the_same(provider: PscProvider) -> None:
    requests = [provider.begin(fresh=False) for _ in range(20)]
    secrets = [text for one in requests for text in (one.state, *one.pending.values())]
    # 43 characters of base64url hold 256 bits.
    assert min(len(text) for text in secrets) >= 43
    assert len(set(secrets)) == 60
    assert {frozenset(one.pending) for one in requests} == {frozenset({"nonce", "code_verifier"})}


def test_token_call_proves_the_client_by_form_encoded_basic(provider: PscProvider, psc: HostilePsc) -> None:
    log_in(provider, psc)
    authorization = next(one.headers["Authorization"] for one in psc.seen if one.endpoint == "token")
    client_id, secret = b64decode(authorization.removeprefix("Basic ")).decode().split(":")
    assert (unquote_plus(client_id), unquote_plus(secret)) == (CLIENT_ID, CLIENT_SECRET)


def test_no_cookie_goes_from_one_person_to_the_next(provider: PscProvider, psc: HostilePsc) -> None:
    log_in(provider, psc)
    log_in(provider, psc)
    assert psc.calls("userinfo") == 2
    assert not [one for one in psc.seen if "Cookie" in one.headers]


def test_environment_changes_nothing(
    psc: HostilePsc, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("VERIFY_SSL", "TIMEOUT", "CLIENT_CERT", "REQUESTS_SESSION"):
        monkeypatch.setenv(name, "nonsense")
    assert log_in(psc_provider(settings_for(psc), clock=clock), psc).rpps == RPPS


def test_oic_neither_verifies_nor_fetches_anything(
    provider: PscProvider, psc: HostilePsc, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tripwire(*_: object, **__: object) -> None:
        raise AssertionError("oic did what is forbidden to it")

    for place in (
        "oic.oic.message.verify_id_token",
        "oic.oauth2.message.Message.from_jwt",
        "oic.oauth2.message.Message.verify",
        "oic.oauth2.base.PBase.http_request",
        "oic.oauth2.Client.parse_response",
        "oic.utils.keyio.KeyBundle.update",
        "jwkest.jws.JWS.verify_compact",
        "requests.Session.send",
    ):
        monkeypatch.setattr(place, tripwire)
    assert log_in(provider, psc).rpps == RPPS
    assert provider.logout_url("a.b.c", return_url="https://caducee.example/out", state="s")


def test_limits_are_the_house_values() -> None:
    # facts/security PS8.
    assert (CONNECT_SECONDS, TOTAL_SECONDS, BODY_BYTES) == (5.0, 10.0, 1024 * 1024)


# Variations that are no deviations.

TOLERATED: Mapping[str, Lie] = {
    "audience in a list": Lie(claims={"aud": [CLIENT_ID]}),
    "two audiences and azp": Lie(claims={"aud": ["other", CLIENT_ID], "azp": CLIENT_ID}),
    "one audience without azp": Lie(claims={"azp": ...}),
    "no at_hash": Lie(claims={"at_hash": ...}),
    "no typ": Lie(claims={"typ": ...}),
    "expired for 59 seconds": Lie(claims={"exp": SECONDS - 59}),
    "issued in 59 seconds": Lie(claims={"iat": SECONDS + 59}),
    "nbf of old Keycloak": Lie(claims={"nbf": 0}),
    "the last of two acr is right": Lie(
        payload=lambda claims: json.dumps(claims).replace('"acr"', '"acr":"1","acr"').encode()
    ),
    "sub and sid with spaces": Lie(claims={"sub": "a 1 ", "sid": "b 2"}, userinfo={"sub": "a 1 "}),
    "no kid, one key that fits": Lie(header={"kid": ...}),
    "sub as a plain identifier": Lie(claims={"sub": "a1b2"}, userinfo={"sub": "a1b2"}),
    "header parameter nobody knows": Lie(header={"x-psc": "1"}),
    "token type in lower case": Lie(tokens={"token_type": "bearer"}),
    "unknown members in the token answer": Lie(tokens={"psi": {"a": [1]}, "scope": 7}),
    "auth mode in the userinfo only": Lie(claims={"authMode": ...}, userinfo={"authMode": "CARD"}),
}


@pytest.mark.parametrize("lie", TOLERATED.values(), ids=TOLERATED)
def test_login_survives(lie: Lie, provider: PscProvider, psc: HostilePsc) -> None:
    psc.lie = lie
    assert log_in(provider, psc).rpps == RPPS


def test_auth_time_is_iat_when_psc_does_not_say(provider: PscProvider, psc: HostilePsc) -> None:
    psc.lie = Lie(claims={"auth_time": ...})
    login = log_in(provider, psc)
    assert (login.auth_time, login.is_auth_time_told) == (NOW, False)


def test_person_without_rpps_is_known_to_have_none(provider: PscProvider, psc: HostilePsc) -> None:
    employee = {"SubjectNameID": "30B0185195/CPET00001"}
    psc.lie = Lie(claims=employee, userinfo=employee)
    assert log_in(provider, psc).rpps is None


def test_answer_without_iss_is_accepted(provider: PscProvider, psc: HostilePsc) -> None:
    request = provider.begin(fresh=False)
    answer = psc.authorize(request.url)
    del answer["iss"]
    assert provider.complete(answer, request.pending, now=NOW).rpps == RPPS


@pytest.mark.parametrize(
    ("acr", "changes"),
    [("eidas3", {"accepted_acr": ("eidas1", "eidas3")}), (None, {"accept_missing_acr": True})],
)
def test_operator_may_accept_more(
    acr: str | None, changes: dict[str, Any], psc: HostilePsc, clock: HandClock
) -> None:
    psc.lie = Lie(claims={"acr": acr or ...})
    assert log_in(psc_provider(settings_for(psc, **changes), clock=clock), psc).acr == acr


# Deviations: nobody is signed in, and the operator reads why.

DEVIATIONS: Mapping[str, tuple[str, Lie]] = {
    # Signature.
    "alg none": ("ID token: alg", Lie(header={"alg": "none"}, signed_by="nobody")),
    "alg None": ("ID token: alg", Lie(header={"alg": "None"}, signed_by="nobody")),
    "no alg": ("ID token: alg", Lie(header={"alg": ...})),
    "alg in a list": ("ID token: alg", Lie(header={"alg": ["RS256"]})),
    "HS256 with the client secret": (
        "ID token: alg",
        Lie(header={"alg": "HS256"}, signed_by="whoever knows our secret"),
    ),
    "HS256 with the public key": (
        "ID token: alg",
        Lie(header={"alg": "HS256"}, signed_by="whoever knows the public key"),
    ),
    "RS512 with the right key": ("ID token: alg", Lie(header={"alg": "RS512"}, signed_by="psc with SHA-512")),
    "RS256 announced, SHA-512 used": ("ID token: signature", Lie(signed_by="psc with SHA-512")),
    "RS256 announced, HMAC used": ("ID token: signature", Lie(signed_by="whoever knows our secret")),
    "no signature": ("ID token: signature", Lie(signed_by="nobody")),
    "wrong key": ("ID token: signature", Lie(signed_by="a stranger")),
    "unknown kid": ("ID token: kid", Lie(header={"kid": "psc-2"})),
    "no kid, another key": ("ID token: signature", Lie(header={"kid": ...}, signed_by="a stranger")),
    "kid null": ("ID token: kid", Lie(header={"kid": None})),
    "kid of the encryption key": ("ID token: kid", Lie(header={"kid": "enc"}, signed_by="a stranger")),
    "kid that is no string": ("ID token: kid", Lie(header={"kid": {"a": 1}})),
    "key inside the header": (
        "ID token: kid",
        Lie(header={"kid": "stranger", "jwk": STRANGER_JWK}, signed_by="a stranger"),
    ),
    "key inside the header under a known kid": (
        "ID token: signature",
        Lie(header={"jwk": STRANGER_JWK}, signed_by="a stranger"),
    ),
    "crit": ("ID token: alg", Lie(header={"crit": ["exp"], "exp": 1})),
    "crit of a known parameter": ("ID token: alg", Lie(header={"crit": ["kid"]})),
    "unencoded payload": ("ID token: alg", Lie(header={"b64": False})),
    # Form.
    "payload that is no object": ("ID token: claims", Lie(payload=lambda _: b'["iss"]')),
    "payload that is no JSON": ("ID token: signature", Lie(payload=lambda _: b"<html>")),
    "payload nested absurdly": ("ID token: signature", Lie(payload=lambda _: b"[" * 10_000)),
    "payload with infinity": ("ID token: signature", Lie(claims={"exp": float("inf")})),
    "token of 17 KiB": ("ID token: size", Lie(claims={"pad": "z" * 17 * 1024})),
    # Binding to us.
    "another issuer": ("ID token: iss", Lie(claims={"iss": "https://auth.evil.example/auth/realms/x"})),
    "no issuer": ("ID token: iss", Lie(claims={"iss": ...})),
    "access token as ID token": ("ID token: typ", Lie(claims={"typ": "Bearer"})),
    "logout token as ID token": ("ID token: typ", Lie(claims={"typ": "Logout"})),
    "another audience": ("ID token: aud", Lie(claims={"aud": "doctolib-dev"})),
    "other audiences": ("ID token: aud", Lie(claims={"aud": ["a", "b"]})),
    "no audience": ("ID token: aud", Lie(claims={"aud": ...})),
    "empty audience": ("ID token: aud", Lie(claims={"aud": []})),
    "audience of another type": ("ID token: aud", Lie(claims={"aud": {CLIENT_ID: 1}})),
    "audience partly of another type": ("ID token: aud", Lie(claims={"aud": [CLIENT_ID, 7]})),
    "another authorized party": ("ID token: aud", Lie(claims={"azp": "doctolib-dev"})),
    "null authorized party": ("ID token: aud", Lie(claims={"azp": None})),
    "two audiences, no azp": ("ID token: aud", Lie(claims={"aud": [CLIENT_ID, "b"], "azp": ...})),
    "two audiences, another azp": ("ID token: aud", Lie(claims={"aud": [CLIENT_ID, "b"], "azp": "b"})),
    # Binding to this moment.
    "expired": ("ID token: exp", Lie(claims={"exp": SECONDS - SKEW - 1})),
    "no expiry": ("ID token: exp", Lie(claims={"exp": ...})),
    "expiry in words": ("ID token: exp", Lie(claims={"exp": "2099"})),
    "expiry true": ("ID token: exp", Lie(claims={"exp": True})),
    "expiry beyond time": ("ID token: exp", Lie(claims={"exp": 10**300})),
    "issued in the future": ("ID token: iat", Lie(claims={"iat": SECONDS + SKEW + 1})),
    "issue time true": ("ID token: iat", Lie(claims={"iat": True})),
    "no issue time": ("ID token: iat", Lie(claims={"iat": ...})),
    "not yet valid": ("ID token: nbf", Lie(claims={"nbf": SECONDS + SKEW + 1})),
    "validity in words": ("ID token: nbf", Lie(claims={"nbf": "now"})),
    "authenticated in the future": ("ID token: auth_time", Lie(claims={"auth_time": SECONDS + SKEW + 1})),
    "authentication time in words": ("ID token: auth_time", Lie(claims={"auth_time": "now"})),
    # Binding to this browser.
    "another nonce": ("ID token: nonce", Lie(claims={"nonce": "n" * 43})),
    "no nonce": ("ID token: nonce", Lie(claims={"nonce": ...})),
    "null nonce": ("ID token: nonce", Lie(claims={"nonce": None})),
    "empty nonce": ("ID token: nonce", Lie(claims={"nonce": ""})),
    "nonce of lone surrogates": ("ID token: signature", Lie(claims={"nonce": "\ud800"})),
    "false at_hash": ("ID token: at_hash", Lie(claims={"at_hash": "mUtnJvWwtTtP2ACH4vDIAQ"})),
    "null at_hash": ("ID token: at_hash", Lie(claims={"at_hash": None})),
    # Subject and level.
    "no subject": ("ID token: sub", Lie(claims={"sub": ...}, userinfo={"sub": ...})),
    "empty subject": ("ID token: sub", Lie(claims={"sub": ""}, userinfo={"sub": ""})),
    "subject as a number": ("ID token: sub", Lie(claims={"sub": 7}, userinfo={"sub": 7})),
    "subject of 256 characters": ("ID token: sub", Lie(claims={"sub": "s" * 256})),
    "acr eidas3": ("ID token: acr", Lie(claims={"acr": "eidas3"})),
    "acr 0": ("ID token: acr", Lie(claims={"acr": "0"})),
    "acr 1": ("ID token: acr", Lie(claims={"acr": "1"})),
    "acr in a list": ("ID token: acr", Lie(claims={"acr": ["eidas1"]})),
    "null acr": ("ID token: acr", Lie(claims={"acr": None})),
    "no acr": ("ID token: acr", Lie(claims={"acr": ...})),
    "the last of two acr is wrong": (
        "ID token: acr",
        Lie(
            payload=lambda claims: (
                json.dumps(claims).replace('"acr": "eidas1"', '"acr":"eidas1","acr":"1"').encode()
            )
        ),
    ),
    # Token answer.
    "unknown token type": ("token: token_type", Lie(tokens={"token_type": "DPoP"})),
    "no token type": ("token: token_type", Lie(tokens={"token_type": ...})),
    "no access token": ("token: access_token", Lie(tokens={"access_token": ...})),
    "access token with a line end": ("token: access_token", Lie(tokens={"access_token": "a\r\nCookie: b"})),
    "no ID token": ("token: id_token", Lie(tokens={"id_token": ...})),
    "ID token as an object": ("token: id_token", Lie(tokens={"id_token": {"sub": SUBJECT}})),
    "ID token that is none": ("ID token: size or form", Lie(tokens={"id_token": "é.b.c"})),
    "ID token of two parts": ("ID token: size or form", Lie(tokens={"id_token": "a.b"})),
    "ID token whose header is no object": ("ID token: alg", Lie(tokens={"id_token": "W10.e30.AA"})),
    "token types of several kinds": ("malformed", Lie(tokens={"token_type": ["Bearer", "MAC"]})),
    "access token true": ("malformed", Lie(tokens={"access_token": True})),
    "tokens in an array": ("token: not a JSON object", Lie(instead={"token": say_json([{}])})),
    "tokens as null": ("token: not a JSON object", Lie(instead={"token": say_json(None)})),
    "refusal in words of its own": (
        "token: status 400, unregistered error",
        Lie(instead={"token": say_json({"error": ACCESS_TOKEN}, 400)}),
    ),
    "refusal without a word": ("token: status 403", Lie(instead={"token": say_status(403)})),
    # Userinfo.
    "userinfo of somebody else": ("userinfo: sub", Lie(userinfo={"sub": "f:x:899700218896"})),
    "userinfo without sub": ("userinfo: sub", Lie(userinfo={"sub": ...})),
    "userinfo with sub in a list": ("userinfo: sub", Lie(userinfo={"sub": [SUBJECT]})),
    "userinfo with another identifier": (
        "userinfo: SubjectNameID",
        Lie(userinfo={"SubjectNameID": "899700218896"}),
    ),
    "userinfo in an array": ("userinfo: not a JSON object", Lie(instead={"userinfo": say_json([{}])})),
    "userinfo refused": ("userinfo: status 401", Lie(instead={"userinfo": say_status(401)})),
}


@pytest.mark.parametrize(("detail", "lie"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_deviation_signs_nobody_in(detail: str, lie: Lie, provider: PscProvider, psc: HostilePsc) -> None:
    psc.lie = lie
    with pytest.raises(UpstreamRefused) as caught:
        log_in(provider, psc)
    assert caught.value.reason is UpstreamRefusal.REFUSED
    assert detail in str(caught.value)
    # Nothing of the person nor of the login may reach a log through the exception or its causes.
    logged = "".join(traceback.format_exception(caught.value))
    assert not [one for one in (RPPS, "99700218896", ACCESS_TOKEN, CODE, psc.asked["nonce"]) if one in logged]


def test_keys_named_by_a_token_are_never_fetched(provider: PscProvider, psc: HostilePsc) -> None:
    trap = f"{psc.origin}/keys-of-somebody-else"
    psc.lie = Lie(header={"kid": "stranger", "jku": trap, "x5u": trap}, signed_by="a stranger")
    with pytest.raises(UpstreamRefused):
        log_in(provider, psc)
    assert psc.calls("trap") == 0


@pytest.mark.parametrize("reply", OUTAGES.values(), ids=OUTAGES)
@pytest.mark.parametrize("endpoint", ["discovery", "jwks", "token", "userinfo"])
def test_outage_of_any_endpoint_is_told_as_such(
    endpoint: str, reply: Reply, psc: HostilePsc, clock: HandClock
) -> None:
    psc.lie = Lie(instead={endpoint: reply})
    began = datetime.now(UTC)
    with pytest.raises(UpstreamUnavailable):
        log_in(psc_provider(settings_for(psc), clock=clock, http=QUICK), psc)
    # Half a second allowed in all, whatever the pace of the drops; the rest is the machine's.
    assert datetime.now(UTC) - began < timedelta(seconds=3)
    assert psc.calls(endpoint) == 1
    assert psc.calls("trap") == 0


UNUSABLE_DOCUMENTS: Mapping[str, Lie] = {
    "another issuer": Lie(discovery={"issuer": "https://auth.evil.example"}),
    "no issuer": Lie(discovery={"issuer": ...}),
    "http elsewhere": Lie(discovery={"authorization_endpoint": "http://wallet.example/auth"}),
    "a script": Lie(discovery={"authorization_endpoint": "javascript:alert(1)//localhost"}),
    "a user name": Lie(discovery={"authorization_endpoint": "https://wallet@evil.example/auth"}),
    "a fragment": Lie(discovery={"authorization_endpoint": "https://wallet.example/#/auth"}),
    "a line end": Lie(discovery={"authorization_endpoint": "https://wallet.example/\r\nX: y"}),
    "an impossible port": Lie(discovery={"authorization_endpoint": "https://wallet.example:99999/"}),
    "an unfinished address": Lie(discovery={"authorization_endpoint": "https://[::1/"}),
    "no token endpoint": Lie(discovery={"token_endpoint": ...}),
    "no userinfo endpoint": Lie(discovery={"userinfo_endpoint": ...}),
    "a null logout endpoint": Lie(discovery={"end_session_endpoint": None}),
    "an array": Lie(instead={"discovery": say_json([])}),
    "keys in an array": Lie(instead={"jwks": say_json([])}),
    "no keys": Lie(keys={"keys": []}),
    "keys of no kind": Lie(keys={"keys": "RSA"}),
    "a key without number": Lie(keys={"keys": [{"kty": "RSA", "kid": "psc-1", "n": 7, "e": "AQAB"}]}),
    "a key of 1024 bits": Lie(
        keys={"keys": [{"kty": "RSA", "kid": "psc-1", "n": "_" + "A" * 169 + "E", "e": "AQAB"}]}
    ),
    "a key with an even exponent": Lie(keys={"keys": [{**STRANGER_JWK, "kid": "psc-1", "e": "Ag"}]}),
    "a key with a foreign modulus": Lie(keys={"keys": [{**STRANGER_JWK, "kid": "psc-1", "n": "é"}]}),
}


@pytest.mark.parametrize("lie", UNUSABLE_DOCUMENTS.values(), ids=UNUSABLE_DOCUMENTS)
def test_unusable_document_makes_psc_unavailable(lie: Lie, provider: PscProvider, psc: HostilePsc) -> None:
    psc.lie = lie
    with pytest.raises(UpstreamUnavailable):
        log_in(provider, psc)


def test_untrusted_tls_certificate_makes_psc_unavailable(clock: HandClock, tmp_path: Path) -> None:
    with hostile_psc(SECONDS, self_signed_certificate(tmp_path)) as psc:
        settings = settings_for(psc, issuer=psc.issuer.replace("http:", "https:"))
        with pytest.raises(UpstreamUnavailable, match="SSLError"):
            psc_provider(settings, clock=clock).begin(fresh=False)
        assert psc.seen == []


# What the browser brings back.


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"error": "access_denied"}, UpstreamRefusal.CANCELLED),
        ({"error": "login_required"}, UpstreamRefusal.EXPIRED),
        ({"error": "invalid_scope"}, UpstreamRefusal.MISCONFIGURED),
        ({"error": "<script>"}, UpstreamRefusal.REFUSED),
        ({"error": ""}, UpstreamRefusal.REFUSED),
        ({"error": "access_denied", "iss": "https://auth.evil.example"}, UpstreamRefusal.REFUSED),
        ({"iss": "https://auth.evil.example"}, UpstreamRefusal.REFUSED),
        ({"iss": ""}, UpstreamRefusal.REFUSED),
        ({"code": ""}, UpstreamRefusal.REFUSED),
        ({"code": "a\nb"}, UpstreamRefusal.REFUSED),
        ({"code": "c" * 3000}, UpstreamRefusal.REFUSED),
        ({"code": "the-code-of-another-login"}, UpstreamRefusal.EXPIRED),
        ({"code": "a space in it, of another-login"}, UpstreamRefusal.EXPIRED),
    ],
)
def test_answer_of_the_browser_is_refused(
    changes: dict[str, str], reason: UpstreamRefusal, provider: PscProvider, psc: HostilePsc
) -> None:
    request = provider.begin(fresh=False)
    answer = {**psc.authorize(request.url), **changes}
    with pytest.raises(UpstreamFailed) as caught:
        provider.complete(answer, request.pending, now=NOW)
    assert caught.value.reason is reason
    assert "<script>" not in str(caught.value)
    assert psc.calls("token") == (1 if "another-login" in answer["code"] else 0)


@pytest.mark.parametrize("error", ["temporarily_unavailable", "server_error"])
def test_outage_told_through_the_browser_is_an_outage(
    error: str, provider: PscProvider, psc: HostilePsc
) -> None:
    request = provider.begin(fresh=False)
    with pytest.raises(UpstreamUnavailable):
        provider.complete({**psc.authorize(request.url), "error": error}, request.pending, now=NOW)


@pytest.mark.parametrize("member", ["code_verifier", "nonce"])
def test_secrets_of_another_login_do_not_complete_this_one(
    member: str, provider: PscProvider, psc: HostilePsc
) -> None:
    other, request = provider.begin(fresh=False), provider.begin(fresh=False)
    pending = {**request.pending, member: other.pending[member]}
    with pytest.raises(UpstreamRefused):
        provider.complete(psc.authorize(request.url), pending, now=NOW)


@pytest.mark.parametrize("pending", [{}, {"nonce": "", "code_verifier": ""}])
def test_nothing_pending_completes_nothing(
    pending: dict[str, str], provider: PscProvider, psc: HostilePsc
) -> None:
    with pytest.raises(UpstreamRefused):
        provider.complete(psc.authorize(provider.begin(fresh=False).url), pending, now=NOW)
    assert psc.calls("token") == 0


def test_tokens_put_beside_the_code_are_not_looked_at(provider: PscProvider, psc: HostilePsc) -> None:
    request = provider.begin(fresh=False)
    answer = {**psc.authorize(request.url), "id_token": "a.b.c", "access_token": "stolen"}
    assert provider.complete(answer, request.pending, now=NOW).rpps == RPPS


# What is kept, and for how long.


def test_documents_are_fetched_once_an_hour(provider: PscProvider, psc: HostilePsc, clock: HandClock) -> None:
    for minutes, fetches in ((0, 1), (59, 1), (61, 2)):
        clock.time = NOW + timedelta(minutes=minutes)
        log_in(provider, psc)
        assert (psc.calls("discovery"), psc.calls("jwks")) == (fetches, fetches)


def test_failed_discovery_is_not_asked_again_at_once(
    provider: PscProvider, psc: HostilePsc, clock: HandClock
) -> None:
    psc.lie = Lie(instead={"discovery": say_status(503)})
    for _ in range(5):
        with pytest.raises(UpstreamUnavailable):
            provider.begin(fresh=False)
    assert psc.calls("discovery") == 1
    psc.lie, clock.time = Lie(), NOW + timedelta(seconds=16)
    assert log_in(provider, psc).rpps == RPPS


def test_one_discovery_serves_those_who_arrive_together(provider: PscProvider, psc: HostilePsc) -> None:
    with ThreadPoolExecutor(10) as browsers:
        list(browsers.map(lambda _: provider.begin(fresh=False), range(10)))
    assert psc.calls("discovery") == 1


def test_new_signing_key_is_fetched_at_first_sight(
    provider: PscProvider, psc: HostilePsc, clock: HandClock
) -> None:
    log_in(provider, psc)
    psc.kid, clock.time = "psc-2", NOW + timedelta(seconds=61)
    assert log_in(provider, psc).rpps == RPPS
    assert psc.calls("jwks") == 2


def test_flood_of_unknown_kids_costs_one_fetch_every_thirty_seconds(
    provider: PscProvider, psc: HostilePsc, clock: HandClock
) -> None:
    log_in(provider, psc)
    psc.lie = Lie(header={"kid": "never-seen"})
    # The first: one more, as the last was for another `kid`; PSC might have changed its keys since.
    for seconds, fetches in ((1, 2), (29, 2), (31, 3), (32, 3), (60, 3), (62, 4)):
        clock.time = NOW + timedelta(seconds=seconds)
        with pytest.raises(UpstreamRefused, match="kid"):
            log_in(provider, psc)
        assert psc.calls("jwks") == fetches


def test_unknown_kid_seen_by_many_at_once_costs_one_fetch(
    provider: PscProvider, psc: HostilePsc, clock: HandClock
) -> None:
    log_in(provider, psc)
    psc.lie, clock.time = Lie(header={"kid": "never-seen"}), NOW + timedelta(seconds=61)
    request = provider.begin(fresh=False)
    answer = psc.authorize(request.url)
    together = threading.Barrier(8)

    def complete(_: int) -> str:
        together.wait(within(5))
        with pytest.raises(UpstreamRefused) as caught:
            provider.complete(answer, request.pending, now=NOW)
        return str(caught.value)

    with ThreadPoolExecutor(8) as browsers:
        assert set(browsers.map(complete, range(8))) == {
            'ID token: kid "never-seen" is not among the published keys'
        }
    assert psc.calls("jwks") == 2


def test_token_without_kid_is_refused_while_two_keys_fit(provider: PscProvider, psc: HostilePsc) -> None:
    psc.lie = Lie(header={"kid": ...}, keys={"keys": [*psc.jwks()["keys"], STRANGER_JWK]})
    with pytest.raises(UpstreamRefused, match="kid"):
        log_in(provider, psc)


def test_known_keys_are_kept_when_they_cannot_be_fetched_again(
    provider: PscProvider, psc: HostilePsc, clock: HandClock
) -> None:
    log_in(provider, psc)
    psc.lie = Lie(instead={"jwks": say_text("<html>", "text/html", 502)})
    clock.time = NOW + timedelta(hours=2)
    assert log_in(provider, psc).rpps == RPPS
    assert psc.calls("jwks") == 2


def test_unknown_kid_while_keys_cannot_be_fetched_is_an_outage(
    provider: PscProvider, psc: HostilePsc, clock: HandClock
) -> None:
    log_in(provider, psc)
    psc.lie = Lie(header={"kid": "psc-2"}, instead={"jwks": say_status(503)})
    clock.time = NOW + timedelta(seconds=61)
    with pytest.raises(UpstreamUnavailable):
        log_in(provider, psc)


def test_withdrawn_key_is_forgotten(provider: PscProvider, psc: HostilePsc, clock: HandClock) -> None:
    log_in(provider, psc)
    psc.kid, clock.time = "psc-2", NOW + timedelta(seconds=61)
    log_in(provider, psc)
    psc.lie = Lie(header={"kid": "psc-1"})
    with pytest.raises(UpstreamRefused, match="kid"):
        log_in(provider, psc)


def test_last_document_serves_while_no_new_one_can_be_had(
    provider: PscProvider, psc: HostilePsc, clock: HandClock
) -> None:
    log_in(provider, psc)
    psc.lie = Lie(instead={"discovery": say_status(503)})
    clock.time = NOW + timedelta(minutes=61)
    psc.now = clock.time.timestamp()
    assert log_in(provider, psc, clock.time).rpps == RPPS
    assert psc.calls("discovery") == 2


def endpoints_of(psc: HostilePsc) -> dict[str, str]:
    return {name: str(value) for name, value in psc.discovery().items() if name in ENDPOINTS}


def test_known_endpoints_serve_while_nothing_is_published(psc: HostilePsc, clock: HandClock) -> None:
    psc.lie = Lie(instead={"discovery": say_status(503)})
    provider = psc_provider(settings_for(psc, expected=endpoints_of(psc)), clock=clock)
    assert log_in(provider, psc).rpps == RPPS


def test_published_endpoint_wins_over_the_preset_and_the_operator_over_both(
    psc: HostilePsc, clock: HandClock
) -> None:
    wrong = f"{psc.origin}/keys-of-somebody-else"
    settings = settings_for(psc, expected=dict.fromkeys(ENDPOINTS, wrong))
    assert log_in(psc_provider(settings, clock=clock), psc).rpps == RPPS
    assert psc.calls("trap") == 0
    own = settings_for(psc, endpoints={"authorization_endpoint": f"{psc.origin}/own"})
    assert psc_provider(own, clock=clock).begin(fresh=False).url.startswith(f"{psc.origin}/own?")
    psc.lie = Lie(discovery={"token_endpoint": wrong})
    repaired = settings_for(psc, endpoints={"token_endpoint": endpoints_of_honest(psc)["token_endpoint"]})
    assert log_in(psc_provider(repaired, clock=clock), psc).rpps == RPPS
    assert psc.calls("trap") == 0


def endpoints_of_honest(psc: HostilePsc) -> dict[str, str]:
    lie, psc.lie = psc.lie, Lie()
    honest = endpoints_of(psc)
    psc.lie = lie
    return honest


# How we prove who we are.


def test_token_call_may_prove_the_client_in_the_form(psc: HostilePsc, clock: HandClock) -> None:
    psc.client_authentication = "client_secret_post"
    provider = psc_provider(settings_for(psc, client_authentication="client_secret_post"), clock=clock)
    assert log_in(provider, psc).rpps == RPPS


def test_wrong_method_is_refused_there(provider: PscProvider, psc: HostilePsc) -> None:
    psc.client_authentication = "client_secret_post"
    with pytest.raises(UpstreamMisconfigured, match="invalid_client"):
        log_in(provider, psc)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return tls_files(tmp_path_factory.mktemp("tls"))


def by_certificate(psc: HostilePsc, files: TlsFiles, **changes: Any) -> PscSettings:
    known: dict[str, Any] = {
        "issuer": psc.issuer.replace("http:", "https:"),
        "client_secret": "",
        "client_authentication": "tls_client_auth",
        "client_certificate_file": str(files.client),
        "client_key_file": str(files.client_key),
        "ca_file": str(files.ca),
    }
    return settings_for(psc, **{**known, **changes})


@contextmanager
def mutual_psc(files: TlsFiles) -> Iterator[HostilePsc]:
    """Every endpoint wants a client certificate."""
    with hostile_psc(SECONDS, files.server, files.ca) as psc:
        psc.origin = psc.origin.replace("http:", "https:")
        psc.issuer = psc.issuer.replace("http:", "https:")
        psc.client_authentication = "tls_client_auth"
        yield psc


def test_client_certificate_is_presented_on_every_back_channel_call(
    files: TlsFiles, clock: HandClock
) -> None:
    with mutual_psc(files) as psc:
        assert log_in(psc_provider(by_certificate(psc, files), clock=clock), psc).rpps == RPPS
        assert {one.endpoint for one in psc.seen} == {"discovery", "token", "jwks", "userinfo"}
        assert {one.peer for one in psc.seen} == {CLIENT_ID}
        token = next(one for one in psc.seen if one.endpoint == "token")
        assert "Authorization" not in token.headers


def test_certificate_may_be_presented_beside_a_secret(files: TlsFiles, clock: HandClock) -> None:
    # ANS's own configuration does so (facts/psc §3.1).
    with mutual_psc(files) as psc:
        psc.client_authentication = "client_secret_basic"
        both = by_certificate(
            psc, files, client_authentication="client_secret_basic", client_secret=CLIENT_SECRET
        )
        assert log_in(psc_provider(both, clock=clock), psc).rpps == RPPS


def test_without_certificate_a_server_that_wants_one_is_unavailable(
    files: TlsFiles, clock: HandClock
) -> None:
    with mutual_psc(files) as psc:
        bare = settings_for(psc, ca_file=str(files.ca))
        with pytest.raises(UpstreamUnavailable):
            psc_provider(bare, clock=clock).begin(fresh=False)


def test_aliases_for_certificates_are_used(files: TlsFiles, clock: HandClock) -> None:
    with mutual_psc(files) as psc:
        honest = psc.discovery()
        trap = f"{psc.origin}/keys-of-somebody-else"
        psc.lie = Lie(
            discovery={
                "token_endpoint": trap,
                "mtls_endpoint_aliases": {"token_endpoint": honest["token_endpoint"]},
            }
        )
        assert log_in(psc_provider(by_certificate(psc, files), clock=clock), psc).rpps == RPPS
        assert psc.calls("trap") == 0


def test_server_certificate_is_verified_by_the_authorities_given_only(
    files: TlsFiles, clock: HandClock, tmp_path: Path
) -> None:
    with mutual_psc(files) as psc:
        elsewhere = tls_files(tmp_path)
        with pytest.raises(UpstreamUnavailable, match="SSLError"):
            psc_provider(by_certificate(psc, files, ca_file=str(elsewhere.ca)), clock=clock).begin(
                fresh=False
            )


def start(files: TlsFiles, **changes: str) -> None:
    """As `idp serve` begins, with `tls_client_auth`. Raises BadSetting."""
    right = {
        "ISSUER": "https://caducee.example",
        "CARD_HOST": "https://carte.caducee.example",
        "APPLICATION_KEY": "k" * 43,
        "PASSWORD_PEPPER": "p" * 43,
        "PSC_ISSUER": "https://auth.example/realm",
        "PSC_CLIENT_ID": CLIENT_ID,
        "PSC_CLIENT_AUTHENTICATION": "tls_client_auth",
        "PSC_CLIENT_CERTIFICATE_FILE": str(files.client),
        "PSC_CLIENT_KEY_FILE": str(files.client_key),
        "PSC_CA_FILE": str(files.ca),
    }
    psc_http(read_settings({f"CADUCEE_{name}": text for name, text in {**right, **changes}.items()}).psc)


@pytest.mark.parametrize(
    "changes",
    [
        {"PSC_CLIENT_CERTIFICATE_FILE": ""},
        {"PSC_CLIENT_KEY_FILE": ""},
        {"PSC_CLIENT_CERTIFICATE_FILE": "/nowhere.pem"},
        {"PSC_CLIENT_AUTHENTICATION": "private_key_jwt"},
        {"PSC_CLIENT_AUTHENTICATION": "client_secret_post"},
        {"PSC_TOKEN_ENDPOINT": "http://elsewhere.example/"},
        {"PSC_NO_SUCH_ENDPOINT": "https://elsewhere.example/"},
    ],
)
def test_client_authentication_that_cannot_work_is_refused_at_the_start(
    changes: dict[str, str], files: TlsFiles
) -> None:
    start(files)
    with pytest.raises(BadSetting, match="CADUCEE_PSC_"):
        start(files, **changes)


def test_key_of_another_certificate_is_refused_at_the_start(files: TlsFiles, tmp_path: Path) -> None:
    other = tls_files(tmp_path)
    with pytest.raises(BadSetting, match="PSC_CLIENT_KEY_FILE: a certificate and its own key"):
        start(files, PSC_CLIENT_KEY_FILE=str(other.client_key))


# Settings.


@pytest.mark.parametrize(
    "changes",
    [
        {"psc_issuer": "http://auth.example/realm"},
        {"psc_issuer": "auth.example"},
        {"psc_discovery_url": "http://auth.example/realm"},
        {"psc_client_id": ""},
        {"psc_client_secret": ""},
        {"psc_scope": "scope_all"},
        {"psc_accepted_acr": ("eidas1", "0")},
        {"psc_accepted_acr": ("1",)},
    ],
)
def test_settings_that_could_never_be_right_are_refused(changes: dict[str, Any]) -> None:
    right: dict[str, Any] = {
        "issuer": "https://caducee.example",
        "card_host": "https://carte.caducee.example",
        "application_key": "k" * 43,
        "password_pepper": "p" * 43,
        "psc_issuer": "https://auth.example/realm",
        "psc_client_id": "c",
        "psc_client_secret": "s",
    }
    chosen = settings_with(**right).psc
    assert chosen.discovery_address.endswith("/realm/.well-known/wallet-openid-configuration")
    with pytest.raises(BadSetting, match="CADUCEE_PSC"):
        settings_with(**{**right, **changes})


def test_secret_is_not_shown_by_the_settings(psc: HostilePsc) -> None:
    assert CLIENT_SECRET not in repr(settings_for(psc))


def test_https_issuer_never_leads_to_http_on_loopback() -> None:
    settings = psc_chosen(issuer="https://auth.example", client_id="c", client_secret="s")
    assert not settings.allows("http://localhost/certs")


def test_unreadable_document_is_not_carried_by_the_exception() -> None:
    with pytest.raises(NoUsableAnswer) as caught:
        parse_json(b'{"access_token":"' + ACCESS_TOKEN.encode() + b'",}')
    # JSONDecodeError has the whole document in an attribute, which error collectors do show.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_unreachable_machine_gives_no_usable_answer() -> None:
    with pytest.raises(NoUsableAnswer):
        QUICK.get("http://127.0.0.1:9/", {})
