"""RPPS, password and mail code: the right ones, the wrong ones, the late ones, and what a stranger learns."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.demo.driver import Browser, Page
from tests.demonstration import Demonstration, running_demo
from tests.journeys import gestures as do

Browse = Callable[..., Browser]
UNKNOWN_RPPS = "99700009998"
WRONG = "pas le bon mot de passe du tout"


@pytest.fixture
def martin(demo: Demonstration) -> dict[str, Any]:
    return demo.account("martin")


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo with the limits of production: one mail a minute, twenty passwords a minute from this machine."""
    with running_demo(tmp_path_factory.mktemp("strict"), "--profile", "strict") as running:
        yield running


def at_password(browser: Browser, demo: Demonstration) -> Browser:
    do.arrive(browser, demo)
    return browser


def at_code(browser: Browser, demo: Demonstration, account: dict[str, Any]) -> str:
    """Type the password. Returns the code that came."""
    last = do.last_mail(demo, account["email"])
    do.type_password(at_password(browser, demo), account["rpps"], account["password"])
    assert browser.page.field("one_time_code") is not None, browser.page.title
    return do.next_code(demo, account["email"], last)


def ask_again(browser: Browser) -> Page:
    """By the button there is: on a busy machine the code of three seconds is over before."""
    buttons = ("Renvoyer le code", "Recevoir un nouveau code")
    (button,) = (one for one in buttons if browser.page.says(one))
    return browser.submit(button)


