"""A colleague copies the cookies of a shared station before the physician's card is shown: they open nothing of it."""

from collections.abc import Callable

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration
from tests.journeys import gestures as do

Browse = Callable[..., Browser]


def copied(browser: Browser, browse: Browse) -> Browser:
    thief = browse()
    thief._http.cookies.update(browser.cookies)
    return thief


def assert_opens_nothing(thief: Browser, demo: Demonstration, path: str) -> None:
    for page in ("", "/enrolment", "/email_otp", "/charter", "/choice"):
        assert thief.get(f"{demo.issuer}{path}{page}").status == 403, page
        assert not thief.page.says("LEFEBVRE"), page
    assert thief.post(f"{demo.issuer}{path}/charter", {"accepted": "yes", "csrf": "x"}).status == 403


def test_neither_the_enrolment_nor_the_charter_nor_the_end(demo: Demonstration, browse: Browse) -> None:
    email = "lefebvre.copied@exemple.test"
    physician = browse("lefebvre")
    do.arrive(physician, demo)
    thieves = [copied(physician, browse)]
    path = do.interaction_path(physician.page)
    assert do.by_card(physician).field("new_password")
    assert_opens_nothing(thieves[-1], demo, path)
    last = do.last_mail(demo, email)
    do.fill_form(physician, email)
    thieves.append(copied(physician, browse))
    physician.submit("Valider", one_time_code=do.next_code(demo, email, last))
    for thief in thieves:
        assert_opens_nothing(thief, demo, path)
    do.accept_charter(physician)
    assert do.session(physician, demo)["id_token"]["acr"] == "urn:caducee:acr:cps"
    for thief in thieves:
        assert thief.get(f"{demo.issuer}{path}").status == 409
        assert not do.is_signed_in(thief, demo)


def test_nor_a_card_shown_from_there_before(demo: Demonstration, browse: Browse) -> None:
    """What the colleague began with their own card does not end in the physician's browser either."""
    physician = browse("girard")
    do.arrive(physician, demo)
    path = do.interaction_path(physician.page)
    thief = copied(physician, browse)
    thief.card = browse("nunez").card
    thief.stop_at = [f"{demo.issuer}{path}/cps"]
    begun = thief.get(f"{demo.issuer}{path}/choice")
    thief.page = begun
    shown = do.by_card(thief).url
    assert "presentation=" in shown
    assert do.by_card(physician).says("GIRARD")
    assert physician.get(shown).status == 403
    assert not physician.page.says("NÚÑEZ")
    assert physician.get(f"{demo.issuer}{path}/enrolment").says("GIRARD")
