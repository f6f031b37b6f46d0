"""The first connection: from the relying party's door to its tokens, and every way it may be walked badly."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.demo.driver import Browser, Page
from tests.demonstration import ROOT, Demonstration, running_demo
from tests.journeys import gestures as do

Browse = Callable[..., Browser]
IDENTITY_OF_NUNEZ = ("O'BRIEN-NÚÑEZ", "HÉLÈNE", "Chirurgien-Dentiste")


@pytest.fixture(scope="module")
def psc_enrols(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo where Pro Santé Connect may enrol: it has many more persons nobody enrolled yet."""
    state = tmp_path_factory.mktemp("psc-enrols")
    with running_demo(state, "--set", "ENROLMENT_FROM_PSC=true") as running:
        yield running


def test_card_form_code_and_charter_lead_to_tokens_at_the_relying_party(
    demo: Demonstration, browse: Browse
) -> None:
    browser, rpps, email = browse("nunez"), demo.card("nunez")["rpps"], "helene.obrien@cabinet.example"
    do.arrive(browser, demo)
    assert browser.page.says("Identifiez-vous")
    assert browser.page.says("ViaTrajectoire")
    do.by_card(browser)
    assert browser.page.title.startswith("Créez votre compte")
    assert all(browser.page.says(words) for words in (*IDENTITY_OF_NUNEZ, rpps))
    last = do.last_mail(demo, email)
    do.fill_form(browser, email)
    assert browser.page.says("Saisissez le code reçu par e-mail")
    assert browser.page.says(email)  # typed a moment ago, in this very interaction
    browser.submit("Valider", one_time_code=do.next_code(demo, email, last))
    assert browser.page.says("Charte d'utilisation")
    assert do.accounts_of(demo, rpps)[0]["charter_revision"] is None
    before = datetime.now(UTC)
    do.accept_charter(browser)
    assert do.is_at_home(browser.page, demo)
    known = do.session(browser, demo)
    assert known["id_token"]["acr"] == "urn:caducee:acr:cps"
    assert (
        known["userinfo"]
        | {
            "family_name": "O'BRIEN-NÚÑEZ",
            "given_name": "HÉLÈNE",
            "rpps": rpps,
            "SubjectNameID": f"8{rpps}",
            "email": email,
            "email_verified": True,
            "identity_source": "cps",
        }
        == known["userinfo"]
    )
    assert known["userinfo"]["profession"] == {"code": "40", "label": "Chirurgien-Dentiste"}
    assert [speciality["code"] for speciality in known["userinfo"]["specialities"]] == ["SCD01"]
    assert known["userinfo"]["address"]["postal_code"] == do.ADDRESS["postal_code"]
    assert_evidence(demo, rpps, since=before)


def assert_evidence(demo: Demonstration, rpps: str, since: datetime) -> None:
    """One row: revision, SHA-256 of the text shown, UTC time, acr and client."""
    account = do.accounts_of(demo, rpps)[0]
    (evidence,) = do.rows(demo, "SELECT * FROM charter_acceptances WHERE account_id = ?", account["id"])
    text = (ROOT / "charters" / "2026-1.fr.md").read_text("utf-8")
    accepted_at = datetime.fromtimestamp(evidence.pop("accepted_at") / 1_000_000, UTC)
    assert evidence == {
        "account_id": account["id"],
        "charter": "house",
        "revision": "2026-1",
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "authenticator": "cps",
        "client_id": "viatrajectoire",
    }
    assert timedelta(0) <= accepted_at - since < timedelta(minutes=1)
    assert account["charter_revision"] == "2026-1"


def test_identity_is_read_from_the_card_whatever_the_form_adds(
    psc_enrols: Demonstration, browse: Browse
) -> None:
    browser, email = browse("production-category", at=psc_enrols), "lea.roussel@cabinet.example"
    do.arrive(browser, psc_enrols)
    do.by_card(browser)
    identity = {"family_name", "given_name", "name", "rpps", "profession", "specialities"}
    assert not [f.name for form in browser.page.document.forms for f in form.fields if f.name in identity]
    last = do.last_mail(psc_enrols, email)
    csrf = browser.page.field("csrf")
    assert csrf is not None
    proof = browser.page.field("proof")
    assert proof is not None
    forged = {
        "csrf": csrf.value or "",
        "proof": proof.value or "",
        "email": email,
        "password": do.PASSWORD,
        "address_line1": "1 rue du Faux",
        "postal_code": "75001",
        "city": "Paris",
        "family_name": "PIRATE",
        "given_name": "JEAN",
        "rpps": psc_enrols.card("martin")["rpps"],
        "SubjectNameID": "899700000021",
        "profession": "21",
        "identity_source": "psc",
        "account_id": "1",
        "charter_revision": "2026-1",
    }
    browser.post(f"{do.interaction_path(browser.page)}/enrolment", forged)
    browser.submit("Valider", one_time_code=do.next_code(psc_enrols, email, last))
    assert browser.page.says("Charte d'utilisation")
    do.accept_charter(browser)
    person = do.session(browser, psc_enrols)["userinfo"]
    assert (person["family_name"], person["given_name"]) == ("ROUSSEL", "LÉA")
    assert person["rpps"] == psc_enrols.card("production-category")["rpps"]
    assert person["profession"]["code"] == "50"
    assert person["identity_source"] == "cps"


