"""`idp explain`: what it says of requests that were not sent, of another provider's, of garbage and of secrets."""

import argparse
import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from idp.cli.explain import command
from tests.provider import (
    ISSUER,
    REDIRECT,
    RP,
    SECRETS,
    Provider,
    answer_of,
    app_factory,
    authorization,
    basic,
    provider,
    templates,
)

__all__ = ["app_factory", "provider", "templates"]
MARK = "zyx"
CODE = {"grant_type": "authorization_code", "code": MARK, "redirect_uri": REDIRECT}
Explain = Callable[[str], tuple[int, str]]


@pytest.fixture
def explained(provider: Provider, capsys: pytest.CaptureFixture[str]) -> Explain:
    """Status and what was written of a pasted text, none of which comes back."""

    def ask(text: str) -> tuple[int, str]:
        capsys.readouterr()
        status = command.explain(provider.settings, argparse.Namespace(what=text))
        written = "".join(capsys.readouterr())
        assert MARK not in written
        assert SECRETS[RP] not in written
        return status, written

    return ask


def address(**changes: str | None) -> str:
    return f"{ISSUER}/authorize?{urlencode(authorization(**changes))}"


def test_a_good_request_keeps_to_every_rule(explained: Explain) -> None:
    status, written = explained(address())
    assert status == 0
    assert "no rule refuses it" in written
    assert "keeps to  pkce_missing" in written


@pytest.mark.parametrize(
    ("changes", "rule", "said"),
    [
        ({"client_id": MARK}, "client_unknown", "none that is registered"),
        ({"client_id": None}, "client_id_missing", "none that is registered"),
        ({"redirect_uri": None}, "redirect_uri_missing", RP),
        ({"redirect_uri": f"{REDIRECT}/?{MARK}"}, "redirect_uri_unregistered", f"nearest: {REDIRECT}"),
        ({"scope": MARK}, "scope_openid_missing", "Core §3.1.2.1"),
        (
            {"code_challenge": None, "code_challenge_method": None},
            "pkce_missing",
            "pkce (left out: the default holds)",
        ),
        ({"nonce": MARK * 3000}, "parameter_too_long", "is too long"),
    ],
)
def test_the_rule_that_refuses_is_said_with_its_line(
    explained: Explain, changes: dict[str, str | None], rule: str, said: str
) -> None:
    status, written = explained(address(**changes))
    assert (status, f"REFUSED   {rule}: " in written) == (1, True), written
    assert said in written


def test_what_is_said_is_what_the_endpoint_does(explained: Explain, provider: Provider) -> None:
    for changes in ({"max_age": "x"}, {"prompt": "none login"}, {"code_challenge_method": "plain"}):
        answer = answer_of(provider.browser().authorize(**changes))
        described = answer["error_description"].partition(" (reference")[0]
        assert f": {described}" in explained(address(**changes))[1]


def test_the_line_of_a_member_is_told(explained: Explain, provider: Provider) -> None:
    _, written = explained(address(redirect_uri="https://other.example/"))
    (line,) = [line for line in written.splitlines() if "in clients.yaml: " in line]
    place = line.partition("in clients.yaml: ")[2].partition(" ")[0]
    file, number, _column = place.rsplit(":", 2)
    assert file == str(provider.settings.where.clients_file)
    assert (
        provider.settings.where.clients_file.read_text()
        .splitlines()[int(number) - 1]
        .strip()
        .startswith("redirect_uris")
    )


def test_a_pushed_reference_is_not_judged(explained: Explain) -> None:
    sent = urlencode({"client_id": RP, "request_uri": f"urn:ietf:params:oauth:request_uri:{MARK}"})
    assert explained(f"{ISSUER}/authorize?{sent}")[0] == 0


def curl(*options: str, **form: str) -> str:
    data = " ".join(f"--data-urlencode '{name}={value}'" for name, value in form.items())
    return f"curl -s {' '.join(options)} \\\n {data} {ISSUER}/token"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (curl(f"-u {RP}:{SECRETS[RP]}", **CODE), None),
        (curl(f"--user={RP}:{SECRETS[RP]}", **CODE), None),
        (curl(f"-H 'Authorization: {basic(RP, SECRETS[RP])['Authorization']}'", **CODE), None),
        (curl(**CODE), "client_auth_missing"),
        (curl("-H 'Authorization: Bearer x'", **CODE), "client_auth_missing"),
        (curl("-H 'Authorization: Basic !'", **CODE), "client_auth_missing"),
        (curl(f"-u {MARK}:{MARK}", **CODE), "client_auth_unknown_client"),
        (curl(f"-u {RP}:x", **CODE, client_secret=MARK), "client_auth_two_methods"),
        (curl("-u poster:x", **CODE), "client_auth_method"),
        (curl(f"-u{RP}:x", "-XPOST", **{**CODE, "code": ""}), "code_missing"),
        (curl(f"-u {RP}:x"), "grant_type_missing"),
        (curl(f"-u {RP}:x", grant_type=MARK), "grant_type_unsupported"),
        (curl(f"-u {RP}:x", grant_type="refresh_token", refresh_token=MARK), "grant_type_not_registered"),
        (json.dumps({"grant_type": "refresh_token", "client_id": "public"}), "refresh_token_missing"),
        (json.dumps({"form": {**CODE, "n": 1}, "headers": basic(RP, MARK), "url": f"{ISSUER}/token"}), None),
        (json.dumps(authorization(prompt=MARK)), "prompt_unknown"),
    ],
)
def test_a_token_request_is_explained_without_its_secrets(
    explained: Explain, text: str, rule: str | None
) -> None:
    status, written = explained(text)
    assert status == (0 if rule is None else 1), written
    assert rule is None or f"REFUSED   {rule}: " in written


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected an address"),
        (MARK, "expected an address of /authorize"),
        ("\ud800", "expected an address"),
        (MARK * 99_999, "64 KiB"),
        ("{", "expected JSON"),
        ("{" * 50_000, "expected JSON"),
        ('{"form": 1}', "expected JSON"),
        ('{"form": {}, "headers": []}', "expected JSON"),
        (f"curl 'https://{MARK}", "quotes"),
        (f"https://{MARK}.example/authorize?client_id={RP}", "another provider's"),
        ("https://[", "can be read"),
        (f"{ISSUER}/userinfo?access_token={MARK}", "expected an address of /authorize or /token"),
        (f"eyJ{MARK}.{MARK}{MARK}.{MARK}", "looks like a token"),
        (f"Bearer {MARK * 20}", "looks like a token"),
    ],
)
def test_what_is_no_request_of_ours_is_said_kindly(explained: Explain, text: str, said: str) -> None:
    status, written = explained(text)
    assert (status, said in written) == (2, True), written


def test_a_reference_is_looked_up_and_standard_input_is_read(
    explained: Explain, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer: Any = answer_of(provider.browser().authorize(max_age="x"))
    reference = answer["error_description"].rpartition(" ")[2].strip(")")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{reference}\n"))
    status, written = explained("-")
    assert (status, "max_age_malformed" in written) == (0, True)
