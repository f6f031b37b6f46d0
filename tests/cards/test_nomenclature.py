"""Codes have labels; unknown codes are shown raw."""

from idp.cards.nomenclature import (
    CodedLabel,
    future_profession_label,
    in_training,
    profession_label,
    speciality_label,
)


def test_known_codes_have_french_labels() -> None:
    assert profession_label("10") == "Médecin"
    assert profession_label("60") == "Infirmier"
    assert speciality_label("SM54") == "Médecine générale"
    assert speciality_label("SCD01") == "Orthopédie dento-faciale"
    assert future_profession_label("50") == "Sage-Femme en formation"


def test_labels_do_not_repeat_the_list_they_come_from() -> None:
    assert "(SM)" not in speciality_label("SM04")


def test_unknown_codes_stand_for_themselves() -> None:
    assert profession_label("97") == "97"
    assert speciality_label("SM999") == "SM999"
    assert future_profession_label("") == ""


def test_the_code_of_a_person_in_training_is_no_profession_s() -> None:
    """A relying party that compares codes must not take an intern for a physician."""
    assert in_training("10") == CodedLabel("10E", "Médecin en formation")
    assert in_training("97") == CodedLabel("97E", "97")