def test_wrong_address_is_corrected_and_what_was_typed_comes_back_but_the_password(
    psc_enrols: Demonstration, browse: Browse
) -> None:
    browser, right = browse("girard", at=psc_enrols), "luc.girard@cabinet.example"
    do.arrive(browser, psc_enrols)
    do.by_card(browser)
    do.fill_form(browser, "luc.girrard@cabinet.example", address_line2="Bâtiment B")
    browser.submit("Corriger mes informations")
    assert browser.page.says("Créez votre compte")
    typed = {name: found.value for name in FORM if (found := browser.page.field(name)) is not None}
    assert typed == {
        "email": "luc.girrard@cabinet.example",
        "password": "",
        "address_line1": do.ADDRESS["address_line1"],
        "address_line2": "Bâtiment B",
        "postal_code": do.ADDRESS["postal_code"],
        "city": do.ADDRESS["address_level2"],
    }
    assert do.PASSWORD not in browser.page.html
    last = do.last_mail(psc_enrols, right)
    browser.submit("Créer mon compte", email=right, new_password=do.PASSWORD)
    browser.submit("Valider", one_time_code=do.next_code(psc_enrols, right, last))
    do.accept_charter(browser)
    assert do.session(browser, psc_enrols)["userinfo"]["email"] == right
    assert do.session(browser, psc_enrols)["userinfo"]["address"]["street_address"].endswith("\nBâtiment B")


FORM = ("email", "password", "address_line1", "address_line2", "postal_code", "city")


def test_faults_of_the_form_are_told_together_and_keep_what_was_typed(
    psc_enrols: Demonstration, browse: Browse
) -> None:
    browser = browse("lefebvre", at=psc_enrols)
    do.arrive(browser, psc_enrols)
    do.by_card(browser)
    page = do.fill_form(browser, "pas une adresse", new_password="court", postal_code="!")
    assert page.status == 422
    assert page.title.startswith("Erreur : ")
    assert page.says("3 points sont à corriger")
    email, city = page.field("email"), page.field("city")
    assert email is not None
    assert city is not None
    assert (email.value, city.value) == ("pas une adresse", "Lyon")
    assert "court" not in page.html.replace("raccourc", "")
    # The address of the same form is no password either.
    page = browser.submit("Créer mon compte", new_password="7 quai de l'Île, 69005 Lyon")
    assert page.says("votre nom, votre numéro, vos adresses")
    assert page.says("il faut au moins 10 caractères")
    assert do.accounts_of(psc_enrols, psc_enrols.card("lefebvre")["rpps"]) == []


def test_address_of_another_account_is_refused_only_after_the_mailbox_was_proved(
    psc_enrols: Demonstration, browse: Browse
) -> None:
    taken, own = psc_enrols.account("martin")["email"], "helene.nunez@cabinet.example"
    browser = browse("nunez", at=psc_enrols)
    do.arrive(browser, psc_enrols)
    do.by_card(browser)
    last = do.last_mail(psc_enrols, taken)
    do.fill_form(browser, taken.upper())
    assert browser.page.field("one_time_code") is not None
    assert not browser.page.says("autre compte")
    browser.submit("Valider", one_time_code=do.next_code(psc_enrols, taken, last))
    assert browser.page.says("cette adresse e-mail est déjà celle d'un autre compte")
    assert browser.page.field("new_password") is not None
    assert browser.page.field("city").value == "Lyon"  # type: ignore[union-attr]
    assert do.accounts_of(psc_enrols, psc_enrols.card("nunez")["rpps"]) == []
    last = do.last_mail(psc_enrols, own)
    browser.submit("Créer mon compte", email=own, new_password=do.PASSWORD)
    browser.submit("Valider", one_time_code=do.next_code(psc_enrols, own, last))
    do.accept_charter(browser)
    assert do.is_at_home(browser.page, psc_enrols)


