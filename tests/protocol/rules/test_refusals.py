"""What is told of a refused request: to the relying party, to the person, in the log, and under its reference."""

import argparse
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import Client, TestResponse

from idp.cli.explain import refusals as command
from idp.core.ephemeral import Kind, StoreUnavailable
from idp.core.errors import OAuthError, RuleBroken
from idp.protocol.client_auth.client_door import TooManyRequests
from idp.protocol.rules.form_rules import FORM_TYPE
from idp.protocol.rules.refusals import Refusals
from idp.protocol.rules.rule_book import RULES
from idp.settings.refusals import RefusalSettings
from idp.web.kept_refusals import HourlyShare, KeptRefusals
from tests.fakes import FixedClock, MemoryStore
from tests.logged import logged_here
from tests.provider import (
    CHALLENGE,
    ISSUER,
    REDIRECT,
    RP,
    SECRETS,
    Browser,
    Provider,
    answer_of,
    authorization,
    basic,
)

#: Whatever of a request comes back is found by it.
MARK = "zyx"
#: RFC 6749 §4.1.2.1 and §5.2.
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+ \(reference ([0-9a-f]{8})\)")

#: What is changed in a good authorization request, and the rule that it breaks then.
AUTHORIZE: list[tuple[Mapping[str, str | None], str]] = [
    ({"scope": None}, "scope_openid_missing"),
    ({"scope": f"profile {MARK}"}, "scope_openid_missing"),
    ({"response_type": None}, "response_type_missing"),
    ({"response_type": f"token{MARK}"}, "response_type_unsupported"),
    ({"response_mode": MARK}, "response_mode_unknown"),
    ({"state": f"{MARK}é"}, "state_characters"),
    ({"max_age": f"1{MARK}"}, "max_age_malformed"),
    ({"max_age": "-1"}, "max_age_malformed"),
    ({"prompt": f"login {MARK}"}, "prompt_unknown"),
    ({"prompt": "none login"}, "prompt_none_not_alone"),
    ({"display": MARK}, "display_unknown"),
    ({"claims": f'{{"{MARK}'}, "claims_malformed"),
    ({"claims": f'{{"id_token":{{"acr":{{"essential":true,"value":"{MARK}"}}}}}}'}, "essential_acr_unknown"),
    ({"code_challenge": None, "code_challenge_method": None}, "pkce_missing"),
    ({"code_challenge": None}, "pkce_challenge_missing"),
    ({"code_challenge_method": None}, "pkce_method_missing"),
    ({"code_challenge_method": f"plain{MARK}"}, "pkce_method"),
    ({"code_challenge": f"{CHALLENGE}{MARK}"}, "pkce_challenge_malformed"),
    ({"dpop_jkt": MARK}, "dpop_jkt_malformed"),
    ({"idp_hint": MARK}, "idp_hint_closed"),
    ({"request": MARK}, "request_not_supported"),
    ({"request_uri": f"https://{MARK}.example/"}, "request_uri_not_supported"),
    ({"request_uri": f"urn:ietf:params:oauth:request_uri:{MARK}"}, "request_uri_gone"),
    ({"registration": f'{{"{MARK}":1}}'}, "registration_not_supported"),
    ({"id_token_hint": MARK}, "id_token_hint_not_ours"),
    ({"id_token_hint": f"{MARK}.b.c.d.e"}, "id_token_hint_encrypted"),
    ({"nonce": MARK * 3000}, "parameter_too_long"),
    ({"nonce": MARK * 1500, "login_hint": MARK * 1200}, "request_too_long"),
]
#: The form of a token request without its client, and the rule that it breaks.
TOKEN: list[tuple[Mapping[str, str], str]] = [
    ({"code": MARK}, "grant_type_missing"),
    ({"grant_type": MARK}, "grant_type_unsupported"),
    ({"grant_type": "authorization_code"}, "code_missing"),
    ({"grant_type": "authorization_code", "code": MARK}, "token_redirect_uri_missing"),
    ({"grant_type": "authorization_code", "code": MARK, "redirect_uri": REDIRECT}, "code_unknown"),
    ({"grant_type": "refresh_token"}, "refresh_token_missing"),
    ({"grant_type": "refresh_token", "refresh_token": MARK}, "refresh_token_unknown"),
]
#: Headers and form of a client that proves nothing, and the rule.
CREDENTIALS: list[tuple[Mapping[str, str], Mapping[str, str], str]] = [
    ({}, {}, "client_auth_missing"),
    ({"Authorization": f"Bearer {MARK}"}, {}, "client_auth_basic_unreadable"),
    ({"Authorization": f"Basic {MARK}"}, {}, "client_auth_basic_unreadable"),
    ({}, {"client_assertion": MARK}, "client_assertion_unreadable"),
    (basic(RP, SECRETS[RP]), {"client_secret": MARK}, "client_auth_two_methods"),
    (basic(RP, SECRETS[RP]), {"client_id": MARK}, "client_id_differs"),
    (basic(MARK, SECRETS[RP]), {}, "client_auth_unknown_client"),
    (basic(RP, f"{MARK}-0123456789abcdef0123456789abcdef"), {}, "client_secret_wrong"),
    (basic("poster", SECRETS["poster"]), {}, "client_auth_method"),
    ({}, {"client_id": RP}, "client_auth_method"),
    ({}, {"client_id": MARK}, "client_auth_unknown_client"),
]


