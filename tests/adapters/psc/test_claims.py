"""Who PSC says the person is: every sample of facts/psc §4.5, the shapes of §4.4, and any JSON at all."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.adapters.psc.claims import (
    Person,
    has_two_rpps,
    read_amr,
    read_auth_mode,
    read_person,
    read_released,
    read_rpps,
    read_sid,
)
from idp.cards.nomenclature import CodedLabel
from tests.examples import examples

PHYSICIAN = CodedLabel("10", "Médecin")

# facts/psc §4.5, verbatim but for the activities, of which nothing is read.
T1 = json.loads("""{"exp":1665579968,"iat":1665579848,"auth_time":1665579492,
 "jti":"85283206-5fd2-44b4-ab85-2eb5806eb034",
 "iss":"https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet","aud":"doctolib-dev",
 "sub":"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:ANS20220215183932","typ":"ID","azp":"doctolib-dev",
 "nonce":"o5VPxtZV4n_0EpqGhtPgnawzOyQcUPZi8oTc62Vj3dI","session_state":"044b9c35-1d8f-4925-8ae8-22cf585e079c",
 "at_hash":"mUtnJvWwtTtP2ACH4vDIAQ","sid":"044b9c35-1d8f-4925-8ae8-22cf585e079c","authMode":"MOBILE",
 "acr":"eidas1","SubjectNameID":"ANS20220215183932","preferred_username":"ANS20220215183932",
 "given_name":"PRENOM","family_name":"NOM"}""")

T2 = json.loads("""{"exp":1677510526,"iat":1677510406,"auth_time":1677509928,
 "jti":"c72092d0-2c05-4c3d-9f93-72a96b2867a4",
 "iss":"https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet",
 "sub":"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:899700427885","typ":"Bearer","azp":"ans-poc-esignsante-bas",
 "nonce":"","session_state":"f75fe973-d88c-4487-a9f9-6099737344c2","acr":"eidas3",
 "scope":"openid profile scope_all identity","sid":"f75fe973-d88c-4487-a9f9-6099737344c2","authMode":"CARD",
 "otherIds":[{"identifiant":"899700427885","origine":"RPPS","qualite":1}],
 "preferred_username":"899700427885"}""")

T3 = {**T2, "client_id": "ans-poc-esignsante-bas", "username": "899700427885", "active": True}

T4 = json.loads('{"acr":"1","scope":"openid profile email scope_all","acr":"eidas3"}')

P1 = json.loads("""{"Secteur_Activite":"SA07^1.2.250.1.71.4.2.4",
 "sub":"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:ANS20210107161422","email_verified":false,
 "SubjectOrganization":"CAB MED BIS TOUBIB0023550","Mode_Acces_Raison":"",
 "preferred_username":"ANS20210107161422","given_name":"Paul","Acces_Regulation_Medicale":"FAUX",
 "UITVersion":"1.0","Palier_Authentification":"APPPRIP3^1.2.250.1.213.1.5.1.1.1",
 "SubjectRefPro":{"codeCivilite":"M","exercices":[{"codeProfession":"10","codeCategorieProfessionnelle":"C",
  "codeCiviliteDexercice":"M","nomDexercice":"Docteur OIDC","prenomDexercice":"Paul",
  "codeTypeSavoirFaire":"S","codeSavoirFaire":"SM54","activities":[{"codeModeExercice":"L","codeSecteurDactivite":"SA07"},
  {"codeModeExercice":"S","codeSecteurDactivite":"SA43"}]}]},
 "SubjectOrganizationID":"","SubjectRole":["10^1.2.250.1.213.1.1.5.5"],"PSI_Locale":"1.2.250.1.213.1.3.1.1",
 "otherIds":[{"identifiant":"ANS20210107161422","origine":"EDIT","qualite":1}],
 "SubjectNameID":"ANS20210107161422","family_name":"NOM"}""")

P2 = json.loads("""{"Secteur_Activite":"SA07^1.2.250.1.71.4.2.4",
 "sub":"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:899700427885","SubjectOrganization":"CABINET M DOC0042788",
 "Mode_Acces_Raison":"","preferred_username":"899700427885","given_name":"KIT",
 "Acces_Regulation_Medicale":"FAUX","UITVersion":"1.0","authMode":"CARD",
 "Palier_Authentification":"APPPRIP3^1.2.250.1.213.1.5.1.1.1",
 "SubjectRefPro":{"codeCivilite":"M","exercices":[{"codeProfession":"10","codeCategorieProfessionnelle":"C",
  "codeCiviliteDexercice":"DR","nomDexercice":"DOC0042788","prenomDexercice":"KIT","codeTypeSavoirFaire":"S",
  "codeSavoirFaire":"SM26","activities":[{"identifiantTechniqueDeLaStructure":"R102671"},
  {"identifiantTechniqueDeLaStructure":"F0B0193488"}]}]},
 "SubjectOrganizationID":"R102671","SubjectRole":["10^1.2.250.1.213.1.1.5.5"],
 "PSI_Locale":"1.2.250.1.213.1.3.1.1",
 "otherIds":[{"identifiant":"899700427885","origine":"RPPS","qualite":1}],
 "SubjectNameID":"899700427885","family_name":"DOC0042788"}""")

# facts/psc §4.5, P3, P4 and P5 are described there, not printed: built from the description.
P3 = {
    "codeCivilite": "MME",
    "codeGenreActivite": "GENR01",
    "SubjectRole": ["80^1.2.250.1.213.1.1.5.5"],
    "SubjectNameID": "ANS20231122132732",
    "otherIds": [{"identifiant": "ANS20231122132732", "origine": "EDIT", "qualite": 1}],
    "given_name": "JEANNE",
    "family_name": "PODO",
    "SubjectRefPro": {
        "exercices": [
            {
                "codeProfession": "80",
                "codeCategorieProfessionnelle": "C",
                "codeCiviliteDexercice": "",
                "nomDexercice": "PODO",
                "prenomDexercice": "JEANNE",
                "codeTypeSavoirFaire": "",
                "codeSavoirFaire": "",
                "activities": [{"autoriteDenregistrement": "CNOPP/CNOPP/CNOPP"}],
            }
        ]
    },
}
P4 = {
    "SubjectNameID": "899700218896",
    "SubjectRefPro": {
        "exercices": [
            {
                "codeProfession": "10",
                "nomDexercice": "MINIMAL",
                "prenomDexercice": "MARC",
                "codeTypeSavoirFaire": "",
            }
        ]
    },
}
_P5_PRACTICE = {
    "codeProfession": "10",
    "codeCategorieProfessionnelle": "C",
    "nomDexercice": "DEUX",
    "prenomDexercice": "EXERCICES",
    "codeTypeSavoirFaire": "S",
    "codeSavoirFaire": "SM26",
    "activities": [{}, {}],
}
P5 = {"SubjectNameID": "899700366240", "SubjectRefPro": {"exercices": [_P5_PRACTICE, _P5_PRACTICE]}}

GENERAL_MEDICINE = CodedLabel("SM26", "Qualifié en Médecine générale")

SAMPLES: dict[str, tuple[dict[str, Any], Person]] = {
    "T1": (T1, Person(rpps=None, family_name="NOM", given_name="PRENOM", profession=None, specialities=())),
    "T2": (T2, Person(rpps="99700427885", family_name="", given_name="", profession=None, specialities=())),
    "T3": (T3, Person(rpps="99700427885", family_name="", given_name="", profession=None, specialities=())),
    "T4": (T4, Person(rpps=None, family_name="", given_name="", profession=None, specialities=())),
    "P1": (
        P1,
        Person(
            rpps=None,
            family_name="Docteur OIDC",
            given_name="Paul",
            profession=PHYSICIAN,
            specialities=(CodedLabel("SM54", "Médecine générale"),),
        ),
    ),
    "P2": (
        P2,
        Person(
            rpps="99700427885",
            family_name="DOC0042788",
            given_name="KIT",
            profession=PHYSICIAN,
            specialities=(GENERAL_MEDICINE,),
        ),
    ),
    "P3": (
        P3,
        Person(
            rpps=None,
            family_name="PODO",
            given_name="JEANNE",
            profession=CodedLabel("80", "Pédicure-Podologue"),
            specialities=(),
        ),
    ),
    # Without a category nothing says that this 10 is a physician.
    "P4": (
        P4,
        Person(
            rpps="99700218896", family_name="MINIMAL", given_name="MARC", profession=None, specialities=()
        ),
    ),
    "P5": (
        P5,
        Person(
            rpps="99700366240",
            family_name="DEUX",
            given_name="EXERCICES",
            profession=PHYSICIAN,
            specialities=(GENERAL_MEDICINE,),
        ),
    ),
}


@pytest.mark.parametrize(("claims", "person"), SAMPLES.values(), ids=SAMPLES)
def test_each_published_sample_gives_the_person_it_is(claims: dict[str, Any], person: Person) -> None:
    assert read_person(claims) == person


IDENTIFIERS = {
    "typed RPPS": ("899700427885", "99700427885"),
    "bare RPPS": ("99700427885", "99700427885"),
    "bare RPPS with a wrong key": ("99700427886", None),
    "typed RPPS and a line end": ("899700427885\n", None),
    "typed RPPS in Arabic digits": ("8" + "٩٩٧٠٠٤٢٧٨٨٥", None),
    "typed RPPS with spaces": ("8 99700427885", None),
    "ADELI": ("0759912345", None),
    "FINESS and internal number": ("30B0185195/CPET00001", None),
    "SIRET and internal number": ("500000001815646/CPAT00045", None),
    "EDIT identity": ("ANS20231122132732", None),
    "an integer": (899700427885, None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("identifier", "rpps"), IDENTIFIERS.values(), ids=IDENTIFIERS)
def test_only_an_rpps_is_read_as_an_rpps(identifier: object, rpps: str | None) -> None:
    assert read_rpps({"SubjectNameID": identifier}) == rpps


def test_neither_sub_nor_preferred_username_gives_an_rpps() -> None:
    assert read_rpps({"sub": "f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:899700427885"}) is None
    assert read_rpps({"preferred_username": "899700427885"}) is None


@pytest.mark.parametrize("spelling", ["otherIds", "otherIDs"])
def test_rpps_is_found_among_linked_identifiers_in_both_spellings(spelling: str) -> None:
    linked = [
        {"identifiant": "0759912345", "origine": "ADELI", "qualite": 1},
        {"identifiant": "899700427885", "origine": "RPPS", "qualite": 1},
    ]
    assert read_rpps({"SubjectNameID": "0759912345", spelling: linked}) == "99700427885"


def test_linked_identifier_of_another_register_is_not_an_rpps() -> None:
    assert read_rpps({"otherIds": [{"identifiant": "899700427885", "origine": "ADELI"}]}) is None


def test_two_different_linked_rpps_are_no_rpps() -> None:
    linked = [{"identifiant": f"8{rpps}", "origine": "RPPS"} for rpps in ("99700427885", "99700218896")]
    assert read_rpps({"otherIds": linked}) is None


def test_linked_rpps_said_twice_is_one() -> None:
    linked = [{"identifiant": text, "origine": "RPPS"} for text in ("99700427885", "899700427885")]
    assert read_rpps({"otherIds": linked}) == "99700427885"


def _linked(*identifiers: str, origin: str = "RPPS") -> list[object]:
    return [{"identifiant": one, "origine": origin} for one in identifiers]


ONE, OTHER = "899700427885", "899700218896"


@pytest.mark.parametrize(
    ("userinfo", "id_token", "is_two"),
    [
        ({}, {}, False),
        ({"SubjectNameID": ONE}, {"SubjectNameID": ONE}, False),
        ({"SubjectNameID": ONE, "otherIds": _linked(ONE, ONE[1:])}, {}, False),
        ({"SubjectNameID": ONE, "otherIds": _linked(OTHER, origin="ADELI")}, {}, False),
        ({"SubjectNameID": "0759912345", "otherIds": _linked(ONE)}, {}, False),
        ({"SubjectNameID": ONE, "otherIds": _linked(OTHER)}, {}, True),
        ({"SubjectNameID": "0759912345", "otherIds": _linked(ONE, OTHER)}, {}, True),
        ({"otherIds": _linked(ONE), "otherIDs": _linked(OTHER)}, {}, True),
        ({"otherIds": _linked(ONE)}, {"otherIds": _linked(OTHER)}, True),
        ({"otherIds": _linked(ONE)}, {"SubjectNameID": OTHER}, True),
    ],
)
def test_two_rpps_are_seen_wherever_they_stand(
    userinfo: dict[str, object], id_token: dict[str, object], is_two: bool
) -> None:
    assert has_two_rpps(userinfo, id_token) is is_two


def _with_practices(*practices: object, **claims: object) -> dict[str, object]:
    return {"SubjectRefPro": {"exercices": list(practices)}, **claims}


def test_physician_is_recognised_wherever_the_practice_stands() -> None:
    nurse = {"codeProfession": "60", "codeCategorieProfessionnelle": "C", "nomDexercice": "SOIN"}
    physician = {"codeProfession": "10", "codeCategorieProfessionnelle": "C", "nomDexercice": "MÉDECIN"}
    person = read_person(_with_practices(nurse, physician))
    assert (person.profession, person.family_name) == (PHYSICIAN, "MÉDECIN")


def test_student_is_in_training_and_not_a_physician() -> None:
    student = {"codeProfession": "10", "codeCategorieProfessionnelle": "E"}
    assert read_person(_with_practices(student)).profession == CodedLabel("10E", "Médecin en formation")


@pytest.mark.parametrize(
    ("category", "accepted", "code"),
    [
        ("C", ("C", "M"), "10"),
        ("M", ("C", "M"), "10"),
        ("M", ("C",), "60"),
        ("E", ("C", "M"), "60"),
        ("X", ("C", "M"), "60"),
        ("", ("C", "M"), "60"),
        (None, ("C", "M"), "60"),
    ],
)
def test_physician_is_one_in_an_accepted_category(
    category: str | None, accepted: tuple[str, ...], code: str
) -> None:
    nurse = {"codeProfession": "60", "codeCategorieProfessionnelle": "C"}
    other = {"codeProfession": "10", "codeCategorieProfessionnelle": category}
    profession = read_person(_with_practices(nurse, other), accepted).profession
    assert profession is not None
    assert profession.code == code


@pytest.mark.parametrize(
    ("category", "accepted", "profession"),
    [
        ("M", ("C", "M"), PHYSICIAN),
        ("M", ("C",), CodedLabel("10M", "Médecin")),
        ("X", ("C", "M"), CodedLabel("10X", "Médecin")),
        ("E", ("C", "M", "E"), CodedLabel("10E", "Médecin en formation")),
        ("", ("C", "M"), None),
        (None, ("C", "M"), None),
        (["C"], ("C", "M"), None),
    ],
)
def test_only_a_physician_of_an_accepted_category_bears_the_code_of_physicians(
    category: object, accepted: tuple[str, ...], profession: CodedLabel | None
) -> None:
    """With no other exercice to fall back on."""
    only = {"codeProfession": "10", "codeCategorieProfessionnelle": category}
    assert read_person(_with_practices(only), accepted).profession == profession


def test_nurse_who_studies_medicine_is_a_nurse() -> None:
    nurse = {"codeProfession": "60", "codeCategorieProfessionnelle": "C"}
    student = {"codeProfession": "10", "codeCategorieProfessionnelle": "E"}
    profession = read_person(_with_practices(nurse, student)).profession
    assert profession is not None
    assert profession.code == "60"


def test_role_alone_makes_nobody_a_physician() -> None:
    assert read_person({"SubjectRole": ["10^1.2.250.1.213.1.1.5.5"]}).profession is None


def test_first_practice_without_profession_is_passed_over() -> None:
    person = read_person(_with_practices({}, "?", {"codeProfession": "80", "nomDexercice": "PODO"}))
    assert person.profession == CodedLabel("80", "Pédicure-Podologue")
    assert person.family_name == "PODO"


def test_practices_outside_subjectrefpro_are_found() -> None:
    practice = {"codeProfession": "10", "codeCategorieProfessionnelle": "C"}
    assert read_person({"exercices": [practice]}).profession == PHYSICIAN


def test_specialities_of_all_practices_are_given_once_each_in_order() -> None:
    practices = [{"codeSavoirFaire": code} for code in ("SM54", "SM26", "", "SM54", 5)]
    specialities = read_person(_with_practices(*practices)).specialities
    assert [one.code for one in specialities] == ["SM54", "SM26"]


def test_unknown_codes_are_their_own_label() -> None:
    person = read_person(_with_practices({"codeProfession": "999", "codeSavoirFaire": "ZZ99"}))
    assert person.profession == CodedLabel("999", "999")
    assert person.specialities == (CodedLabel("ZZ99", "ZZ99"),)


@pytest.mark.parametrize("code", ["<b>", "10\n", "x" * 200, "٩"])
def test_what_is_not_a_code_is_dropped(code: str) -> None:
    person = read_person(_with_practices({"codeProfession": code, "codeSavoirFaire": code}))
    assert (person.profession, person.specialities) == (None, ())


@pytest.mark.parametrize("name", ["", " \u200b", "A\nB", "A\u202eB", "\ud800", "x" * 257, 3, None])
def test_unreadable_practice_name_gives_way_to_the_civil_one(name: object) -> None:
    claims = _with_practices({"codeProfession": "10", "nomDexercice": name}, family_name="D'ARC-ŒUVRÉ")
    assert read_person(claims).family_name == "D'ARC-ŒUVRÉ"


def test_no_readable_name_is_no_name() -> None:
    assert read_person({"family_name": "\x1b[31m", "given_name": ["KIT"]}).family_name == ""


@pytest.mark.parametrize(
    ("practice", "civil", "read"),
    [
        ({"nomDexercice": "", "prenomDexercice": "SUKARNO"}, ("", ""), ("", "SUKARNO")),
        ({}, ("'T HOOFT", ""), ("'T HOOFT", "")),
        # The only name, as a given name of practice and as a civil family name: one name, not twice the same.
        ({"prenomDexercice": "SUKARNO"}, ("Sukarno", ""), ("", "SUKARNO")),
        ({"nomDexercice": "DUPONT"}, ("MARTIN", "ANNE"), ("DUPONT", "ANNE")),
    ],
)
def test_a_person_may_have_one_name(
    practice: dict[str, object], civil: tuple[str, str], read: tuple[str, str]
) -> None:
    claims = _with_practices({"codeProfession": "10", **practice}, family_name=civil[0], given_name=civil[1])
    person = read_person(claims)
    assert (person.family_name, person.given_name) == read


@pytest.mark.parametrize(
    ("mode", "read"), [("CARD", "CARD"), ("MOBILE", "MOBILE"), ("card\n", None), (1, None)]
)
def test_auth_mode_is_a_plain_word_or_nothing(mode: object, read: str | None) -> None:
    assert read_auth_mode({"authMode": mode}) == read


def test_amr_keeps_only_strings() -> None:
    assert read_amr({"amr": ["sc", 1, None, "pin", "bad value"]}) == ("sc", "pin")
    assert read_amr({"amr": "sc"}) == ()


def test_released_members_are_as_received_and_nothing_else() -> None:
    assert read_released(P2) == {name: P2[name] for name in ("SubjectRefPro", "SubjectRole", "otherIds")}
    assert read_released({"otherIDs": [1], "given_name": "KIT"}) == {"otherIds": [1]}
    assert read_released(P4) == {"SubjectRefPro": P4["SubjectRefPro"]}


def test_released_members_of_absurd_length_are_none() -> None:
    assert read_released({"SubjectRole": ["x" * 70_000], "otherIds": []}) == {}


@pytest.mark.parametrize(
    ("claims", "sid"),
    [
        (T1, "044b9c35-1d8f-4925-8ae8-22cf585e079c"),
        ({"session_state": "s-1"}, "s-1"),
        ({"sid": 7, "session_state": "s-1"}, None),
        ({"sid": " a b "}, " a b "),
        ({"sid": "s" * 1024}, "s" * 1024),
        ({"sid": "s" * 1025}, None),
        ({"sid": "a\nb"}, None),
        ({"sid": "é"}, None),
        ({}, None),
    ],
)
def test_session_of_pro_sante_connect_is_read_in_both_spellings(
    claims: dict[str, Any], sid: str | None
) -> None:
    assert read_sid(claims) == sid


_MEMBERS = st.sampled_from(
    [
        *("SubjectNameID", "SubjectRefPro", "exercices", "otherIds", "otherIDs", "identifiant", "origine"),
        *("codeProfession", "codeCategorieProfessionnelle", "codeSavoirFaire", "nomDexercice"),
        *("prenomDexercice", "given_name", "family_name", "authMode", "amr"),
    ]
)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("RPPS")
_ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_MEMBERS, inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=examples(150), deadline=None)
@given(st.dictionaries(_MEMBERS, _ANYTHING, max_size=8))
def test_any_json_is_read_without_an_exception(claims: dict[str, Any]) -> None:
    person = read_person(claims)
    assert person.rpps is None or (len(person.rpps) == 11 and person.rpps.isascii())
    read_auth_mode(claims)
    read_amr(claims)
    read_released(claims)
    read_sid(claims)