def bare(page: Page, typed: str) -> str:
    """The page without what differs between any two: token, interaction with its reference, number typed."""
    html = re.sub(r'name="csrf" value="[0-9a-f]+"', "", page.html)
    html = re.sub(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", "", html)
    return re.sub(r"/interaction/[A-Za-z0-9_-]+", "", html).replace(typed, "")


def test_known_and_unknown_numbers_get_the_same_answer(
    demo: Demonstration, browse: Browse, martin: dict[str, Any]
) -> None:
    answers = []
    for rpps in (martin["rpps"], UNKNOWN_RPPS):
        page = do.type_password(at_password(browse(), demo), rpps, WRONG)
        answers.append((page.status, bare(page, rpps), sorted(set(page.headers) - {"date"})))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422
    assert "Identifiant ou mot de passe incorrect" in answers[0][1]


def test_known_and_unknown_numbers_take_the_same_time(short_lives: Demonstration, browse: Browse) -> None:
    numbers = {"known": short_lives.account("martin")["rpps"], "unknown": UNKNOWN_RPPS}
    times: dict[str, list[float]] = {kind: [] for kind in numbers}
    browser = browse(at=short_lives)
    do.type_password(at_password(browser, short_lives), "99700009972", WRONG)  # warms everything up
    # The quickest of each: what a busy machine adds belongs to no number; where it adds to every one of them, more are
    # tried.
    ratio = 0.0
    for _ in range(4):
        for _ in range(12):
            for kind, rpps in numbers.items():
                at_password(browser, short_lives)
                began = time.perf_counter()
                page = do.type_password(browser, rpps, WRONG)
                times[kind].append(time.perf_counter() - began)
                assert page.status == 422, page.title
        ratio = min(times["known"]) / min(times["unknown"])
        if 0.6 < ratio < 1.6:
            break
    assert 0.6 < ratio < 1.6, times


@pytest.mark.parametrize(
    "written",
    [
        "{0}",
        "8{0}",
        " {0} ",
        "{1} {2} {3}",
        "8 {1} {2} {3}",
        "{1}\u00a0{2}\u00a0{3}",
        "8\u202f{1}\u202f{2}\u202f{3}",
        "\u2066{1}\u2011{2}\u00ad{3}\u200b\t\u2069",
    ],
)
def test_number_may_be_written_as_people_write_it(
    demo: Demonstration, browse: Browse, martin: dict[str, Any], written: str
) -> None:
    rpps = martin["rpps"]
    typed = written.format(rpps, rpps[:3], rpps[3:7], rpps[7:])
    page = do.type_password(at_password(browse(), demo), typed, martin["password"])
    assert page.field("one_time_code") is not None, page.title


ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@pytest.mark.parametrize(
    "damage",
    [
        lambda rpps: rpps.translate(ARABIC),
        lambda rpps: f"7{rpps}",
        lambda rpps: f"88{rpps}",
        lambda rpps: rpps[:-1],
        lambda rpps: rpps[:-1] + "O",
        lambda rpps: f"-{rpps[1:]}",
        lambda rpps: f"{rpps}' OR '1'='1",
        lambda rpps: "",
    ],
    ids=["arabic", "a 7", "two 8", "ten", "letter", "minus", "quotes", "empty"],
)
def test_anything_else_is_no_number_and_no_try(
    demo: Demonstration, browse: Browse, martin: dict[str, Any], damage: Callable[[str], str]
) -> None:
    page = do.type_password(at_password(browse(), demo), damage(martin["rpps"]), martin["password"])
    assert page.status == 422
    assert page.says("Le numéro RPPS comporte 11 chiffres")
    assert page.field("one_time_code") is None
    assert martin["password"] not in page.html


def test_five_wrong_passwords_make_wait_while_card_and_psc_still_work(
    strict: Demonstration, browse: Browse
) -> None:
    martin, known = strict.account("martin"), browse(at=strict)
    do.by_password(at_password(known, strict), strict, martin)  # this browser signed in here before
    assert do.is_at_home(known.page, strict)
    stranger = browse("martin", at=strict)
    at_password(stranger, strict)
    for _ in range(6):
        do.type_password(stranger, martin["rpps"], WRONG)
    assert stranger.page.status == 429
    # For less than an hour it is counted below.
    assert re.search(r"Trop d'essais\. Patientez un peu, ou", stranger.page.text)
    right = do.type_password(stranger, martin["rpps"], martin["password"])
    assert right.status == 429  # the right one is not even looked at
    assert do.is_at_home(do.by_card(stranger), strict)
    by_phone = browse(at=strict)
    do.arrive(by_phone, strict)
    assert do.is_at_home(do.by_ecps(by_phone, martin["rpps"]), strict)
    # Attacks from elsewhere do not lock a known browser out.
    do.arrive(known, strict, prompt="login")
    assert do.type_password(known, martin["rpps"], martin["password"]).status == 200
    assert known.page.says("Un code vient déjà d'être envoyé") or known.page.field("one_time_code")


def test_five_wrong_codes_lead_to_a_new_one_and_the_old_one_is_dead(
    demo: Demonstration, browse: Browse, martin: dict[str, Any]
) -> None:
    browser = browse()
    code = at_code(browser, demo, martin)
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    for left in (4, 3, 2):
        page = browser.submit("Valider", one_time_code=wrong)
        assert (page.status, page.says(f"Il vous reste {left} essais.")) == (422, True)
    assert browser.submit("Valider", one_time_code=wrong).says("il vous reste 1 essai")
    page = browser.submit("Valider", one_time_code=wrong)
    assert page.says("Ce code ne peut plus servir")
    assert page.field("one_time_code") is None
    last = do.last_mail(demo, martin["email"])
    assert browser.submit("Recevoir un nouveau code").says("Un nouveau code vient d'être envoyé")
    new = do.next_code(demo, martin["email"], last)
    assert browser.submit("Valider", one_time_code=code).status == 422
    assert do.is_at_home(browser.submit("Valider", one_time_code=new), demo)


@pytest.mark.parametrize("written", ["{0} {1}", "{0}-{1}", " {0}\u00a0{1} ", "\ufeff{0}\u2013{1}\u200e\r\n"])
def test_code_may_be_typed_with_spaces(
    demo: Demonstration, browse: Browse, martin: dict[str, Any], written: str
) -> None:
    browser = browse()
    code = at_code(browser, demo, martin)
    assert do.is_at_home(browser.submit("Valider", one_time_code=written.format(code[:4], code[4:])), demo)


@pytest.mark.parametrize("typed", ["", "1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨", "1" * 5000])
def test_what_is_not_a_code_costs_no_try(
    demo: Demonstration, browse: Browse, martin: dict[str, Any], typed: str
) -> None:
    browser = browse()
    code = at_code(browser, demo, martin)
    for _ in range(6):
        page = browser.submit("Valider", one_time_code=typed)
        assert (page.status, page.says("Le code ne comporte que des chiffres")) == (422, True)
    assert do.is_at_home(browser.submit("Valider", one_time_code=code), demo)


def test_code_is_refused_the_second_time(demo: Demonstration, browse: Browse, martin: dict[str, Any]) -> None:
    browser = browse()
    code = at_code(browser, demo, martin)
    assert do.is_at_home(browser.submit("Valider", one_time_code=code), demo)
    do.sign_out(browser, demo)
    at_code(browser, demo, martin)
    assert browser.submit("Valider", one_time_code=code).status == 422


def test_code_in_another_browser_is_refused(
    demo: Demonstration, browse: Browse, martin: dict[str, Any]
) -> None:
    own, other = browse(), browse()
    code = at_code(own, demo, martin)
    theirs = at_code(other, demo, martin)
    assert other.submit("Valider", one_time_code=code).says("Ce code n'est pas le bon")
    assert own.submit("Valider", one_time_code=theirs).says("Ce code n'est pas le bon")
    assert do.is_at_home(own.submit("Valider", one_time_code=code), demo)


def test_second_tab_of_the_same_browser_accepts_the_code(
    demo: Demonstration, browse: Browse, martin: dict[str, Any]
) -> None:
    browser = browse()
    code = at_code(browser, demo, martin)
    with do.tab(browser) as other:
        assert other.reload().field("one_time_code") is not None
        assert do.is_at_home(other.submit("Valider", one_time_code=code), demo)
    page = browser.submit("Valider", one_time_code=code)
    assert page.says("Cette connexion est déjà terminée")
    assert do.is_at_home(browser.click("Revenir à ViaTrajectoire"), demo)


def test_expired_code_says_so_and_a_new_one_gets_in(short_lives: Demonstration, browse: Browse) -> None:
    martin, browser = short_lives.account("martin"), browse(at=short_lives)
    code = at_code(browser, short_lives, martin)
    time.sleep(3.1)
    page = browser.submit("Valider", one_time_code=code)
    assert page.says("Ce code a expiré. Demandez-en un nouveau.")
    last = do.last_mail(short_lives, martin["email"])
    browser.submit("Recevoir un nouveau code")
    new = do.next_code(short_lives, martin["email"], last)
    assert do.is_at_home(browser.submit("Valider", one_time_code=new), short_lives)


def test_expired_interaction_resumes_and_ends_at_the_application(
    short_lives: Demonstration, browse: Browse
) -> None:
    browser, typing = browse("martin", at=short_lives), browse(at=short_lives)
    do.arrive(browser, short_lives)
    do.arrive(typing, short_lives)
    time.sleep(6.1)
    page = browser.reload()
    assert (page.status, page.says("La connexion a expiré")) == (410, True)
    assert browser.submit("Reprendre la connexion").says("elle reprend ici, au début")
    assert do.is_at_home(do.by_card(browser), short_lives)
    martin = short_lives.account("martin")
    assert do.type_password(typing, martin["rpps"], martin["password"]).status == 410
    typing.submit("Reprendre la connexion")
    do.by_password(typing, short_lives, martin)
    assert do.is_at_home(typing.page, short_lives)


def test_second_code_within_a_minute_is_too_soon_and_the_first_still_works(
    strict: Demonstration, browse: Browse
) -> None:
    benali, browser = strict.account("benali"), browse(at=strict)
    code = at_code(browser, strict, benali)
    page = browser.submit("Renvoyer le code")
    assert (page.status, page.says("Un code vient déjà d'être envoyé")) == (200, True)
    assert re.search(r"Possible à partir de \d+ h \d\d\.", page.text)
    assert browser.submit("Valider", one_time_code=code).says("Charte d'utilisation")
    # No new code yet for the next connection, and the one already used there is worth nothing here.
    page = do.type_password(at_password(browser, strict), benali["rpps"], benali["password"])
    assert (page.field("one_time_code"), page.says("Aucun code à saisir pour l'instant")) == (None, True)
    csrf = page.field("csrf")
    assert csrf is not None
    sent = {"csrf": csrf.value or "", "code": code}
    page = browser.post(f"{do.interaction_path(page)}/email_otp", sent)
    assert (page.status, page.says("Ce code a déjà servi")) == (422, True)


def test_too_many_codes_say_later_and_leave_the_other_doors_open(
    short_lives: Demonstration, browse: Browse
) -> None:
    benali, browser = short_lives.account("benali"), browse("benali", at=short_lives)
    at_code(browser, short_lives, benali)
    for _ in range(4):
        assert ask_again(browser).status == 200
    page = ask_again(browser)
    assert (page.status, page.says("Beaucoup de codes ont été envoyés")) == (429, True)
    assert do.by_card(browser).says("Charte d'utilisation")


def test_password_and_code_sent_twice_at_the_same_time_lead_in(
    demo: Demonstration, browse: Browse, martin: dict[str, Any]
) -> None:
    browser = at_password(browse(), demo)
    last = do.last_mail(demo, martin["email"])
    for page in do.twice(browser, lambda tab: do.type_password(tab, martin["rpps"], martin["password"])):
        assert page.url.endswith("/email_otp"), page.title
    while do.rows(demo, "SELECT id FROM outbox"):  # either may have sent one: the newest counts
        time.sleep(0.05)
    code = do.next_code(demo, martin["email"], last)
    browser.get(do.interaction_path(browser.page))
    ended = do.twice(browser, lambda tab: tab.submit("Valider", one_time_code=code))
    assert any(do.is_at_home(page, demo) for page in ended), [page.title for page in ended]
    for page in ended:
        assert do.is_at_home(page, demo) or page.document.link("Revenir à ViaTrajectoire"), page.title


def test_back_button_after_the_end_shows_a_finished_page_that_leads_to_the_application(
    demo: Demonstration, browse: Browse, martin: dict[str, Any]
) -> None:
    browser = browse()
    do.arrive(browser, demo)
    with do.tab(browser) as doors:
        code = at_code(browser, demo, martin)
        with do.tab(browser) as otp:
            old = otp.page.url
            browser.submit("Valider", one_time_code=code)
            for late in (
                otp.reload(),
                otp.get(old),
                do.type_password(doors, UNKNOWN_RPPS, WRONG)
                if doors.page.url.startswith(old[:50])
                else otp.page,
            ):
                assert (late.status, late.says("Cette connexion est déjà terminée")) == (409, True)
            assert do.is_at_home(otp.click("Revenir à ViaTrajectoire"), demo)


def test_cancelling_at_the_code_is_access_denied_at_the_application(
    demo: Demonstration, browse: Browse, martin: dict[str, Any]
) -> None:
    browser = browse()
    at_code(browser, demo, martin)
    page = browser.submit("Annuler et revenir à ViaTrajectoire")
    assert page.url.startswith(do.home(demo))
    assert page.says("access_denied")
    assert not do.is_signed_in(browser, demo)


def test_password_alone_never_opens_anything(
    demo: Demonstration, browse: Browse, martin: dict[str, Any]
) -> None:
    browser = browse()
    at_code(browser, demo, martin)
    path = do.interaction_path(browser.page)
    for stop in ("", "/charter", "/enrolment", "/choice"):
        assert browser.get(f"{demo.issuer}{path}{stop}").field("one_time_code") is not None, stop
    assert not do.is_signed_in(browser, demo)
    assert do.arrive(browser, demo, do.SIBLING).says("Identifiez-vous")
