"""The professional contexts read from `SubjectRefPro`: every sample, two places, moved members, and any JSON at all."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.accounts.practice import current_practice, practices_of
from tests.adapters.psc.test_claims import P1, P2, P3, P4, P5, T1
from tests.examples import examples


def named(claims: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Profession, speciality and mode of each."""
    return [
        (
            one.profession.code if one.profession else "",
            one.speciality.code if one.speciality else "",
            one.mode,
        )
        for one in practices_of(claims)
    ]


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (T1, []),
        (P1, [("10", "SM54", "L"), ("10", "SM54", "S")]),
        (P2, [("10", "SM26", ""), ("10", "SM26", "")]),
        (P3, [("80", "", "")]),
        (P4, [("10", "", "")]),
        # Two identical exercices, each with the same places: said once.
        (P5, [("10", "SM26", "")]),
    ],
    ids=["T1", "P1", "P2", "P3", "P4", "P5"],
)
def test_each_published_sample_gives_its_contexts(
    claims: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    assert named(claims) == expected


SURGERY = {
    "codeModeExercice": "L",
    "codeSecteurDactivite": "SA07",
    "identifiantTechniqueDeLaStructure": "R102671",
    "raisonSocialeSite": "CABINET M DOC0042788",
    "codePostal": "75009",
    "bureauCedex": "75009 PARIS",
    "numeroFinessSite": "",
    "unheardOf": {"x": 1},
}


def with_places(*places: object, **exercice: object) -> dict[str, Any]:
    known = {"codeProfession": "10", "codeCategorieProfessionnelle": "C", "codeSavoirFaire": "SM26"}
    return {"SubjectRefPro": {"exercices": [{**known, "activities": list(places), **exercice}]}}


def test_context_is_released_without_what_is_unknown() -> None:
    (practice,) = practices_of(with_places(SURGERY))
    assert practice.released() == {
        "profession": {"code": "10", "label": "Médecin"},
        "category": "C",
        "speciality": {"code": "SM26", "label": "Qualifié en Médecine générale"},
        "mode": "L",
        "sector": "SA07",
        "structure": {
            "id": "R102671",
            "name": "CABINET M DOC0042788",
            "postal_code": "75009",
            "city": "75009 PARIS",
        },
    }


def test_student_is_in_training() -> None:
    (practice,) = practices_of(with_places(SURGERY, codeCategorieProfessionnelle="E"))
    assert practice.profession is not None
    assert practice.profession.label == "Médecin en formation"


@pytest.mark.parametrize("activities", [[], None, {}, "x", [None, 7]])
def test_exercice_without_place_is_one_context(activities: object) -> None:
    practices = practices_of(with_places(activities=activities))
    assert [one.structure_name for one in practices] == [""]


def test_key_stays_while_nothing_changes_and_changes_with_any_part() -> None:
    (before,) = practices_of(with_places(SURGERY))
    (again,) = practices_of(json.loads(json.dumps(with_places(SURGERY))))
    (moved,) = practices_of(with_places({**SURGERY, "codePostal": "69001"}))
    assert before.key == again.key
    assert before.key != moved.key
    assert len(before.key) == 32


def test_current_one_is_the_only_one_or_the_one_chosen() -> None:
    one, two = practices_of(with_places(SURGERY, {**SURGERY, "codeModeExercice": "S"}))
    assert current_practice((one,), None) == one
    assert current_practice((one, two), None) is None
    assert current_practice((one, two), two.key) == two
    assert current_practice((one, two), "gone") is None
    assert current_practice((), None) is None


def test_texts_are_one_line_of_bounded_length() -> None:
    (practice,) = practices_of(
        with_places({"raisonSocialeSite": "A\u202e\nB\x00" + "c" * 5000, "codePostal": 75009})
    )
    assert practice.structure_name.startswith("A B")
    assert len(practice.structure_name) == 120
    assert practice.postal_code == ""


def test_absurdly_many_places_are_cut() -> None:
    places = [{"codePostal": str(number)} for number in range(5000)]
    assert len(practices_of(with_places(*places))) == 50


_MEMBERS = st.sampled_from(
    ["SubjectRefPro", "exercices", "activities", "codeProfession", "codePostal", "raisonSocialeSite"]
)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_MEMBERS, inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=examples(100), deadline=None)
@given(st.dictionaries(_MEMBERS, _ANYTHING, max_size=8))
def test_any_json_is_read_without_an_exception(claims: dict[str, Any]) -> None:
    for practice in practices_of(claims):
        json.dumps(practice.released())
        assert practice.key