def test_each_form_sent_a_second_time_leads_on_and_makes_one_account(
    psc_enrols: Demonstration, browse: Browse
) -> None:
    """The second click comes from a tab that still shows the old page."""
    browser, rpps = browse("lefebvre", at=psc_enrols), psc_enrols.card("lefebvre")["rpps"]
    email = "marie.lefebvre@double.example"
    do.arrive(browser, psc_enrols)
    with do.tab(browser) as late:
        do.by_card(browser)
        assert do.by_card(late).says("Créez votre compte")
    last = do.last_mail(psc_enrols, email)
    with do.tab(browser) as late:
        do.fill_form(browser, email)
        assert do.fill_form(late, email).field("one_time_code") is not None
    code = do.next_code(psc_enrols, email, last)
    assert len(do.mails(psc_enrols, email)) == 1
    with do.tab(browser) as late:
        browser.submit("Valider", one_time_code=code)
        assert late.submit("Valider", one_time_code=code).says("Charte d'utilisation")
    with do.tab(browser) as late:
        do.accept_charter(browser)
        assert_finished(do.accept_charter(late), psc_enrols)
    assert do.is_at_home(browser.page, psc_enrols)
    assert len(do.accounts_of(psc_enrols, rpps)) == 1


def assert_finished(page: Page, demo: Demonstration) -> None:
    """The page of a late click: it says so, and leads back to the application."""
    assert page.status == 409
    assert page.says("Cette connexion est déjà terminée")
    assert page.document.link("Revenir à ViaTrajectoire") == do.home(demo)


def test_each_form_sent_twice_at_the_same_time_leads_on_and_makes_one_account(
    psc_enrols: Demonstration, browse: Browse
) -> None:
    browser, rpps = browse("interne", at=psc_enrols), psc_enrols.card("interne")["rpps"]
    email = "ines.faure@double.example"
    do.arrive(browser, psc_enrols)
    for page in do.twice(browser, do.by_card):
        assert page.says("Créez votre compte"), page.title
    browser.reload()
    last = do.last_mail(psc_enrols, email)
    for page in do.twice(browser, lambda window: do.fill_form(window, email)):
        assert page.url.endswith("/email_otp"), page.title  # the code itself may be on its way
    code = do.next_code(psc_enrols, email, last)
    browser.get(do.interaction_path(browser.page))
    coded = do.twice(browser, lambda window: window.submit("Valider", one_time_code=code))
    assert any(page.says("Charte d'utilisation") for page in coded), [page.title for page in coded]
    for page in coded:  # A click between the account and the answer begins again: the browser was known anew.
        assert page.says("Charte d'utilisation") or page.says("Reprendre la connexion"), page.title
    browser.get(do.interaction_path(browser.page))
    ended = do.twice(browser, do.accept_charter)
    assert any(do.is_at_home(page, psc_enrols) for page in ended), [page.title for page in ended]
    for page in ended:
        assert page.status < 500
        assert do.is_at_home(page, psc_enrols) or page.document.link("Revenir à ViaTrajectoire"), page.title
    (account,) = do.accounts_of(psc_enrols, rpps)
    evidence = do.rows(psc_enrols, "SELECT * FROM charter_acceptances WHERE account_id = ?", account["id"])
    assert len(evidence) == 1


def test_one_card_in_two_browsers_enrolling_at_once_makes_one_account_and_both_get_in(
    demo: Demonstration, browse: Browse
) -> None:
    card, rpps = "interne", demo.card("interne")["rpps"]
    emails = ("ines.faure@cabinet.example", "ines.faure@hopital.example")
    browsers, codes = (browse(card), browse(card)), []
    for browser, email in zip(browsers, emails, strict=True):
        do.arrive(browser, demo)
        do.by_card(browser)
        last = do.last_mail(demo, email)
        do.fill_form(browser, email)
        codes.append(do.next_code(demo, email, last))

    def finish(rank: int) -> Callable[[], Page]:
        return lambda: browsers[rank].submit("Valider", one_time_code=codes[rank])

    pages = do.at_once(finish(0), finish(1)).pages
    # The slower one is told that the account has the other address, and goes on with it.
    told = [page.says("Votre compte existe déjà") for page in pages]
    assert sorted(told) == [False, True], [page.title for page in pages]
    late = told.index(True)
    assert pages[late].says(emails[late])
    browsers[late].get(do.interaction_path(pages[late]))
    for browser in browsers:
        assert browser.page.says("Charte d'utilisation"), browser.page.title
    do.at_once(lambda: do.accept_charter(browsers[0]), lambda: do.accept_charter(browsers[1]))
    (account,) = do.accounts_of(demo, rpps)
    for browser in browsers:
        if not do.is_at_home(browser.page, demo):  # the other was faster to accept: nothing is due any more
            do.arrive(browser, demo)
        assert do.is_at_home(browser.page, demo), browser.page.title
        known = do.session(browser, demo)
        assert known["id_token"]["sub"] == account["subject"]
        # Her card (CPF) names the profession trained for by the code of those who practise it: she is no physician yet.
        assert known["userinfo"]["profession"] == {"code": "10E", "label": "Médecin en formation"}


