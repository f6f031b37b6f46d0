"""Scopes `psc` and `professional_context`: what is released, to whom; the choice of a context, once per application."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import by_psc, listening, person, settings_of
from tests.provider import Browser, Provider, answer_of, audited

_EXERCICE = {
    "codeProfession": "10",
    "codeCategorieProfessionnelle": "C",
    "nomDexercice": "DUPONT-NŒL",
    "prenomDexercice": "Aïcha",
    "codeSavoirFaire": "SM26",
}
SURGERY = {"codeModeExercice": "L", "raisonSocialeSite": "CABINET <b>", "codePostal": "75009"}
HOSPITAL = {
    "codeModeExercice": "S",
    "raisonSocialeSite": "HOPITAL",
    "codePostal": "75010",
    "bureauCedex": "75010 PARIS",
    "numeroFinessSite": "0B0193488",
}
BOTH = {"codeCivilite": "M", "exercices": [{**_EXERCICE, "activities": [SURGERY, HOSPITAL]}]}
ONE = {"exercices": [{**_EXERCICE, "activities": [HOSPITAL]}]}
ROLE = ["10^1.2.250.1.213.1.1.5.5"]
IDS = [{"identifiant": "810000000017", "origine": "RPPS", "qualite": 1}]
CONTEXT = "openid professional_context"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person(SubjectRefPro=BOTH, SubjectRole=ROLE, otherIds=IDS)
        yield psc


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    house = app_factory(**settings_of(psc))
    file = house.settings.where.clients_file
    file.write_text(
        file.read_text()
        .replace("address, professional]", "address, professional, psc, professional_context]")
        .replace("scopes: [openid]", "scopes: [openid, professional_context]")
    )
    return house


def choosing(page: TestResponse) -> list[str]:
    """The labels of the contexts offered."""
    soup = BeautifulSoup(page.text, "html.parser")
    return [" ".join(label.get_text(" ").split()) for label in soup.select(".choice label")]


def choose(browser: Browser, page: TestResponse, rank: int) -> TestResponse:
    keys = [str(one["value"]) for one in BeautifulSoup(page.text, "html.parser").select(".choice input")]
    return browser.submit(page, "/professional_context", practice=keys[rank])


def userinfo(house: Provider, left: TestResponse) -> dict[str, Any]:
    received = house.exchange(answer_of(left)["code"]).json
    assert received is not None
    told: dict[str, Any] = house.userinfo(received["access_token"]).json or {}
    return told


def ask(browser: Browser, scope: str, **more: str) -> TestResponse:
    return browser.follow(browser.authorize(scope=scope, **more))


def test_psc_scope_releases_what_was_received(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    told = userinfo(house, by_psc(browser, psc, ask(browser, "openid psc")))
    assert told == {
        "sub": house.account.subject,
        "SubjectRefPro": BOTH,
        "SubjectRole": ROLE,
        "otherIds": IDS,
    }


def test_other_scopes_release_none_of_it(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    told = userinfo(house, by_psc(browser, psc, ask(browser, "openid professional")))
    assert not {"SubjectRefPro", "SubjectRole", "otherIds", "professional_context"} & told.keys()


def test_allow_list_of_the_client_cuts_them_as_any_other_claim(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    file = house.settings.where.clients_file
    line = "    client_name: ViaTrajectoire\n"
    file.write_text(file.read_text().replace(line, f"{line}    claims: [SubjectRole, rpps]\n"))
    left = by_psc(browser, psc, ask(browser, "openid psc"))
    assert userinfo(house, left) == {"sub": house.account.subject, "SubjectRole": ROLE}


def test_client_that_may_not_ask_gets_no_scope_and_no_page(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc))
    browser = house.browser()
    told = userinfo(house, by_psc(browser, psc, ask(browser, "openid psc professional_context")))
    assert told == {"sub": house.account.subject}


def test_context_is_asked_once_and_remembered_for_this_application_alone(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    page = by_psc(browser, psc, ask(browser, CONTEXT))
    assert choosing(page) == [
        "CABINET <b> Médecin , Qualifié en Médecine générale Exercice libéral, 75009",
        "HOPITAL Médecin, Qualifié en Médecine générale Exercice salarié, 75010 PARIS",
    ]
    assert "<b>" not in page.text
    told = userinfo(house, choose(browser, page, 1))
    assert told["professional_context"] == {
        "profession": {"code": "10", "label": "Médecin"},
        "category": "C",
        "speciality": {"code": "SM26", "label": "Qualifié en Médecine générale"},
        "mode": "S",
        "structure": {
            "name": "HOPITAL",
            "finess": "0B0193488",
            "postal_code": "75010",
            "city": "75010 PARIS",
        },
    }
    assert audited(house).count("context:choose:accepted") == 1
    # Remembered, also in another browser and by another door.
    again = house.browser()
    assert answer_of(again.prove(ask(again, CONTEXT)))["code"]
    # Another application asks for itself.
    other = ask(browser, CONTEXT, client_id="grand-age", redirect_uri="https://grand-age.example/callback")
    assert len(choosing(other)) == 2


def test_application_may_have_it_chosen_again(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    choose(browser, by_psc(browser, psc, ask(browser, CONTEXT)), 0)
    page = ask(browser, CONTEXT, prompt="consent")
    checked = BeautifulSoup(page.text, "html.parser").select(".choice input[checked]")
    assert len(checked) == 1
    told = userinfo(house, choose(browser, page, 1))
    assert told["professional_context"]["mode"] == "S"


def test_silent_request_hears_that_a_page_is_needed(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    by_psc(browser, psc, ask(browser, "openid"))
    assert answer_of(browser.authorize(scope=CONTEXT, prompt="none"))["error"] == "interaction_required"
    choose(browser, ask(browser, CONTEXT), 0)
    assert "code" in answer_of(browser.authorize(scope=CONTEXT, prompt="none"))


def test_context_that_is_no_longer_told_is_asked_again(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    choose(browser, by_psc(browser, psc, ask(browser, CONTEXT)), 0)
    moved = {"exercices": [{**_EXERCICE, "activities": [{**SURGERY, "codePostal": "13001"}, HOSPITAL]}]}
    psc.lie = person(SubjectRefPro=moved)
    other = house.browser()
    page = by_psc(other, psc, ask(other, CONTEXT))
    assert "13001" in choosing(page)[0]


def test_only_context_needs_no_page(house: Provider, psc: HostilePsc) -> None:
    psc.lie = person(SubjectRefPro=ONE)
    browser = house.browser()
    told = userinfo(house, by_psc(browser, psc, ask(browser, CONTEXT)))
    assert told["professional_context"]["structure"]["name"] == "HOPITAL"


def test_person_of_whom_pro_sante_connect_told_no_practice_has_no_context(
    house: Provider, psc: HostilePsc
) -> None:
    psc.lie = person(SubjectRefPro={"exercices": []}, SubjectRole=ROLE)
    browser = house.browser()
    told = userinfo(house, by_psc(browser, psc, ask(browser, "openid psc professional_context")))
    assert told["SubjectRole"] == ROLE
    assert "professional_context" not in told


def test_person_whom_pro_sante_connect_never_identified_has_no_context(house: Provider) -> None:
    browser = house.browser()
    told = userinfo(house, browser.prove(ask(browser, "openid psc professional_context")))
    assert told == {"sub": house.account.subject}


@pytest.mark.parametrize("practice", ["", "0" * 32, "../../etc", "é" * 5000])
def test_choice_of_nothing_known_is_refused_with_the_page_again(
    house: Provider, psc: HostilePsc, practice: str
) -> None:
    browser = house.browser()
    page = by_psc(browser, psc, ask(browser, CONTEXT))
    refused = browser.submit(page, "/professional_context", practice=practice)
    assert (refused.status_code, len(choosing(refused))) == (422, 2)
    assert "un des cadres proposés" in refused.text
    assert 'role="alert"' in refused.text


def test_page_cannot_be_jumped_to_nor_the_choice_made_for_another(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    page = ask(browser, CONTEXT)
    path = BeautifulSoup(page.text, "html.parser").select_one("form")["action"].rsplit("/", 1)[0]  # type: ignore[index]
    jumped = browser.follow(browser.get(f"{path}/professional_context"))
    assert "Identifiez-vous" in jumped.text
    thief = house.browser()
    thief.follow(thief.authorize())
    assert thief.get(f"{path}/professional_context").status_code == 403


def contexts_of(page: TestResponse) -> list[str]:
    """The remembered choices on the root page."""
    soup = BeautifulSoup(page.text, "html.parser")
    return [" ".join(one.get_text(" ").split()) for one in soup.select(".contexts p")]


def test_person_has_the_question_asked_again_for_one_application(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    choose(browser, by_psc(browser, psc, ask(browser, CONTEXT)), 0)
    other = {"client_id": "grand-age", "redirect_uri": "https://grand-age.example/callback"}
    choose(browser, ask(browser, CONTEXT, **other), 1)
    root = browser.get("/")
    assert sorted(one.split(" : ")[1] for one in contexts_of(root)) == [
        "CABINET <b> , 75009",
        "HOPITAL , 75010 PARIS",
    ]
    assert "CABINET &lt;b&gt;" in root.text
    (here,) = [one for one in contexts_of(root) if "CABINET" in one]
    for _ in range(2):
        left = contexts_of(forget(browser, root, "viatrajectoire"))
        assert left == [one for one in contexts_of(root) if one != here]
    assert audited(house).count("context:forget:accepted") == 1
    assert answer_of(browser.authorize(scope=CONTEXT, **other))["code"]
    assert len(choosing(ask(browser, CONTEXT))) == 2


def forget(browser: Browser, root: TestResponse, client_id: str) -> TestResponse:
    form = BeautifulSoup(root.text, "html.parser").select_one('form[action="/professional_context"]')
    assert form is not None
    csrf = str(form.select('[name="csrf"]')[0]["value"])
    return browser.follow(browser.post("/professional_context", data={"csrf": csrf, "client_id": client_id}))


def test_choice_of_another_person_or_without_a_session_is_not_forgotten(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    choose(browser, by_psc(browser, psc, ask(browser, CONTEXT)), 0)
    root = browser.get("/")
    stranger = house.browser()
    stranger.get("/")
    assert stranger.post("/professional_context", data={"client_id": "viatrajectoire"}).status_code == 403
    hidden = BeautifulSoup(stranger.get("/").text, "html.parser").select_one('[name="csrf"]')
    assert hidden is not None
    sent = {"csrf": str(hidden["value"]), "client_id": "viatrajectoire"}
    assert stranger.post("/professional_context", data=sent).status_code == 303
    assert forget(browser, root, "") is not None
    assert contexts_of(browser.get("/")) == contexts_of(root) != []
    assert "context:forget:accepted" not in audited(house)


def test_only_context_is_nothing_to_choose_again(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    choose(browser, by_psc(browser, psc, ask(browser, CONTEXT)), 1)
    psc.lie = person(SubjectRefPro=ONE)
    other = house.browser()
    by_psc(other, psc, ask(other, CONTEXT))
    assert contexts_of(other.get("/")) == []
