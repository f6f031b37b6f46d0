"""Every form of every page: what is answered to it is asked for by GET, so « back » and « reload » send nothing again.

Contains the table of the addresses that a form is posted to, and of what each kind of answer is. A new one without a
row fails. Not here: what is said there, and that it is said once (`test_replies`, `account/test_replies`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from bs4 import BeautifulSoup
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from idp.interaction.store import fingerprint, hub_path
from idp.web.page_routes import PageRoute
from idp.web.sections import Section
from idp.wiring.browser_endpoints import build_browser_endpoints
from idp.wiring.endpoints import build_endpoints
from idp.wiring.flows import build_flows
from idp.wiring.protocol import build_protocol
from idp.wiring.readiness import build_readiness
from idp.wiring.resources import build_clock_watch
from tests.faults import Faults, faulty_connections
from tests.provider import Browser, Provider

_ID = "<interaction_id>"
_ME = f"/interaction/{_ID}"
_UNDO = "/account/email/undo/<token>"

#: Of a sign-in: the browser's secret of it binds them.
SIGN_INS = frozenset(
    f"{_ME}/{end}"
    for end in (
        "activation activation/more_time cancel charter charter/later charter/refuse closing closing/leave cps"
        " door/others email_again email_again/back email_again/code email_again/later email_again/resend email_otp"
        " email_otp/resend enrolment enrolment/back enrolment/more_time more_time passkey password password_closed"
        " password_renewal professional_context psc psc/leave restart same_person same_person/leave"
    ).split()
)
#: Of « Mon compte »: the session binds them.
SECTIONS = frozenset(
    f"/account/{end}"
    for end in (
        "address address/more_time data/close email email/back email/code email/more_time email/resend history/report"
        " passkeys/add passkeys/more_time passkeys/remove passkeys/rename password password/more_time sessions"
    ).split()
)
#: Of the page of whoever is there: the cookie of the browser binds them.
HOME = frozenset({"/end_session/confirm", "/passkey_offer", "/professional_context", "/station"})
#: Of a link in a mail, likewise.
LINKS = frozenset({_UNDO})
#: Answered otherwise, each group with its reason.
EXCEPTIONS: dict[str, frozenset[str]] = {
    "a script of the page asks, and the browser stays where it is": frozenset(
        {f"{_ME}/enrolment/judge", f"{_ME}/password_renewal/judge", "/account/password/judge"}
    ),
    "a file is saved, and the browser stays where it is": frozenset({"/account/data/copy"}),
    "the form of a relying party, which becomes the GET of the same address": frozenset(
        {"/authorize", "/end_session"}
    ),
    "a relying party's server asks": frozenset({"/introspect", "/par", "/revoke", "/token", "/userinfo"}),
}
FORMS = SIGN_INS | SECTIONS | HOME | LINKS
_ALONE = frozenset().union(*EXCEPTIONS.values())

_JSON = {"data": b'{"csrf": "x"}', "content_type": "application/json"}
_TOO_LARGE = "x" * 200_000


@dataclass
class World:
    """A house whose database goes away when told, and a browser that is signed in and in the middle of a sign-in."""

    house: Provider
    faults: Faults
    browser: Browser
    id: str = ""

    def enter(self) -> None:
        self.browser = self.house.browser()
        self.browser.sign_in()
        self.browser.get("/")
        page = self.browser.follow(self.browser.authorize(prompt="login"))
        self.id = page.request.path.split("/")[2]

    def cookie(self, short: str) -> str:
        found = self.browser.client.get_cookie(f"caducee_{short}", domain="localhost")
        assert found is not None
        return str(found.value)

    def place(self, form: str) -> str:
        """What the token of this form is of."""
        if form in SIGN_INS | _ALONE and form.startswith("/interaction"):
            return hub_path(self.id)
        if form in HOME:
            return "/end_session"
        if form in LINKS:
            return self.path(form)
        return Section(form.split("/")[2]).path

    def path(self, form: str) -> str:
        return form.replace(_ID, self.id).replace("<token>", "x" * 43)

    def good(self, form: str) -> dict[str, str]:
        """What makes a form of this browser and session ours."""
        bound = (
            fingerprint(self.cookie(f"tab_{self.id}")) if "/interaction" in form else self.cookie("browser")
        )
        return {"csrf": self.token(form, bound), "session": self.sid()}

    def token(self, form: str, bound: str) -> str:
        assert self.house.parts is not None
        return self.house.parts.web.csrf.token(bound, self.place(form))

    def sid(self) -> str:
        assert self.house.parts is not None
        session = self.house.parts.sessions.recall(self.cookie("session"))
        assert session is not None
        return session.sid

    def post(self, form: str, **options: Any) -> TestResponse:
        with capture_logs():
            return self.browser.post(self.path(form), **options)


@pytest.fixture(scope="module")
def world(app_factory: Callable[..., Provider], every_door: Any) -> Iterator[World]:
    with faulty_connections() as faults:
        house = app_factory(**every_door)
        yield World(house, faults, house.browser())


def routes_of(house: Provider) -> Iterable[PageRoute]:
    assert house.parts is not None
    routes, finishes = build_browser_endpoints(house.parts, build_protocol(house.parts))
    for flow in build_flows(house.parts, finishes):
        routes += flow.routes()
    return routes


def test_every_address_of_a_form_has_its_row(world: World) -> None:
    parts = world.house.parts
    assert parts is not None
    readiness = build_readiness(parts, build_clock_watch(parts.resources))
    plain = build_endpoints(parts, build_protocol(parts), readiness).addresses()
    posted = {route.path for route in routes_of(world.house) if route.method == "POST"}
    assert posted | {path for method, path in plain if method == "POST"} == FORMS | _ALONE
    assert len(FORMS) + len(_ALONE) == len(FORMS | _ALONE)


def is_error(answer: TestResponse) -> bool:
    """Whether it is the page of an error: nothing on it goes on with what was posted."""
    page = BeautifulSoup(answer.text, "html.parser")
    return answer.mimetype == "text/html" and not page.select("main form") and "Erreur" in page.title.text  # type: ignore[union-attr]


def outcome(answer: TestResponse) -> str:
    """Where it leads, or the status of the page that it is."""
    if answer.status_code == 303:
        return answer.headers["Location"].partition("?")[0]
    assert is_error(answer), answer.text
    return str(answer.status_code)


def outcomes(world: World, forms: Iterable[str], post: Callable[[str], TestResponse]) -> dict[str, set[str]]:
    """By outcome, the forms."""
    found: dict[str, set[str]] = {}
    world.enter()
    for form in sorted(forms):
        found.setdefault(outcome(post(form)).replace(world.id, _ID), set()).add(form)
    return found


#: Kinds of answers, with what the browser gets: a status for a page that stands at the address of the form, and "by
#: GET" for a redirect to a page that says it. A sign-in looks first whether the page of the form is due.
FORGED, TOO_LARGE, SILENT, NO_COOKIE = {"403"}, {"413"}, {"503"}, {"400"}


def assert_by_get(found: Mapping[str, set[str]], *, but: Iterable[str] = ()) -> None:
    assert {one for one in found if not one.startswith("/")} <= set(but), found


@pytest.mark.parametrize(
    ("sent", "page"),
    [
        ({"data": {"csrf": "x", "session": "x"}}, FORGED),
        ({"data": b'{"csrf": "x"}', "content_type": "application/json"}, FORGED),
        ({"data": {"csrf": "x" * 200_000}}, TOO_LARGE),
    ],
    ids=["forged", "no form", "too large"],
)
def test_what_is_no_form_of_ours_is_refused_where_it_was_sent_and_nothing_of_it_is_read(
    world: World, sent: dict[str, Any], page: set[str]
) -> None:
    found = outcomes(world, FORMS, lambda form: world.post(form, **sent))
    assert set(found) == {*page, hub_path(_ID)}
    assert found[hub_path(_ID)] < SIGN_INS


def test_a_form_of_another_browser_or_of_before_leads_back_to_what_is_due(world: World) -> None:
    found = outcomes(
        world,
        FORMS,
        lambda form: world.post(form, data={**world.good(form), "csrf": world.token(form, "other")}),
    )
    assert_by_get(found)
    assert found[hub_path(_ID)] == SIGN_INS


def test_a_form_of_another_session_leads_to_the_section_of_this_one(world: World) -> None:
    found = outcomes(
        world, SECTIONS, lambda form: world.post(form, data={**world.good(form), "session": "another"})
    )
    assert_by_get(found)
    assert {path.rpartition("/")[0] for path in found} == {"/account"}


def test_a_form_of_nobody_signed_in_leads_to_the_sign_in(world: World) -> None:
    def signed_out(form: str) -> TestResponse:
        world.browser.client.delete_cookie("caducee_session", domain="localhost")
        return world.post(form, data={"csrf": world.token(form, world.cookie("browser")), "session": "none"})

    assert_by_get(found := outcomes(world, SECTIONS | LINKS, signed_out))
    assert found["/account/sign-in"] == SECTIONS


def test_a_form_of_a_sign_in_that_expired_leads_to_the_page_that_says_so(world: World) -> None:
    assert world.house.parts is not None
    interactions = world.house.parts.interactions

    def late(form: str) -> TestResponse:
        data, known = world.good(form), interactions.reread(world.id)
        if known.expires_at > known.started_at:
            interactions.save(replace(known, expires_at=known.started_at))
        return world.post(form, data=data)

    found = outcomes(world, SIGN_INS - {f"{_ME}/restart"}, late)
    assert set(found) == {hub_path(_ID)}
    page = world.browser.follow(world.browser.get(hub_path(world.id)))
    assert (page.status_code, "La connexion a expiré" in page.text) == (410, True)
    again = world.browser.submit(page, "/restart")
    assert again.request.path.endswith("/choice")


def test_a_form_of_a_sign_in_that_is_over_leads_to_the_page_that_says_so(world: World) -> None:
    def over(form: str) -> TestResponse:
        data, living = world.good(form), world.id
        world.id = "A" * 43
        try:
            return world.post(form, data=data)
        finally:
            world.id = living

    gone = hub_path("A" * 43)
    assert set(outcomes(world, SIGN_INS, over)) == {gone}
    assert world.browser.get(gone).status_code == 404


def test_while_the_store_is_silent_it_is_said_at_once_as_nothing_can_be_told_later(world: World) -> None:
    def silent(form: str) -> TestResponse:
        data = world.good(form)
        with world.faults.armed(0):
            return world.post(form, data=data)

    found = outcomes(world, FORMS, silent)
    assert_by_get(found, but=SILENT)
    # « Ce poste est partagé » is a cookie.
    assert {form for path in found if path.startswith("/") for form in found[path]} == {"/station"}


def test_without_any_cookie_a_form_leads_to_the_page_that_says_so(world: World) -> None:
    def bare(form: str) -> TestResponse:
        data, held = world.good(form), world.browser
        world.browser = world.house.browser()
        try:
            return world.post(form, data=data)
        finally:
            world.browser = held

    found = outcomes(world, FORMS, bare)
    assert_by_get(found, but=NO_COOKIE)
    assert found["400"] == HOME | LINKS
    assert found[hub_path(_ID)] == SIGN_INS