def post(provider: Provider, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> TestResponse:
    return Client(provider.app, TestResponse).post(
        path, base_url=ISSUER, data=dict(form), headers=dict(headers)
    )


def read(answer: Mapping[str, str], rule: str) -> str:
    """The reference in an error, whose description is that of the rule and repeats nothing."""
    found = DESCRIPTION.fullmatch(answer["error_description"])
    assert found, answer
    assert answer["error"] == RULES[rule].error
    described = RULES[rule].description
    # Some name a parameter that we know, or doors.
    if rule not in ("parameter_repeated", "parameter_too_long", "idp_hint_closed"):
        assert answer["error_description"].startswith(described)
    assert MARK not in answer["error_description"]
    return found[1]


def told(lines: list[Any]) -> dict[str, Any]:
    """The one line of the log that tells of a refusal."""
    (line,) = [dict(line) for line in lines if line["event"] == "request_refused"]
    assert MARK not in str(line)
    return line


@pytest.mark.parametrize(
    ("change", "rule"), AUTHORIZE, ids=[f"{rule}-{at}" for at, (_, rule) in enumerate(AUTHORIZE)]
)
def test_a_refused_authorization_request_says_which_rule_it_broke(
    browser: Browser, change: Mapping[str, str | None], rule: str
) -> None:
    with logged_here() as lines:
        answer = answer_of(browser.authorize(**change))
    line = told(lines)
    assert (line["endpoint"], line["client_id"], line["rule"]) == ("/authorize", RP, rule)
    assert line["reference"] == read(answer, rule)


def test_what_a_registration_demands_is_said(app_factory: Callable[..., Provider]) -> None:
    demands = {
        "require_pushed_authorization_requests: true": "request_not_pushed",
        "pkce: or_nonce": "pkce_and_nonce_missing",
        "nonce: required": "nonce_missing",
    }
    for demand, rule in demands.items():
        member, _, value = demand.partition(": ")
        provider = app_factory().register(RP, **{member: value})
        with logged_here() as lines:
            sent = dict.fromkeys(("nonce", "code_challenge", "code_challenge_method"))
            read(answer_of(provider.browser().authorize(**sent)), rule)
        assert told(lines)["rule"] == rule


def test_a_known_parameter_that_is_repeated_is_named_and_another_one_is_not(browser: Browser) -> None:
    for name, said in (
        ("scope", "scope is given more than once"),
        (MARK, "a parameter is given more than once"),
    ):
        query = urlencode([*authorization().items(), (name, "openid"), (name, "openid")])
        answer = answer_of(browser.get(f"/authorize?{query}"))
        read(answer, "parameter_repeated")
        assert answer["error_description"].startswith(said)


@pytest.mark.parametrize(("form", "rule"), TOKEN, ids=[rule for _form, rule in TOKEN])
def test_a_refused_token_request_says_which_rule_it_broke(
    provider: Provider, form: Mapping[str, str], rule: str
) -> None:
    with logged_here() as lines:
        answer = post(provider, "/token", form, basic(RP, SECRETS[RP]))
    line = told(lines)
    assert (line["endpoint"], line["client_id"], line["rule"]) == ("/token", RP, rule)
    assert line["reference"] == read(answer.get_json(), rule)


@pytest.mark.parametrize("path", ["/token", "/par", "/introspect", "/revoke"])
def test_a_client_that_proves_nothing_reads_the_same_whoever_it_is_and_the_log_knows_why(
    provider: Provider, path: str
) -> None:
    registered = {RP, "poster"}
    described: dict[str, set[str]] = {}
    for headers, form, rule in CREDENTIALS:
        with logged_here() as lines:
            answer = post(provider, path, {"token": MARK, **form}, headers).get_json()
        line = told(lines)
        assert (line["endpoint"], line["rule"]) == (path, rule)
        assert line.get("client_id", RP) in registered
        assert line["reference"] == read(answer, rule)
        described.setdefault(rule, set()).add(answer["error_description"].partition(" (reference")[0])
    # Of a client that is named: one text, which tells neither that it exists nor how it proves itself.
    same = ("client_auth_unknown_client", "client_secret_wrong", "client_auth_method")
    assert len(set().union(*(described[rule] for rule in same))) == 1


def test_the_log_says_what_was_presented_and_what_is_registered(provider: Provider) -> None:
    with logged_here() as lines:
        post(provider, "/token", {"code": MARK}, basic("poster", SECRETS["poster"]))
    line = told(lines)
    assert (line["client_id"], line["presented"], line["registered"]) == (
        "poster",
        "basic",
        "client_secret_post",
    )


def test_a_body_that_is_no_form_or_too_large_is_said(provider: Provider) -> None:
    client = Client(provider.app, TestResponse)
    read(client.post("/token", base_url=ISSUER, json={"code": MARK}).get_json(), "form_type")
    long = post(provider, "/token", {"code": MARK * 3000}, basic(RP, SECRETS[RP])).get_json()
    read(long, "parameter_too_long")
    assert long["error_description"].startswith("code is too long")
    huge = "x" * (provider.settings.bounds.body_bytes + 1)
    read(client.post("/token", base_url=ISSUER, data={"code": huge}).get_json(), "body_too_large")


def test_why_a_code_gives_nothing_is_in_the_log_alone(fresh: Provider) -> None:
    used = fresh.browser().sign_in()
    fresh.exchange(used)
    cases: list[tuple[str, Callable[[], TestResponse]]] = [
        ("code_used", lambda: fresh.exchange(used)),
        ("code_of_other_client", lambda: fresh.exchange(fresh.browser().sign_in(), "grand-age")),
        (
            "code_of_other_redirect_uri",
            lambda: fresh.exchange(fresh.browser().sign_in(), redirect_uri=f"{REDIRECT}/"),
        ),
        ("pkce_verifier_wrong", lambda: fresh.exchange(fresh.browser().sign_in(), code_verifier="w" * 43)),
        ("pkce_verifier_missing", lambda: fresh.exchange(fresh.browser().sign_in(), code_verifier=None)),
    ]
    for rule, act in cases:
        with logged_here() as lines:
            answer = act().get_json()
        assert told(lines)["rule"] == rule
        read(answer, rule)


@pytest.mark.parametrize(
    ("headers", "status", "rule"),
    [
        ({}, 401, "access_token_missing"),
        ({"Authorization": f"Bearer {MARK}"}, 401, "access_token_refused"),
        ({"Authorization": f"DPoP {MARK}"}, 401, "access_token_refused"),
        ({"Authorization": f"Bearer {MARK} {MARK}"}, 400, "access_token_malformed"),
    ],
)
def test_userinfo_says_why_in_its_body_too(
    provider: Provider, headers: Mapping[str, str], status: int, rule: str
) -> None:
    with logged_here() as lines:
        answer = Client(provider.app, TestResponse).get("/userinfo", base_url=ISSUER, headers=dict(headers))
    assert (answer.status_code, told(lines)["rule"]) == (status, rule)
    # RFC 6750 §3.1: a request without a token hears of no error.
    if rule == "access_token_missing":
        assert (answer.get_json(), "error" in answer.headers["WWW-Authenticate"]) == ({}, False)
    else:
        read(answer.get_json(), rule)
        assert f'error="{RULES[rule].error}"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("sent", "rule", "more"),
    [
        (
            {
                "client_id": RP,
                "post_logout_redirect_uri": f"https://trajectoire.example/signedout?{MARK}#{MARK}",
            },
            "post_logout_redirect_uri_unregistered",
            {
                "client_id": RP,
                "given": "https://trajectoire.example/signedout",
                "nearest": "https://trajectoire.example/signed-out",
                "differs": "path query fragment",
            },
        ),
        ({"post_logout_redirect_uri": f"https://{MARK}.example/"}, "logout_client_missing", {}),
        ({"client_id": MARK}, "logout_client_unknown", {}),
        ({"client_id": RP, "id_token_hint": MARK}, "logout_hint_not_ours", {"client_id": RP}),
    ],
)
def test_what_a_sign_out_leaves_aside_is_told_to_the_operator(
    browser: Browser, sent: Mapping[str, str], rule: str, more: Mapping[str, str]
) -> None:
    with logged_here() as lines:
        assert browser.get(f"/end_session?{urlencode(sent)}").status_code == 200
    line = told(lines)
    assert (line["endpoint"], line["rule"]) == ("/end_session", rule)
    assert {name: line.get(name) for name in ("client_id", "given", "nearest", "differs")} == {
        "client_id": None,
        "given": None,
        "nearest": None,
        "differs": None,
        **more,
    }


