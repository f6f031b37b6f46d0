"""The comparison of what Pro Santé Connect publishes with what we expect, and what each difference is explained by."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog

from idp.adapters.http.bounded import SafeHttp
from idp.adapters.psc.check import Finding, Level, check_beside, client_findings, compare, look
from idp.core.clock import SystemClock
from idp.settings.psc import PscSettings
from idp.settings.psc_presets import ENDPOINTS, PRESETS
from tests.adapters.psc.chosen import psc_chosen
from tests.adapters.psc.hostile_psc import (
    CLIENT_ID,
    CLIENT_SECRET,
    REDIRECT_URI,
    HostilePsc,
    Lie,
    hostile_psc,
    say_json,
    say_status,
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
    psc.lie = Lie(instead={"wallet": say_status(400)})
    expected = {name: str(value) for name, value in psc.discovery().items() if name in ENDPOINTS}
    findings = found(psc, expected=expected)
    assert faults(findings) == []
    (note,) = notes(findings)
    assert "client secrets end" in note
    texts = [one.text for one in findings]
    assert f"client {CLIENT_ID}: known (client_secret_basic)" in texts
    assert "signing keys: 1 usable for RS256 (psc-1)" in texts
    assert "sign-in pages: answer with status 400" in texts
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
    ],
)
def test_ability_that_is_not_listed_is_noted(
    psc: HostilePsc, member: str, value: list[str], words: str
) -> None:
    document = {**psc.discovery(), member: value}
    assert words in " ".join(one.text for one in compare(document, settings_for(psc)))


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
