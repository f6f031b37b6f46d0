"""Another OpenID Provider where Pro Santé Connect stands: requests pushed, claims of other names, other levels."""

from collections.abc import Iterator
from typing import Any

import pytest

from idp.adapters.http.bounded import SafeHttp
from idp.adapters.psc.claim_names import known_names
from idp.adapters.psc.provider import PscProvider
from idp.cards.nomenclature import CodedLabel
from idp.interaction.upstream import UpstreamLogin, UpstreamRefused, UpstreamUnavailable
from idp.settings.psc import PscSettings
from tests.adapters.psc.chosen import psc_chosen, psc_provider
from tests.adapters.psc.hostile_psc import (
    CLIENT_ID,
    CLIENT_SECRET,
    REQUEST_URI,
    RPPS,
    HostilePsc,
    Lie,
    Reply,
    hang_up,
    hostile_psc,
    say_json,
    say_status,
    say_text,
)
from tests.fakes import FixedClock
from tests.limits import within

DEMANDED = {"require_pushed_authorization_requests": True}
PUSH_ENDPOINT = "pushed_authorization_request_endpoint"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def psc(clock: FixedClock) -> Iterator[HostilePsc]:
    with hostile_psc(clock.at.timestamp()) as server:
        yield server


def provider_for(psc: HostilePsc, clock: FixedClock, **changes: Any) -> PscProvider:
    known = {"issuer": psc.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    settings = psc_chosen(**{**known, **changes})
    return psc_provider(settings, clock=clock, http=SafeHttp(total_seconds=within(5)))


def log_in(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock, *, fresh: bool = False
) -> UpstreamLogin:
    request = provider.begin(fresh=fresh)
    return provider.complete(psc.authorize(request.url), request.pending, now=clock.at)


# RFC 9126.


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("by_operator", [False, True])
def test_request_is_pushed_where_that_is_demanded(
    psc: HostilePsc, clock: FixedClock, method: str, by_operator: bool
) -> None:
    psc.client_authentication = method
    psc.lie = Lie(discovery={} if by_operator else DEMANDED)
    provider = provider_for(psc, clock, client_authentication=method, push_requests=by_operator)
    assert log_in(provider, psc, clock).rpps == RPPS
    assert psc.calls("par") == 1
    assert (psc.asked["response_type"], psc.asked["scope"]) == ("code", "openid scope_all")


def test_address_of_a_pushed_request_holds_nothing_of_it(psc: HostilePsc, clock: FixedClock) -> None:
    psc.lie = Lie(discovery=DEMANDED)
    request = provider_for(psc, clock).begin(fresh=True)
    assert request.state not in request.url
    assert request.url.startswith(f"{psc.origin}/auth?client_id=")
    assert psc.pushed[0]["prompt"] == "login"


def test_nothing_is_pushed_where_it_is_only_possible(psc: HostilePsc, clock: FixedClock) -> None:
    # As Pro Santé Connect does (facts/psc §1.1); an address that no request goes to is not judged either.
    psc.lie = Lie(discovery={PUSH_ENDPOINT: "http://elsewhere.example/par"})
    assert log_in(provider_for(psc, clock), psc, clock).rpps == RPPS
    assert psc.calls("par") == 0


@pytest.mark.parametrize("published", [..., "http://elsewhere.example/par", 7])
def test_demand_without_an_address_makes_the_document_useless(
    psc: HostilePsc, clock: FixedClock, published: object
) -> None:
    psc.lie = Lie(discovery={**DEMANDED, PUSH_ENDPOINT: published})
    with pytest.raises(UpstreamUnavailable, match=PUSH_ENDPOINT):
        provider_for(psc, clock).begin(fresh=False)


def test_preset_alone_does_not_know_where_to_push(psc: HostilePsc, clock: FixedClock) -> None:
    document = psc.discovery()
    expected = {name: str(document[name]) for name in document if name.endswith(("_endpoint", "jwks_uri"))}
    expected.pop(PUSH_ENDPOINT)
    psc.lie = Lie(instead={"discovery": say_status(503)})
    assert provider_for(psc, clock, expected=expected).begin(fresh=False).url.startswith(psc.origin)
    with pytest.raises(UpstreamUnavailable, match="discovery"):
        provider_for(psc, clock, expected=expected, push_requests=True).begin(fresh=False)


@pytest.mark.parametrize(
    "answer",
    [
        say_json({"error": "invalid_request"}, 400),
        say_json({"error": "invalid_client"}, 401),
        say_json({"request_uri": REQUEST_URI}, 200),
        say_json({"request_uri": "a b"}, 201),
        say_json({"expires_in": 60}, 201),
        say_json([], 201),
        say_text("<html>", "text/html", 201),
        say_status(503),
        hang_up,
    ],
)
def test_push_that_fails_sends_nobody_away(psc: HostilePsc, clock: FixedClock, answer: Reply) -> None:
    psc.lie = Lie(discovery=DEMANDED, instead={"par": answer})
    with pytest.raises((UpstreamRefused, UpstreamUnavailable), match="par: "):
        provider_for(psc, clock).begin(fresh=False)


def test_pushes_in_a_row_that_work_are_no_outage(psc: HostilePsc, clock: FixedClock) -> None:
    psc.lie = Lie(discovery=DEMANDED)
    provider = provider_for(psc, clock, watch_wallet=False)
    for _ in range(6):
        provider.begin(fresh=False)
    assert not provider.is_out()


# What is asked for.


@pytest.mark.parametrize(("is_sent", "max_age"), [(True, "0"), (False, None)])
def test_fresh_login_asks_for_the_moment_too(
    psc: HostilePsc, clock: FixedClock, is_sent: bool, max_age: str | None
) -> None:
    """Core §3.1.2.1: with `max_age` the answer must have `auth_time`, which is demanded after `prompt=login`."""
    provider = provider_for(psc, clock, fresh_max_age=is_sent)
    log_in(provider, psc, clock, fresh=True)
    assert (psc.asked["prompt"], psc.asked.get("max_age")) == ("login", max_age)
    log_in(provider, psc, clock)
    assert "max_age" not in psc.asked


def test_no_level_is_asked_for_where_there_is_none(psc: HostilePsc, clock: FixedClock) -> None:
    psc.lie = Lie(claims={"acr": ...})
    provider = provider_for(psc, clock, acr_values=" ", accepted_acr=(), accept_missing_acr=True)
    assert log_in(provider, psc, clock).acr is None
    assert "acr_values" not in psc.asked


def test_endpoint_with_a_query_of_its_own_keeps_it(psc: HostilePsc, clock: FixedClock) -> None:
    psc.lie = Lie(discovery={"authorization_endpoint": f"{psc.origin}/auth?tenant=1"})
    assert provider_for(psc, clock).begin(fresh=False).url.startswith(f"{psc.origin}/auth?tenant=1&")


# Names of claims.

NAMES: dict[str, Any] = {
    "claim_rpps": "rpps",
    "claim_linked_ids": "identifiers",
    "claim_family_name": "sn",
    "claim_given_name": "first_name",
    "claim_activities": "practices",
}
PRACTICE = {"codeProfession": "60", "codeCategorieProfessionnelle": "C"}


def test_person_of_a_hospital_is_read_under_the_names_of_its_claims(
    psc: HostilePsc, clock: FixedClock
) -> None:
    psc.lie = Lie(
        claims={"SubjectNameID": ..., "rpps": RPPS},
        userinfo={
            "SubjectNameID": ...,
            "given_name": "ignored",
            "sn": "MARTIN",
            "first_name": "Paul",
            "SubjectRefPro": ...,
            "practices": [PRACTICE],
        },
    )
    login = log_in(provider_for(psc, clock, **NAMES), psc, clock)
    assert (login.rpps, login.family_name, login.given_name) == (RPPS, "MARTIN", "Paul")
    assert login.profession == CodedLabel("60", "Infirmier")
    # A relying party with scope `psc` sees one name for one thing, whatever stands upstream.
    assert login.claims == {"SubjectRefPro": {"exercices": [PRACTICE]}}


def test_another_identifier_in_the_userinfo_is_refused_under_its_name_too(
    psc: HostilePsc, clock: FixedClock
) -> None:
    psc.lie = Lie(claims={"rpps": RPPS}, userinfo={"rpps": "10101234562"})
    with pytest.raises(UpstreamRefused, match="userinfo: rpps"):
        log_in(provider_for(psc, clock, claim_rpps="rpps"), psc, clock)


def test_claim_that_was_renamed_is_not_read_under_its_usual_name() -> None:
    settings = PscSettings(**NAMES)
    usual = {"SubjectNameID": "8" + RPPS, "otherIds": [], "otherIDs": [], "family_name": "X", "sub": "1"}
    assert known_names(usual, settings) == {"sub": "1"}
    told = known_names({"identifiers": [1], "practices": {"exercices": []}}, settings)
    assert (told["otherIds"], told["SubjectRefPro"]) == ([1], {"exercices": []})
    assert known_names(usual, PscSettings()) is usual
