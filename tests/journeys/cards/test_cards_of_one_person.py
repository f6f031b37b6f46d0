"""Several cards of one person, one account; and several persons at one browser, nothing of one for another."""

import json
import time
from collections.abc import Callable, Iterator

import pytest

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration, running_demo
from tests.journeys import gestures as do
from tests.limits import within

Browse = Callable[..., Browser]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo of its own: other tests sign the same persons in with these cards."""
    with running_demo(tmp_path_factory.mktemp("one-person")) as running:
        yield running


def signed_in_by(demo: Demonstration, browse: Browse, card: str) -> str:
    """The `sub` of the person, at home in one step."""
    browser = browse(card)
    do.arrive(browser, demo)
    assert do.is_at_home(do.by_card(browser), demo), browser.page.title
    return str(do.session(browser, demo)["id_token"]["sub"])


def proofs(demo: Demonstration, card: str) -> list[tuple[str, str]]:
    found = do.rows(
        demo,
        "SELECT p.source, p.profession FROM account_proofs p JOIN accounts a ON a.id = p.account_id "
        "WHERE a.rpps = ? ORDER BY p.first_at",
        demo.card(card)["rpps"],
    )
    return [(row["source"], row["profession"]) for row in found]


def notices(demo: Demonstration, email: str, *, expected: int) -> int:
    """How many mails told a new identity, once the worker had time to send as many as expected."""
    deadline = time.monotonic() + within(20)
    while True:
        mails = do.mails(demo, email)
        count = sum("identité" in mail["subject"].lower() for mail in mails)
        if count >= expected or time.monotonic() > deadline:
            return count
        time.sleep(0.1)


def test_renewed_card_signs_in_and_asks_nothing_of_anyone(demo: Demonstration, browse: Browse) -> None:
    email = "marie.lefebvre.cards@exemple.test"
    do.first_connection(browse("lefebvre"), demo, email)
    before = signed_in_by(demo, browse, "lefebvre")
    assert signed_in_by(demo, browse, "lefebvre-renewed") == before
    assert len(proofs(demo, "lefebvre")) == 2
    assert notices(demo, email, expected=0) == 0
    # A new name on the next card: the account follows, the person is told, the application keeps its `sub`.
    assert signed_in_by(demo, browse, "lefebvre-renamed") == before
    names = do.rows(demo, "SELECT family_name FROM accounts WHERE rpps = ?", demo.card("lefebvre")["rpps"])
    assert names == [{"family_name": "LEFEBVRE-BLANC"}]
    assert notices(demo, email, expected=1) == 1
    # The card of before still signs in, and puts the older name back nowhere.
    assert signed_in_by(demo, browse, "lefebvre") == before
    names = do.rows(demo, "SELECT family_name FROM accounts WHERE rpps = ?", demo.card("lefebvre")["rpps"])
    assert names == [{"family_name": "LEFEBVRE-BLANC"}]


def test_second_profession_comes_to_the_same_account_with_date_and_source(
    demo: Demonstration, browse: Browse
) -> None:
    account = demo.account("martin")
    before = signed_in_by(demo, browse, "martin")
    assert signed_in_by(demo, browse, "martin-pharmacist") == before
    assert signed_in_by(demo, browse, "martin") == before
    known = proofs(demo, "martin")
    assert [source for source, _profession in known] == ["cps", "cps"]
    assert ['"10"' in known[0][1], '"21"' in known[1][1]] == [True, True]
    assert notices(demo, account["email"], expected=1) == 1
    shown = demo.command("accounts", "show", account["rpps"]).stdout
    assert shown.count("proved by cps") == 2
    assert "Pharmacien" in shown
    assert "changed" in shown
    audited = do.rows(demo, "SELECT facts FROM audit_events WHERE event = 'card:login:accepted' ORDER BY id")
    facts = json.loads(audited[-1]["facts"])
    assert facts["card_number"].startswith("29")
    assert facts["policies"] == "1.2.250.1.213.1.7.2.1.1.1.1"


# A card swapped between the steps of an enrolment: two persons, one browser.


def form_of(browser: Browser, email: str) -> dict[str, str]:
    """What the enrolment page now shown would send."""
    hidden = {name: browser.page.field(name) for name in ("csrf", "proof")}
    typed = {"email": email, "password": do.PASSWORD, "address_line1": "1 rue A", "postal_code": "75001"}
    return {**{name: found.value or "" for name, found in hidden.items() if found}, **typed, "city": "Paris"}


def enrolling(demo: Demonstration, browse: Browse, card: str) -> tuple[Browser, str]:
    browser = browse(card)
    do.arrive(browser, demo)
    assert do.by_card(browser).field("new_password")
    return browser, do.interaction_path(browser.page)


def swap(demo: Demonstration, browser: Browser, path: str, card: str, browse: Browse) -> None:
    """Another card in the reader, and the button of a page shown before (another tab, or the way back)."""
    csrf = browser.page.field("csrf")
    assert csrf is not None
    browser.card = browse(card).card
    browser.post(f"{demo.issuer}{path}/cps", {"csrf": csrf.value or ""})


def accounts_of(demo: Demonstration, email: str) -> int:
    return len(do.rows(demo, "SELECT id FROM accounts WHERE email = ?", email))


def test_form_filled_for_one_card_makes_no_account_of_the_next_one(
    demo: Demonstration, browse: Browse
) -> None:
    browser, path = enrolling(demo, browse, "girard")
    form = form_of(browser, "luc.girard.swap@exemple.test")
    swap(demo, browser, path, "nunez", browse)
    assert browser.page.says("NÚÑEZ")
    page = browser.post(f"{demo.issuer}{path}/enrolment", form)
    assert page.status == 409
    assert page.says("Une carte a été présentée depuis")
    assert page.says("NÚÑEZ")
    assert not page.says("luc.girard.swap")
    assert do.mails(demo, "luc.girard.swap@exemple.test") == []
    refusals = do.rows(demo, "SELECT facts FROM audit_events WHERE event = 'enrolment:complete:refused'")
    assert "other_identity" in refusals[-1]["facts"]
    # The person in front of the page now goes on.
    do.enrol(browser, demo, "helene.nunez.swap@exemple.test")
    do.accept_charter(browser)
    assert do.session(browser, demo)["userinfo"]["rpps"] == demo.card("nunez")["rpps"]
    assert accounts_of(demo, "luc.girard.swap@exemple.test") == 0


def test_code_sent_for_one_card_opens_nothing_after_the_next_one(demo: Demonstration, browse: Browse) -> None:
    email = "luc.girard.code@exemple.test"
    browser, path = enrolling(demo, browse, "girard")
    last = do.last_mail(demo, email)
    do.fill_form(browser, email)
    code = do.next_code(demo, email, last)
    csrf = browser.page.field("csrf")
    assert csrf is not None
    swap(demo, browser, path, "interne", browse)
    assert browser.page.says("FAURE")
    page = browser.post(f"{demo.issuer}{path}/email_otp", {"csrf": csrf.value or "", "code": code})
    assert page.field("new_password")
    assert page.says("FAURE")
    assert not page.says(email)
    assert accounts_of(demo, email) == 0


def test_same_card_again_in_the_middle_of_an_enrolment_has_the_form_filled_in_again(
    demo: Demonstration, browse: Browse
) -> None:
    browser, path = enrolling(demo, browse, "girard")
    form = form_of(browser, "luc.girard.again@exemple.test")
    swap(demo, browser, path, "girard", browse)
    # The form is of before that proof: a copy of what it was bound to opens nothing any more.
    page = browser.post(f"{demo.issuer}{path}/enrolment", form)
    assert (page.status, page.says("Une carte a été présentée depuis")) == (409, True)
    assert do.mails(demo, "luc.girard.again@exemple.test") == []
    do.fill_form(browser, "luc.girard.again@exemple.test")
    assert browser.page.field("one_time_code")


def test_form_without_the_mark_of_its_proof_is_nobodys(demo: Demonstration, browse: Browse) -> None:
    browser, path = enrolling(demo, browse, "girard")
    form = form_of(browser, "luc.girard.bare@exemple.test")
    for proof in (None, "", "0" * 64):
        sent = {name: value for name, value in form.items() if name != "proof"}
        if proof is not None:
            sent["proof"] = proof
        assert browser.post(f"{demo.issuer}{path}/enrolment", sent).status == 409
    assert do.mails(demo, "luc.girard.bare@exemple.test") == []


def test_two_persons_enrolling_in_two_tabs_of_one_browser_stay_apart(
    demo: Demonstration, browse: Browse
) -> None:
    browser, _path = enrolling(demo, browse, "girard")
    with do.tab(browser) as other:
        other.card = browse("interne").card
        do.arrive(other, demo, do.SIBLING)
        assert do.by_card(other).says("FAURE")
    browser.get(browser.page.url)
    assert browser.page.says("GIRARD")
    assert not browser.page.says("FAURE")


def copied(browser: Browser, browse: Browse) -> Browser:
    thief = browse()
    thief._http.cookies.update(browser.cookies)
    return thief


def assert_opens_nothing(thief: Browser, demo: Demonstration, path: str) -> None:
    for page in ("", "/enrolment", "/email_otp", "/charter", "/choice"):
        assert thief.get(f"{demo.issuer}{path}{page}").status == 403, page
        assert not thief.page.says("FAURE"), page
    assert thief.post(f"{demo.issuer}{path}/charter", {"accepted": "yes", "csrf": "x"}).status == 403


def test_cookies_copied_before_the_card_open_neither_enrolment_nor_charter_nor_end(
    demo: Demonstration, browse: Browse
) -> None:
    email = "faure.copied@exemple.test"
    physician = browse("interne")
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


def test_a_card_shown_from_a_copy_ends_in_no_other_sign_in(demo: Demonstration, browse: Browse) -> None:
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
    assert physician.get(shown).says("GIRARD")
    assert not physician.page.says("NÚÑEZ")
