"""The adapter against the sandbox's Pro Santé Connect: a process of its own, with pages, people and switches."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests
from bs4 import BeautifulSoup

from idp.adapters.psc.provider import PscProvider
from idp.core.clock import SystemClock
from idp.interaction.upstream import (
    UpstreamLogin,
    UpstreamMisconfigured,
    UpstreamRefusal,
    UpstreamRefused,
    UpstreamUnavailable,
)
from tests.adapters.psc.chosen import psc_chosen, psc_provider
from tests.limits import within
from tests.sandbox.processes import start, stop
from tests.servers import free_port

CALLBACK = "http://localhost:1/psc/callback"
SIGNED_OUT = "http://localhost:1/signed-out"
PHYSICIAN = "899700427885"
BY_SECRET = {"client_id": "caducee", "client_secret": "s+:%é"}


@dataclass(frozen=True)
class Simulator:
    issuer: str
    control: str

    def switch(self, **switches: object) -> None:
        requests.put(f"{self.control}/api/switches", json=switches, timeout=within(5)).raise_for_status()


@contextmanager
def started(
    directory: Path, *options: str, clients: Sequence[Mapping[str, str]] = (BY_SECRET,), scheme: str = "http"
) -> Iterator[Simulator]:
    uris = {"redirect_uris": [CALLBACK], "post_logout_redirect_uris": [SIGNED_OUT]}
    file = directory / "clients.json"
    file.write_text(json.dumps([{**client, **uris} for client in clients]))
    auth, wallet = free_port(), free_port()
    ports = ("--auth-port", str(auth), "--wallet-port", str(wallet))
    process = start("sandbox.psc", *ports, "--clients", str(file), *options)
    try:
        origin = f"{scheme}://localhost:{auth}"
        yield Simulator(f"{origin}/auth/realms/esante-wallet", f"{origin}/simulateur")
    finally:
        stop(process)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with started(tmp_path_factory.mktemp("psc")) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    requests.post(f"{running.control}/api/reset", timeout=within(5)).raise_for_status()
    return running


@pytest.fixture
def provider(simulator: Simulator) -> PscProvider:
    settings = psc_chosen(issuer=simulator.issuer, client_id="caducee", client_secret="s+:%é")
    return psc_provider(settings, redirect_uri=CALLBACK, clock=SystemClock())


class Person:
    """A person at a browser, who signs in with the e-CPS and knows only the pages."""

    def __init__(self) -> None:
        self.browser = requests.Session()

    def follow(self, url: str, identifier: str = PHYSICIAN, decision: str = "confirm") -> Mapping[str, str]:
        """Goes to `url`, proves who they are if asked, and comes back with the parameters of the callback."""
        answer = self.browser.get(url, allow_redirects=False, timeout=within(5))
        typed = ({"identifier": identifier}, {"decision": decision})
        while not (location := answer.headers.get("Location", "")).startswith(CALLBACK):
            if location:
                answer = self.browser.get(
                    urljoin(answer.url, location), allow_redirects=False, timeout=within(5)
                )
            else:
                given, *typed = typed  # type: ignore[assignment]
                form = BeautifulSoup(answer.text, "html.parser").select_one("form[method=post]")
                assert form is not None
                action = urljoin(answer.url, str(form["action"]))
                answer = self.browser.post(action, given, allow_redirects=False, timeout=within(5))
        return dict(parse_qsl(urlsplit(location).query))


@pytest.fixture
def person() -> Iterator[Person]:
    someone = Person()
    with someone.browser:
        yield someone


def log_in(provider: PscProvider, person: Person, identifier: str = PHYSICIAN) -> UpstreamLogin:
    request = provider.begin(fresh=False)
    answer = person.follow(request.url, identifier)
    assert answer["state"] == request.state
    return provider.complete(answer, request.pending, now=datetime.now(UTC))


def test_physician_signs_in_with_the_phone(provider: PscProvider, person: Person) -> None:
    login = log_in(provider, person)
    assert (login.rpps, login.auth_mode, login.acr) == (PHYSICIAN[1:], "MOBILE", "eidas1")
    assert login.profession is not None
    assert (login.profession.code, login.profession.label) == ("10", "Médecin")
    assert [one.code for one in login.specialities] == ["SM26"]
    assert abs(datetime.now(UTC) - login.auth_time) < timedelta(seconds=30)


def test_person_without_rpps_signs_in_and_has_none(provider: PscProvider, person: Person) -> None:
    login = log_in(provider, person, "30B0185195/CPET00001")
    assert login.rpps is None
    assert login.family_name


def test_everybody_the_simulator_knows_is_read(
    simulator: Simulator, provider: PscProvider, person: Person
) -> None:
    people = requests.get(f"{simulator.control}/api/identities", timeout=within(5)).json()
    # The minimal sample (P4) has no sub in its userinfo: OpenID Connect Core §5.3.2 leaves no choice.
    refused = []
    for one in people:
        request = provider.begin(fresh=True)
        answer = person.follow(request.url, one["SubjectNameID"])
        try:
            provider.complete(answer, request.pending, now=datetime.now(UTC))
        except UpstreamRefused as refusal:
            refused.append((one["SubjectNameID"], str(refusal)))
    assert len(people) > 10
    assert refused == [("899700218896", "userinfo: sub")]


def test_refusal_on_the_phone_is_not_a_login(provider: PscProvider, person: Person) -> None:
    request = provider.begin(fresh=False)
    page = person.browser.get(request.url, timeout=within(5))
    cancel = BeautifulSoup(page.text, "html.parser").select_one("form[action$=annuler]")
    assert cancel is not None
    back = person.browser.post(
        urljoin(page.url, str(cancel["action"])), allow_redirects=False, timeout=within(5)
    )
    answer = dict(parse_qsl(urlsplit(back.headers["Location"]).query))
    with pytest.raises(UpstreamRefused) as caught:
        provider.complete(answer, request.pending, now=datetime.now(UTC))
    assert caught.value.reason is UpstreamRefusal.CANCELLED


def test_live_session_signs_in_silently_unless_a_fresh_login_is_asked(
    provider: PscProvider, person: Person
) -> None:
    first = log_in(provider, person)
    silent = provider.begin(fresh=False)
    again = person.browser.get(silent.url, allow_redirects=False, timeout=within(5))
    answer = dict(parse_qsl(urlsplit(again.headers["Location"]).query))
    assert provider.complete(answer, silent.pending, now=datetime.now(UTC)).auth_time == first.auth_time
    asked = person.browser.get(provider.begin(fresh=True).url, allow_redirects=False, timeout=within(5))
    assert not asked.headers["Location"].startswith(CALLBACK)


def test_request_is_pushed_to_a_simulator_that_demands_it(
    simulator: Simulator, provider: PscProvider, person: Person
) -> None:
    simulator.switch(par_required=True)
    assert log_in(provider, person).rpps == PHYSICIAN[1:]
    assert "request_uri=" in provider.begin(fresh=False).url


def test_watch_leaves_no_failed_sign_in_there(simulator: Simulator) -> None:
    provider = psc_provider(
        psc_chosen(
            issuer=simulator.issuer, client_id="caducee", client_secret="s+:%é", watch_every=timedelta()
        ),
        redirect_uri=CALLBACK,
        clock=SystemClock(),
        run=lambda act: act(),
    )
    for _ in range(3):
        assert not provider.is_out()
    assert requests.get(f"{simulator.control}/api/events", timeout=within(5)).json() == []


def test_code_is_refused_the_second_time(provider: PscProvider, person: Person) -> None:
    request = provider.begin(fresh=False)
    answer = person.follow(request.url)
    provider.complete(answer, request.pending, now=datetime.now(UTC))
    with pytest.raises(UpstreamRefused, match="invalid_grant"):
        provider.complete(answer, request.pending, now=datetime.now(UTC))


@pytest.mark.parametrize(
    ("switches", "outcome"),
    [
        ({"sub_format": "uuid"}, None),
        ({"auth_mode": False}, None),
        ({"callback_iss": False}, None),
        ({"key_generation": 2}, None),
        ({"token_kid": False}, None),
        ({"token_kid": False, "key_generation": 3}, "kid"),
        ({"token_kid": False, "key_generation": 3, "old_keys": "withdrawn"}, None),
        ({"sid_with_space": True, "sub_format": "with_space"}, None),
        ({"acr": "eidas3"}, "acr"),
        ({"acr": "absent"}, "acr"),
        ({"acr": "0"}, "acr"),
        ({"id_token": "wrong_aud"}, "aud"),
        ({"id_token": "wrong_nonce"}, "nonce"),
        ({"id_token": "wrong_iss"}, "iss"),
        ({"id_token": "expired"}, "exp"),
        ({"id_token": "bad_signature"}, "signature"),
        ({"id_token": "no_nonce"}, "nonce"),
        ({"id_token": "from_the_future"}, "iat"),
        ({"id_token": "alg_none"}, "alg"),
        ({"id_token": "alg_hs256"}, "alg"),
        ({"id_token": "unknown_kid"}, "kid"),
        ({"id_token": "alg_es512"}, 'alg "ES512", expected RS256'),
        ({"userinfo_format": "jwt"}, None),
        ({"userinfo_format": "jwt_unsigned"}, 'userinfo: alg "none"'),
        ({"userinfo_format": "jwt_wrong_iss"}, 'userinfo: iss "https://another.example'),
        ({"userinfo_format": "jwt_wrong_aud"}, 'userinfo: aud "another-client"'),
        ({"two_rpps": True}, "more than one RPPS"),
        ({"token_error": "invalid_grant"}, "invalid_grant"),
        ({"answer": "empty_401", "answer_on": "userinfo"}, "userinfo: status 401"),
        ({"answer": "other_charset", "answer_on": "userinfo"}, "invalid_request"),
        ({"answer": "one_mebibyte", "answer_on": "userinfo"}, "invalid_request"),
        ({"new_name": True}, None),
        ({"userinfo_sub_mismatch": True}, "userinfo: sub"),
        (
            {"clock_offset_seconds": 70},
            r"iat is (69|70|71) s ahead of our clock, CLOCK_SKEW allows 60 s: compare",
        ),
    ],
)
def test_switch_of_the_simulator_is_lived_with_or_refused(
    switches: dict[str, object],
    outcome: str | None,
    simulator: Simulator,
    provider: PscProvider,
    person: Person,
) -> None:
    simulator.switch(**switches)
    if outcome is None:
        assert log_in(provider, person).rpps == PHYSICIAN[1:]
    else:
        with pytest.raises(UpstreamRefused, match=outcome):
            log_in(provider, person)


@pytest.mark.parametrize(
    ("switches", "named"),
    [
        ({"token_error": "invalid_client"}, "PSC_CLIENT_AUTHENTICATION"),
        ({"token_error": "unauthorized_client"}, "PSC_CLIENT_ID"),
        ({"token_error": "invalid_scope"}, "PSC_SCOPE"),
        ({"answer": "empty_401", "answer_on": "token"}, "PSC_CLIENT_ID"),
        ({"answer": "other_charset", "answer_on": "token"}, "PSC_ACR_VALUES"),
        ({"answer": "one_mebibyte", "answer_on": "token"}, "PSC_ACR_VALUES"),
        ({"callback_error": "unauthorized_client"}, "registration"),
        ({"discovery_document": "another_issuer"}, 'issuer "https://another.example'),
        ({"discovery_document": "no_token_endpoint"}, "token_endpoint none"),
        ({"discovery_document": "http_endpoint"}, 'userinfo_endpoint "http://another.example'),
        ({"discovery_document": "array"}, "not a JSON object"),
    ],
)
def test_fault_of_settings_is_told_as_such(
    switches: dict[str, object], named: str, simulator: Simulator, provider: PscProvider, person: Person
) -> None:
    simulator.switch(**switches)
    with pytest.raises(UpstreamMisconfigured, match=named):
        log_in_or_come_back(provider, person)


def log_in_or_come_back(provider: PscProvider, person: Person) -> UpstreamLogin:
    request = provider.begin(fresh=False)
    return provider.complete(person.follow(request.url), request.pending, now=datetime.now(UTC))


def test_expired_identification_means_to_begin_again(
    simulator: Simulator, provider: PscProvider, person: Person
) -> None:
    simulator.switch(callback_error="authentication_expired_once")
    with pytest.raises(UpstreamRefused) as caught:
        log_in_or_come_back(provider, person)
    assert caught.value.reason is UpstreamRefusal.EXPIRED
    assert log_in(provider, person).rpps == PHYSICIAN[1:]


@pytest.mark.parametrize("answer", ["html", "not_json", "five_megabytes", "cut_off"])
@pytest.mark.parametrize("endpoint", ["token", "userinfo", "certs"])
def test_answer_that_is_none_is_an_outage(
    simulator: Simulator, provider: PscProvider, person: Person, answer: str, endpoint: str
) -> None:
    simulator.switch(answer=answer, answer_on=endpoint)
    with pytest.raises(UpstreamUnavailable):
        log_in(provider, person)


def test_outage_of_the_simulator_is_an_outage(simulator: Simulator, provider: PscProvider) -> None:
    simulator.switch(outage="discovery")
    with pytest.raises(UpstreamUnavailable):
        provider.begin(fresh=False)


def test_logout_address_ends_the_session_there(provider: PscProvider, person: Person) -> None:
    login = log_in(provider, person)
    url = provider.logout_url(login.id_token, return_url=SIGNED_OUT, state="s-1")
    assert url is not None
    left = person.browser.get(url, allow_redirects=False, timeout=within(5))
    assert left.headers["Location"].startswith(SIGNED_OUT)
    assert dict(parse_qsl(urlsplit(left.headers["Location"]).query)) == {"state": "s-1"}
    asked = person.browser.get(provider.begin(fresh=False).url, allow_redirects=False, timeout=within(5))
    assert not asked.headers["Location"].startswith(CALLBACK)


def test_key_withdrawn_since_does_not_keep_the_person_there(
    simulator: Simulator, provider: PscProvider, person: Person
) -> None:
    login = log_in(provider, person)
    simulator.switch(key_generation=2, old_keys="withdrawn")
    later = psc_provider(
        psc_chosen(issuer=simulator.issuer, **BY_SECRET), redirect_uri=CALLBACK, clock=SystemClock()
    )
    url = later.logout_url(login.id_token, return_url=SIGNED_OUT, state="s-1")
    assert url is not None
    asks = person.browser.get(url, timeout=within(5))
    form = BeautifulSoup(asks.text, "html.parser").select_one("form[method=post]")
    assert form is not None
    given = {str(one["name"]): str(one["value"]) for one in form.select("input, button")}
    left = person.browser.post(
        urljoin(asks.url, str(form["action"])), given, allow_redirects=False, timeout=within(5)
    )
    assert left.headers["Location"] == f"{SIGNED_OUT}?state=s-1"


def test_end_session_that_is_down_is_not_used(
    simulator: Simulator, provider: PscProvider, person: Person
) -> None:
    login = log_in(provider, person)
    simulator.switch(outage="logout")
    provider = psc_provider(
        psc_chosen(issuer=simulator.issuer, circuit_failures=1, **BY_SECRET),
        redirect_uri=CALLBACK,
        clock=SystemClock(),
        run=lambda act: act(),
    )
    assert provider.logout_url(login.id_token, return_url=SIGNED_OUT, state="s") is None
    assert not provider.is_out()