def test_a_hint_of_another_client_than_the_one_named_is_told(fresh: Provider) -> None:
    hint = fresh.exchange(fresh.browser().sign_in()).get_json()["id_token"]
    sent = urlencode({"id_token_hint": hint, "client_id": "grand-age"})
    with logged_here() as lines:
        fresh.browser().get(f"/end_session?{sent}")
    assert (told(lines)["rule"], told(lines)["client_id"]) == ("logout_hint_of_other_client", RP)
    with logged_here() as lines:
        fresh.browser().get(f"/end_session?{urlencode({'id_token_hint': hint})}")
    assert not lines


def shown(page: TestResponse) -> str:
    """The reference on a page."""
    (found,) = re.findall(r"\b[0-9a-f]{8}\b", BeautifulSoup(page.text, "html.parser").get_text())
    return str(found)


def asked(provider: Provider, capsys: pytest.CaptureFixture[str], reference: str) -> dict[str, str]:
    """What `idp error` says of it."""
    capsys.readouterr()
    assert command.show(provider.settings, argparse.Namespace(reference=reference, json=True)) == 0
    found: dict[str, str] = json.loads(capsys.readouterr().out)
    return found


def test_the_reference_of_a_page_leads_to_the_rule_and_the_nearest_registered_address(
    fresh: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = f"http://user:{MARK}@trajectoire.example:8080/Callback?{MARK}=1#{MARK}"
    with logged_here() as lines:
        page = fresh.browser().authorize(redirect_uri=sent)
    assert [line["event"] for line in lines] == ["request_refused"]
    found = asked(fresh, capsys, shown(page))
    assert MARK not in str(found) + page.text
    assert found.pop("when").endswith("Z")
    assert found.pop("change").startswith("Add the very address")
    assert found == {
        "reference": shown(page),
        "endpoint": "/authorize",
        "client": RP,
        "rule": "redirect_uri_unregistered",
        "error": "invalid_request (on a page)",
        "wrong": RULES["redirect_uri_unregistered"].description,
        "given": "http://trajectoire.example:8080/Callback",
        "nearest": REDIRECT,
        "differs": "scheme port path query fragment",
        "member": "redirect_uris (clients.yaml)",
        "source": "RFC 9700 §2.1",
    }


def test_each_page_of_a_refused_request_has_a_reference_that_is_found(
    fresh: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = "(none that is registered)"
    cases: list[tuple[Mapping[str, str | None], str, str]] = [
        ({"client_id": None}, "client_id_missing", nobody),
        ({"client_id": MARK}, "client_unknown", nobody),
        ({"redirect_uri": None}, "redirect_uri_missing", RP),
        ({"redirect_uri": "http://["}, "redirect_uri_unregistered", RP),
        ({"redirect_uri": None, "request": MARK}, "request_not_supported", RP),
    ]
    for change, rule, client in cases:
        page = fresh.browser().authorize(**change)
        found = asked(fresh, capsys, shown(page))
        assert (page.status_code, found["rule"], found["client"]) == (400, rule, client)


def test_a_client_that_is_not_there_is_told_with_the_file_that_was_read_and_its_fault(
    fresh: Provider,
) -> None:
    file = fresh.settings.where.clients_file
    written = f"{file.read_text()}    pkce: maybe\n"
    for text, fault in (
        (file.read_text(), None),
        (written, f"{file}:{written.count(chr(10))}:11: expected one of"),
    ):
        file.write_text(text)
        with logged_here() as lines:
            fresh.browser().authorize(client_id="nobody-s")
            post(fresh, "/token", {"client_id": "nobody-s"}, {})
        refused = [line for line in lines if line["event"] == "request_refused"]
        assert [line["looked_in"] for line in refused] == [str(file)] * 2
        assert [str(line.get("fault")).startswith(str(fault)) for line in refused] == [True] * 2


def test_a_parameter_that_names_the_client_twice_is_told(browser: Browser) -> None:
    for name in ("client_id", "redirect_uri"):
        query = urlencode([*authorization().items(), (name, authorization()[name])])
        with logged_here() as lines:
            browser.get(f"/authorize?{query}")
        assert told(lines)["rule"] == f"{name}_repeated"


def test_a_pushed_request_with_an_unregistered_address_hears_so(provider: Provider) -> None:
    sent = authorization(redirect_uri=f"{REDIRECT}/", client_id=None)
    with logged_here() as lines:
        answer = post(provider, "/par", sent, basic(RP, SECRETS[RP]))
    assert told(lines)["nearest"] == REDIRECT
    read(answer.get_json(), "redirect_uri_unregistered")


def test_the_command_reads_as_lines_and_says_kindly_what_it_does_not_find(
    fresh: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = answer_of(fresh.browser().authorize(code_challenge_method="plain"))
    reference = read(answer, "pkce_method")

    def ask(text: str) -> int:
        return command.show(fresh.settings, argparse.Namespace(reference=text, json=False))

    assert ask(f" {reference.upper()}\n") == 0
    said = capsys.readouterr().out
    assert re.search(r"(?m)^rule +pkce_method$", said)
    assert re.search(r"(?m)^wrong +code_challenge_method must be S256$", said)
    assert (ask("00000000"), capsys.readouterr().err.startswith("idp: nothing is kept")) == (3, True)
    for wrong in ("", "x", MARK * 100, "../../etc", "K7QF-2M9D"):
        assert (ask(wrong), capsys.readouterr().err.startswith("idp: expected a reference")) == (2, True)


def test_a_record_of_another_version_and_odd_letters_are_told_all_the_same(
    fresh: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fresh.parts is not None
    record = {"at": "2026-11-30T12:00:00+00:00", "endpoint": "/x", "rule": "of_tomorrow", "part": "a\x1b[2J"}
    fresh.parts.store.put(Kind.REFUSED_REQUEST, "0a1b2c3d", record, timedelta(hours=1))
    assert command.show(fresh.settings, argparse.Namespace(reference="0a1b2c3d", json=False)) == 0
    said = capsys.readouterr().out
    assert "of_tomorrow" in said
    assert "\x1b" not in said


class Networks:
    """Each request names the network that it comes from."""

    def of(self, request: Any) -> str:
        return str(request)


def refusals(store: Any, clock: FixedClock, **limits: Any) -> Refusals:
    settings = RefusalSettings(**limits)
    networks: Any = Networks()
    share = HourlyShare(limits=settings)
    return Refusals(KeptRefusals(store=store, clock=clock, networks=networks, limits=settings, share=share))


def kept(store: MemoryStore, *errors: RuleBroken) -> list[bool]:
    return [store.get(Kind.REFUSED_REQUEST, error.reference) is not None for error in errors]


def test_a_flood_fills_nothing_and_the_next_hour_is_another_one() -> None:
    clock = FixedClock()
    store = MemoryStore(clock)
    told_by = refusals(store, clock, kept=3, kept_of_network=2)

    def refused(network: Any) -> RuleBroken:
        error = RuleBroken(FORM_TYPE)
        told_by.tell(network, error, endpoint="/token", client_id=None)
        return error

    assert kept(store, *[refused("a") for _ in range(4)]) == [True, True, False, False]
    assert kept(store, *[refused("b") for _ in range(2)]) == [True, False]
    clock.advance(hours=1)
    assert kept(store, refused("a")) == [True]


def test_a_store_that_is_down_changes_no_answer() -> None:
    class Down:
        def put(self, *_told: object) -> None:
            raise StoreUnavailable

    error = RuleBroken(FORM_TYPE)
    with logged_here() as lines:
        refusals(Down(), FixedClock()).tell("a", error, endpoint="/token", client_id=None)  # type: ignore[arg-type]
    assert told(lines)["reference"] == error.reference


def test_how_a_good_request_may_end_is_no_refusal(browser: Browser) -> None:
    clock = FixedClock()
    error = TooManyRequests(timedelta(minutes=1))
    refusals(MemoryStore(clock), clock).tell("a", error, endpoint="/par", client_id=RP)  # type: ignore[arg-type]
    assert (error.error, error.reference) == (OAuthError.TEMPORARILY_UNAVAILABLE, "")
    with logged_here() as lines:
        answer = answer_of(browser.authorize(prompt="none"))
    assert (answer["error"], answer["error_description"], lines) == (
        "login_required",
        "a page would be needed",
        [],
    )
