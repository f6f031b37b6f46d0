"""Everyone the simulator knows: published payloads member for member, and the odd cases of the facts."""

from typing import Any

import pytest
import requests

from sandbox.psc.exercices import ACTIVITY_MEMBERS
from tests.sandbox.psc.driver import TIMEOUT, Browser, Psc, published, tokens

# P4 is minimal; everyone else has at least these (facts/psc §4.1).
COMMON = {
    "Acces_Regulation_Medicale",
    "Mode_Acces_Raison",
    "PSI_Locale",
    "Palier_Authentification",
    "Secteur_Activite",
    "SubjectNameID",
    "SubjectOrganization",
    "SubjectOrganizationID",
    "SubjectRefPro",
    "SubjectRole",
    "UITVersion",
    "family_name",
    "given_name",
    "otherIds",
    "preferred_username",
    "sub",
}


def listed(psc: Psc) -> list[dict[str, str]]:
    people: list[dict[str, str]] = requests.get(f"{psc.control}/api/identities", timeout=TIMEOUT).json()
    return people


def userinfo(psc: Psc, browser: Browser, identity: str) -> dict[str, Any]:
    claims: dict[str, Any] = psc.userinfo(tokens(psc, browser, identity)["access_token"]).json()
    return claims


def luhn_is_right(number: str) -> bool:
    doubled = (int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


@pytest.mark.parametrize(("identity", "sample"), [("kit", "P2"), ("edit", "P1")])
def test_published_userinfo_is_reproduced_member_for_member(
    psc: Psc, browser: Browser, identity: str, sample: str
) -> None:
    assert userinfo(psc, browser, identity) == published(sample)


def test_everyone_listed_signs_in_and_has_the_members_of_the_facts(psc: Psc, browser: Browser) -> None:
    people = listed(psc)
    assert len({person["id"] for person in people}) == len(people) == 17
    for person in people:
        browser.ask(prompt="login")
        received = psc.redeem(browser.by_card(person["id"])).json()
        _, claims = psc.verified(received["id_token"])
        told = psc.userinfo(received["access_token"]).json()
        assert claims["SubjectNameID"] == told["SubjectNameID"] == person["SubjectNameID"]
        assert person["name"] == f"{told['given_name']} {told['family_name']}"
        if person["id"] != "minimal":
            assert told.keys() >= COMMON
            assert told["sub"] == claims["sub"]
            assert told["preferred_username"] == told["SubjectNameID"]
        for exercice in told["SubjectRefPro"]["exercices"]:
            for activity in exercice.get("activities", []):
                assert set(ACTIVITY_MEMBERS) - activity.keys() <= {"codeGenreActivite"}


def test_every_rpps_has_a_right_luhn_key(psc: Psc) -> None:
    numbers = [person["SubjectNameID"] for person in listed(psc)]
    rpps = [number[-11:] for number in numbers if number.startswith(("8", "997"))]
    assert len(rpps) == 11
    assert all(luhn_is_right(number) for number in rpps)


@pytest.mark.parametrize(
    ("identity", "number", "name", "practices"),
    [
        ("lefebvre", "899700000013", "Marie LEFEBVRE", [("10", "C", "SM54")]),
        ("martin", "899700000021", "Paul MARTIN", [("10", "C", "SM04"), ("10", "C", "SM26")]),
        ("benali", "899700000039", "Nadia BENALI", [("60", "C", "")]),
        ("girard", "899700000047", "Luc GIRARD", [("10", "C", "SM26")]),
        ("etudiante", "899700005020", "Jeanne ROUX", [("10", "E", "")]),
        ("rpps-nu", "99700005053", "Alice GARNIER", [("10", "C", "SM54")]),
        ("sans-exercice", "899700005012", "Noé LAMBERT", []),
        ("deux-exercices", "899700366240", "KIT DOC0036624", [("10", "C", "SM26")] * 2),
    ],
)
def test_person_has_these_practices(
    psc: Psc, browser: Browser, identity: str, number: str, name: str, practices: list[tuple[str, ...]]
) -> None:
    told = userinfo(psc, browser, identity)
    members = ("codeProfession", "codeCategorieProfessionnelle", "codeSavoirFaire")
    exercices = told["SubjectRefPro"]["exercices"]
    assert (told["SubjectNameID"], f"{told['given_name']} {told['family_name']}") == (number, name)
    assert [tuple(exercice[member] for member in members) for exercice in exercices] == practices
    assert told["SubjectRole"] == [
        f"{code}^1.2.250.1.213.1.1.5.5" for code in {code for code, *_ in practices}
    ]


@pytest.mark.parametrize(
    ("identity", "others"),
    [
        ("cpe", [("30B0185195/CPET00001", "FINESS")]),
        ("cpa", [("500000001815646/CPAT00045", "SIRET")]),
        ("adeli", [("0759300015", "ADELI")]),
        ("rpps-adeli", [("899700005038", "RPPS"), ("0757000021", "ADELI")]),
        ("adeli-rpps", [("0759100033", "ADELI"), ("899700005046", "RPPS")]),
        ("podologue", [("ANS20231122132732", "EDIT")]),
    ],
)
def test_person_has_these_identifiers(
    psc: Psc, browser: Browser, identity: str, others: list[tuple[str, str]]
) -> None:
    told = userinfo(psc, browser, identity)
    assert told["SubjectNameID"] == others[0][0]
    assert told["otherIds"] == [
        {"identifiant": identifier, "origine": origin, "qualite": 1} for identifier, origin in others
    ]


def test_podiatrist_keeps_the_layout_of_the_published_sample(psc: Psc, browser: Browser) -> None:
    told = userinfo(psc, browser, "podologue")
    assert (told["codeCivilite"], told["codeGenreActivite"]) == ("M", "GENR01")
    assert told["SubjectRefPro"].keys() == {"exercices"}
    assert not {"authMode", "email_verified"} & told.keys()
    assert told["SubjectRole"] == ["80^1.2.250.1.213.1.1.5.5"]
    (exercice,) = told["SubjectRefPro"]["exercices"]
    assert (exercice["codeProfession"], exercice["codeCiviliteDexercice"]) == ("80", "")
    (activity,) = exercice["activities"]
    members = ("codeSecteurDactivite", "codeModeExercice", "identifiantTechniqueDeLaStructure")
    assert [activity[member] for member in members] == ["SA07", "L", "R81311"]
    assert activity["ancienIdentifiantDeLaStructure"] == "499700237045007"
    assert activity["autoriteDenregistrement"] == "CNOPP/CNOPP/CNOPP"


def test_two_identical_exercices_have_two_activities_each(psc: Psc, browser: Browser) -> None:
    first, second = userinfo(psc, browser, "deux-exercices")["SubjectRefPro"]["exercices"]
    assert first == second
    assert len(first["activities"]) == 2


def test_minimal_userinfo_has_neither_sub_nor_activities(psc: Psc, browser: Browser) -> None:
    told = userinfo(psc, browser, "minimal")
    assert told.keys() == {"SubjectNameID", "given_name", "family_name", "SubjectRefPro"}
    (exercice,) = told["SubjectRefPro"]["exercices"]
    assert (exercice["codeProfession"], exercice["codeTypeSavoirFaire"]) == ("10", "")
    assert "activities" not in exercice