def test_psc_of_somebody_nobody_enrolled_leads_by_the_card_to_the_end(
    demo: Demonstration, browse: Browse
) -> None:
    browser, rpps = browse("girard"), demo.card("girard")["rpps"]
    do.arrive(browser, demo)
    do.by_psc_card(browser, "girard")
    assert browser.page.says("La première connexion doit être réalisée avec votre carte CPx")
    assert browser.page.says("GIRARD")
    assert do.accounts_of(demo, rpps) == []
    browser.get(f"{do.interaction_path(browser.page)}/enrolment")
    assert browser.page.says("La première connexion doit être réalisée avec votre carte CPx")
    do.by_card(browser)
    assert browser.page.says("Lue sur votre carte CPS")
    do.enrol(browser, demo, "luc.girard@cabinet.example")
    do.accept_charter(browser)
    known = do.session(browser, demo)
    assert (known["id_token"]["acr"], known["userinfo"]["rpps"]) == ("urn:caducee:acr:cps", rpps)
    assert "upstream_acr" not in known["id_token"]


def test_psc_enrols_where_the_operator_allows_it(psc_enrols: Demonstration, browse: Browse) -> None:
    browser, email = browse(at=psc_enrols), "kit@cabinet.example"
    do.arrive(browser, psc_enrols)
    do.by_psc_card(browser, "kit")
    assert browser.page.says("Transmise par Pro Santé Connect")
    do.enrol(browser, psc_enrols, email)
    do.accept_charter(browser)
    known = do.session(browser, psc_enrols)
    assert known["userinfo"]["identity_source"] == "psc"
    assert known["userinfo"]["SubjectNameID"] == "899700427885"
    assert (known["id_token"]["acr"], known["id_token"]["idp"]) == ("urn:caducee:acr:psc", "psc")


@pytest.mark.parametrize(
    ("identity", "locales", "expected"),
    [
        (
            "etudiante",
            "fr",
            (
                "Confirmez votre adresse pour créer votre compte",
                "Voici le code qui confirme cette adresse pour créer votre compte et accéder à ViaTrajectoire",
                "Il est valable 10 minutes, jusqu’à",
                "Ne communiquez jamais ce code",
            ),
        ),
        (
            "rpps-nu",
            "en",
            (
                "Confirm your address to create your account",
                "create your account",
                "It is valid for 10 minutes",
                "Never give this code to anyone",
            ),
        ),
    ],
)
def test_mail_of_the_code_speaks_the_language_of_the_pages(
    psc_enrols: Demonstration, browse: Browse, identity: str, locales: str, expected: tuple[str, ...]
) -> None:
    browser, email = browse(at=psc_enrols), f"{identity}@cabinet.example"
    buttons = {"fr": "Créer mon compte", "en": "Create my account"}
    do.arrive(browser, psc_enrols, ui_locales=locales)
    doors = {"fr": "S'identifier avec Pro Santé Connect", "en": "Sign in with Pro Santé Connect"}
    browser.submit(doors[locales])
    browser.click("Carte CPS")
    browser.submit("Se connecter avec la carte", identity=identity, pin=do.PSC_PIN)
    browser.submit(buttons[locales], email=email, new_password=do.PASSWORD, **do.ADDRESS)
    code = do.next_code(psc_enrols, email, 0)
    (mail,) = do.mails(psc_enrols, email)
    text = " ".join(mail["text"].replace("’", "'").split())
    assert mail["subject"] == expected[0]
    assert code not in mail["subject"]
    for words in expected[1:]:
        assert words.replace("’", "'") in text, text
    assert "ViaTrajectoire" in text


def test_pages_say_which_charter_text_was_shown_in_english(psc_enrols: Demonstration, browse: Browse) -> None:
    """The digest kept is that of the text in the language of the page."""
    browser, email = browse(at=psc_enrols), "sans-exercice@cabinet.example"
    do.arrive(browser, psc_enrols)
    do.by_psc_card(browser, "sans-exercice")
    do.enrol(browser, psc_enrols, email)
    browser.click("English")
    assert browser.page.says("terms of use") or browser.page.says("Terms of use")
    tick = browser.page.field("accepted")
    assert tick is not None
    form = next(form for form in browser.page.document.forms if form.find("accepted"))
    browser.submit(form.buttons[0].words, accepted=True)
    (account,) = do.rows(psc_enrols, "SELECT id FROM accounts WHERE email = ?", email)
    (row,) = do.rows(
        psc_enrols, "SELECT text_sha256 FROM charter_acceptances WHERE account_id = ?", account["id"]
    )
    assert row["text_sha256"] == hashlib.sha256(charter("en").read_bytes()).hexdigest()


def charter(language: str) -> Path:
    return ROOT / "charters" / f"2026-1.{language}.md"
