"""The comparison of what Pro Santé Connect publishes with what we expect, and what each difference is explained by."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from idp.adapters.http.bounded import SafeHttp
from idp.adapters.http.presented import signer_of
from idp.adapters.psc.check import check_beside, look
from idp.adapters.psc.comparison import compare
from idp.adapters.psc.discovery import PUSH_ENDPOINT
from idp.adapters.psc.finding import Finding, Level
from idp.adapters.psc.questions import client_findings
from idp.core.clock import SystemClock
from idp.settings.psc import PscSettings
from idp.settings.psc_presets import ENDPOINTS, PRESETS
from tests.adapters.psc.chosen import psc_chosen
from tests.adapters.psc.hostile_psc import (
    CLIENT_ID,
    CLIENT_SECRET,
    REDIRECT_URI,
    Handler,
    HostilePsc,
    Lie,
    Reply,
    hang_up,
    hostile_psc,
    say_json,
    say_status,
    self_signed_certificate,
    tls_files,
)
from tests.fakes import NOON
from tests.limits import within


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with hostile_psc(NOON.timestamp()) as server:
        yield server


def settings_for(psc: HostilePsc, **changes: Any) -> PscSettings:
    known: dict[str, Any] = {
        "issuer": psc.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": "openid",
    }
    return psc_chosen(**{**known, **changes})


def found(psc: HostilePsc, **changes: Any) -> list[Finding]:
    return list(look(settings_for(psc, **changes), REDIRECT_URI, SafeHttp(total_seconds=2), NOON))


def faults(findings: list[Finding]) -> list[str]:
    return [one.text for one in findings if one.level is Level.FAULT]


def notes(findings: list[Finding]) -> list[str]:
    return [one.text for one in findings if one.level is Level.NOTE]


def test_presets_are_dated_and_lead_to_the_wallet_and_the_auth_host() -> None:
    assert set(PRESETS) == {"production", "sandbox"}
    for preset in PRESETS.values():
        assert preset.as_of.year >= 2026
        assert set(preset.endpoints) == set(ENDPOINTS)
        assert preset.issuer.startswith("https://auth.")
        assert preset.endpoints["authorization_endpoint"].startswith("https://wallet.")
        assert preset.endpoints["token_endpoint"].startswith(preset.issuer)
    # facts/psc §1: production kept `esw`, the sandbox moved.
    assert ".esw.esante.gouv.fr" in PRESETS["production"].issuer
    assert ".bas.psc.esante.gouv.fr" in PRESETS["sandbox"].issuer


def test_everything_as_expected_has_no_fault_and_says_that_secrets_end(psc: HostilePsc) -> None:
    expected = {name: str(value) for name, value in psc.discovery().items() if name in ENDPOINTS}
    findings = found(psc, expected=expected)
    assert faults(findings) == []
    (note,) = notes(findings)
    assert "client secrets end" in note
    texts = [one.text for one in findings]
    assert f"client {CLIENT_ID}: known (client_secret_basic)" in texts
    assert "signing keys: 1 usable for RS256 (psc-1)" in texts
    assert f"redirect URI {REDIRECT_URI}: registered (prompt=none: login_required)" in texts
    assert any(text.startswith("sign-in pages: they answer (status 200 to OPTIONS") for text in texts)
    assert CLIENT_SECRET not in " ".join(texts)


def test_endpoint_that_moved_is_explained_and_stays_in_force(psc: HostilePsc) -> None:
    expected = {name: str(value) for name, value in psc.discovery().items() if name in ENDPOINTS}
    expected["authorization_endpoint"] = "https://wallet.before.example/auth"
    (moved, *_others) = [one for one in notes(found(psc, expected=expected)) if "wallet.before" in one]
    for words in ("is in force", "the preset knew", "people are sent there", "set the endpoint yourself"):
        assert words in moved


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"issuer": "https://wallet.example"}, "The issuer is always the auth host"),
        ({"token_endpoint": ...}, "token_endpoint: not published"),
        ({"userinfo_endpoint": "http://elsewhere.example/"}, "which is not https"),
        ({"jwks_uri": 7}, "nothing usable"),
    ],
)
def test_document_that_cannot_work_is_a_fault(
    psc: HostilePsc, document: dict[str, object], words: str
) -> None:
    psc.lie = Lie(discovery=document)
    assert words in " ".join(faults(found(psc)))


def test_operators_own_endpoint_is_said_to_win(psc: HostilePsc) -> None:
    own = f"{psc.origin}/own"
    (note,) = [one for one in notes(found(psc, endpoints={"end_session_endpoint": own})) if "setting" in one]
    assert own in note


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("code_challenge_methods_supported", ["plain"], "does not list S256"),
        ("id_token_signing_alg_values_supported", ["ES256"], "does not list RS256"),
        ("token_endpoint_auth_methods_supported", ["tls_client_auth"], "does not list client_secret_basic"),
        ("scopes_supported", ["profile"], "does not list openid"),
        ("claims_supported", ["sub"], "does not list auth_time"),
    ],
)
def test_ability_that_is_not_listed_is_noted(
    psc: HostilePsc, member: str, value: list[str], words: str
) -> None:
    document = {**psc.discovery(), member: value}
    assert words in " ".join(one.text for one in compare(document, settings_for(psc)))


def test_session_of_logout_tokens_is_wanted_where_they_are_taken(psc: HostilePsc) -> None:
    for document, is_told in (
        (psc.discovery(), True),
        ({"backchannel_logout_session_supported": True}, False),
    ):
        told = " ".join(one.text for one in compare(document, settings_for(psc, backchannel_logout=True)))
        assert ("PSC_BACKCHANNEL_LOGOUT" in told) is is_told


def test_unknown_client_is_a_fault_with_advice(psc: HostilePsc) -> None:
    (fault,) = faults(found(psc, client_secret="another one"))
    assert "refused (invalid_client)" in fault
    assert "what Pro Santé Connect registered" in fault


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [("discovery", "discovery http"), ("jwks", "signing keys: status 503"), ("wallet", "sign-in pages")],
)
def test_endpoint_that_is_down_is_a_fault_and_the_others_are_still_asked(
    psc: HostilePsc, endpoint: str, words: str
) -> None:
    psc.lie = Lie(instead={endpoint: say_status(503)})
    findings = found(psc)
    assert words in " ".join(faults(findings))
    assert endpoint == "discovery" or any("known (" in one.text for one in findings)


@pytest.mark.parametrize(
    ("answer", "level", "words"),
    [
        (say_status(400), Level.FAULT, "knows no client"),
        (say_status(200), Level.NOTE, "the first sign-in will tell"),
        (say_status(302, Location="https://wallet.example/login-page"), Level.NOTE, "the first sign-in will"),
        (say_status(302, Location=f"{REDIRECT_URI}?error=invalid_scope"), Level.FAULT, "PSC_SCOPE"),
        (say_status(302, Location=f"{REDIRECT_URI}?error=server_error"), Level.FAULT, "server_error"),
        (say_status(302, Location=f"{REDIRECT_URI}?error=%1b"), Level.FAULT, "unregistered error"),
        (say_status(302, Location=f"{REDIRECT_URI}?error=interaction_required"), Level.FINE, "registered"),
        (hang_up, Level.NOTE, "got no answer (ConnectionError)"),
    ],
)
def test_redirect_address_is_tried_without_a_page(
    psc: HostilePsc, answer: Reply, level: Level, words: str
) -> None:
    def for_get(handler: Handler) -> None:
        (answer if handler.command == "GET" else say_status(200))(handler)

    psc.lie = Lie(instead={"wallet": for_get})
    (told,) = [one for one in found(psc) if one.text.startswith("redirect URI")]
    assert (told.level, words in told.text) == (level, True), told.text


def test_another_redirect_address_than_the_registered_one_is_a_fault(psc: HostilePsc) -> None:
    psc.redirect_uri = f"{REDIRECT_URI}/"
    (fault,) = faults(found(psc))
    assert f"redirect URI {REDIRECT_URI}: refused on a page of its own (status 400)" in fault


def test_what_must_be_pushed_is_pushed_for_the_check_too(psc: HostilePsc) -> None:
    psc.lie = Lie(discovery={"require_pushed_authorization_requests": True})
    findings = found(psc)
    assert faults(findings) == []
    texts = " ".join(one.text for one in findings)
    assert "requests are pushed first (RFC 9126)" in texts
    assert f"redirect URI {REDIRECT_URI}: registered" in texts
    psc.lie = Lie(discovery={PUSH_ENDPOINT: ...})
    assert "requests have to be pushed there" in " ".join(faults(found(psc, push_requests=True)))


def test_start_asks_nothing_that_is_kept_there_as_a_failed_sign_in(psc: HostilePsc) -> None:
    check_beside(settings_for(psc), REDIRECT_URI, SafeHttp(), SystemClock()).join(within(10))
    assert [one.method for one in psc.seen if one.endpoint == "wallet"] == ["OPTIONS"]
    assert psc.calls("token") == 1
    quiet = settings_for(psc, check_client_at_start=False)
    check_beside(quiet, REDIRECT_URI, SafeHttp(), SystemClock()).join(within(10))
    assert psc.calls("token") == 1


def test_other_provider_is_found_at_the_usual_address_of_its_document(psc: HostilePsc) -> None:
    stock = f"{psc.issuer}/.well-known/openid-configuration"
    psc.lie = Lie(instead={"discovery": say_status(404)})
    told = " ".join(faults(found(psc)))
    assert "status 404: nothing is there: a wrong address" in told
    assert f"set PSC_DISCOVERY_URL to the address of its document, which is not at {stock} either" in told
    psc.lie = Lie(instead={"discovery": say_status(404), "none": say_json({"issuer": psc.issuer})})
    assert f"set PSC_DISCOVERY_URL={stock}" in " ".join(faults(found(psc)))
    (fault,) = faults(found(psc, discovery_url=f"{psc.issuer}/elsewhere", issuer=f"{psc.issuer}/x"))[:1]
    assert "PSC_DISCOVERY_URL" not in fault


def test_final_slash_of_the_issuer_makes_no_double_one_and_is_named(psc: HostilePsc) -> None:
    assert settings_for(psc, issuer=f"{psc.issuer}/").discovery_address == psc.discovery_url()
    told = " ".join(faults(found(psc, issuer=f"{psc.issuer}/")))
    assert "Only the final slash differs: write PSC_ISSUER as it is published" in told
    psc.lie = Lie(discovery={"issuer": f"{psc.issuer}/"})
    assert faults(found(psc, issuer=f"{psc.issuer}/")) == []


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 429, 500, 503])
def test_every_status_is_explained(psc: HostilePsc, status: int) -> None:
    psc.lie = Lie(instead={"jwks": say_status(status)})
    (fault,) = faults(found(psc))
    assert len(fault) > len(f"signing keys: status {status}: ")


@pytest.mark.parametrize("ca_file", [False, True])
def test_missing_authority_is_named(psc: HostilePsc, tmp_path: Path, ca_file: bool) -> None:
    files = tls_files(tmp_path)
    other = tmp_path / "other.pem"
    other.write_bytes(self_signed_certificate(tmp_path).read_bytes())
    chosen = {"ca_file": str(other)} if ca_file else {}
    with hostile_psc(NOON.timestamp(), files.server) as secured:
        settings = settings_for(secured, issuer=secured.issuer.replace("http:", "https:"), **chosen)
        http = SafeHttp(total_seconds=within(2), ca_file=settings.ca_file)
        (fault,) = faults(list(look(settings, REDIRECT_URI, http, NOON)))
    assert "unable to get local issuer certificate. Its certificate is signed by CN=Test authority" in fault
    assert "PSC_CA_FILE" in fault
    assert ("name it in" in fault) is not ca_file


def test_server_that_shows_no_certificate_has_no_signer(psc: HostilePsc) -> None:
    assert signer_of(psc.origin.replace("http:", "https:")) is None


@pytest.mark.parametrize(
    ("published", "changes", "is_told"),
    [
        ({"acr_values_supported": ["0", "1"]}, {}, True),
        ({"acr_values_supported": ...}, {}, True),
        ({"acr_values_supported": "eidas1"}, {}, True),
        ({"acr_values_supported": [7, "eidas1"]}, {}, False),
        ({"acr_values_supported": ["1"]}, {"accepted_acr": (), "accept_missing_acr": True}, True),
    ],
)
def test_missing_level_is_told(
    psc: HostilePsc, published: dict[str, object], changes: dict[str, Any], is_told: bool
) -> None:
    psc.lie = Lie(discovery=published)
    told = [one for one in notes(found(psc, **changes)) if one.startswith("acr_values_supported")]
    assert bool(told) is is_told
    assert all("PSC_ACCEPTED_ACR is " in one for one in told)


def test_empty_key_set_is_a_fault(psc: HostilePsc) -> None:
    psc.lie = Lie(keys={"keys": []})
    assert faults(found(psc)) == ["signing keys: 0 usable for RS256 (none)"]


def test_client_certificate_near_its_end_is_noted_and_after_it_a_fault(tmp_path: Any) -> None:
    files = tls_files(tmp_path)
    settings = psc_chosen(
        issuer="https://psc.example",
        client_id=CLIENT_ID,
        client_authentication="tls_client_auth",
        client_certificate_file=str(files.client),
        client_key_file=str(files.client_key),
    )
    now = SystemClock().now()
    levels = [
        [one.level for one in client_findings(settings, at)]
        for at in (now - timedelta(days=60), now, now + timedelta(days=31))
    ]
    assert levels == [[Level.FINE], [Level.NOTE], [Level.FAULT]]


def test_what_is_published_is_never_shown_when_it_could_deceive(psc: HostilePsc) -> None:
    psc.lie = Lie(instead={"discovery": say_json({"issuer": "a\n\x1b[31mok", "token_endpoint": "x" * 9000})})
    text = " ".join(one.text for one in found(psc))
    assert "\x1b" not in text
    assert "nothing usable" in text
    assert len(text) < 4000


def test_start_tells_the_log_and_waits_for_nobody(
    psc: HostilePsc, captured: Callable[[], list[dict[str, Any]]]
) -> None:
    psc.lie = Lie(discovery={"issuer": "https://wallet.example"})
    check_beside(settings_for(psc), REDIRECT_URI, SafeHttp(total_seconds=2), SystemClock()).join(within(10))
    told = captured()
    assert {one["event"] for one in told} == {"psc_check"}
    assert any("client secrets end" in one["finding"] for one in told)
    # facts/security LG1: an alarm goes by the level of the line.
    assert any(one["log_level"] == "error" and "auth host" in one["finding"] for one in told)
    assert any(one["log_level"] == "warning" and "client secrets end" in one["finding"] for one in told)
    assert CLIENT_SECRET not in json.dumps(told)


@pytest.fixture
def captured() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    with structlog.testing.capture_logs() as logs:
        yield lambda: [dict(one) for one in logs]
