"""The form of the first connection, and the account made of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.account import PostalAddress
from idp.accounts.enrolment import (
    LONGEST,
    form_faults,
    new_account,
    typed_values,
    verified_form,
)
from tests.fakes import NOON
from tests.people import ALICE_RPPS, an_identity

GOOD = {
    "email": "aicha.dupont@hopital.example",
    "address_line1": "1 rue de l'Église",
    "address_line2": "",
    "postal_code": "75001",
    "city": "Paris",
}


def faults(**changes: str) -> dict[str, str]:
    return form_faults(typed_values({**GOOD, **changes}))


def test_a_good_form_has_no_fault_and_becomes_values() -> None:
    assert faults() == {}
    form = verified_form(typed_values(GOOD))
    assert form.email == GOOD["email"]
    assert form.address == PostalAddress(
        line1="1 rue de l'Église", line2="", postal_code="75001", city="Paris"
    )


@pytest.mark.parametrize("name", ["email", "address_line1", "postal_code", "city"])
@pytest.mark.parametrize("blank", ["", "   ", "\t\r\n", "\u200b\u0000"])
def test_each_required_field_says_so_when_blank(name: str, blank: str) -> None:
    assert faults(**{name: blank}) == {name: "enrolment.required"}


def test_the_second_line_of_the_address_may_be_empty() -> None:
    assert faults(address_line2="") == {}


def test_a_missing_field_is_a_blank_one() -> None:
    assert set(form_faults(typed_values({}))) == {"email", "address_line1", "postal_code", "city"}


@pytest.mark.parametrize("name", list(LONGEST))
def test_each_field_has_its_longest_value(name: str) -> None:
    assert faults(**{name: "A" * (LONGEST[name] + 1)})[name] == "enrolment.too_long"
    assert faults(**{name: "A" * LONGEST[name]}).get(name) != "enrolment.too_long"


def test_a_huge_value_is_cut_before_it_is_kept() -> None:
    values = typed_values(dict.fromkeys(GOOD, "x" * 1_000_000))
    assert all(len(values[name]) == longest + 1 for name, longest in LONGEST.items())


@pytest.mark.parametrize(
    "email",
    [
        "aicha",
        "aicha@",
        "@hopital.example",
        "aicha@hopital",
        "a b@hopital.example",
        "aicha@hopital..example",
        "aicha@-hopital.example",
        "aicha@[192.0.2.1]",
        '"a b"@hopital.example',
        "aïcha@hopital.example",
        "aicha@hopital.example, bob@evil.example",
        "Aicha <aicha@hopital.example>",
        "aicha@hopital.example\r\nBcc: bob@evil.example",
        "aicha@hopital.example\nSubject: x",
        "aicha\r\n@hopital.example",
        "aicha@hopital.example;bob@evil.example",
    ],
)
def test_what_is_no_single_address_is_refused(email: str) -> None:
    assert faults(email=email) == {"email": "enrolment.email_malformed"}


@pytest.mark.parametrize("email", ["a@b.test", "a.b+c@sous.domaine.example", "O'Neil@hopital.example"])
def test_unusual_addresses_are_accepted(email: str) -> None:
    assert faults(email=email) == {}


@pytest.mark.parametrize("code", ["75001", "97410", "98000", "2A004", "L-1234", "1000", "SW1A 1AA", "ad500"])
def test_postal_codes_of_france_overseas_and_the_borders_are_accepted(code: str) -> None:
    assert faults(postal_code=code) == {}


@pytest.mark.parametrize("code", ["1", "Paris!", "-7500", "٧٥٠٠١", "75<01", "75_01"])
def test_what_is_no_postal_code_is_refused(code: str) -> None:
    assert faults(postal_code=code) == {"postal_code": "enrolment.postal_code_malformed"}


def test_postal_codes_are_kept_in_capitals() -> None:
    assert verified_form(typed_values({**GOOD, "postal_code": "2a004"})).address.postal_code == "2A004"


def test_control_characters_and_invisible_ones_do_not_pass() -> None:
    values = typed_values({**GOOD, "city": "Pa\u0000ris\u202e \r\n\u001b[31m", "address_line1": "1\true  X"})
    assert values["address_line1"] == "1 rue X"
    assert values["city"] == "Pa ris [31m"


def test_both_ways_to_type_an_accent_are_one() -> None:
    assert typed_values({**GOOD, "city": "Orle\u0301ans"})["city"] == "Orléans"


def test_the_password_is_never_among_what_may_be_shown_again() -> None:
    assert "password" not in typed_values({**GOOD, "password": "violon tambour"})


def test_a_form_with_faults_gives_no_values() -> None:
    with pytest.raises(ValueError, match="not verified"):
        verified_form(typed_values({**GOOD, "email": "x"}))


@given(st.dictionaries(st.sampled_from([*GOOD, "password", "other"]), st.text(max_size=300)))
def test_any_form_gets_an_answer_and_values_without_control_characters(form: dict[str, str]) -> None:
    values = typed_values(form)
    assert set(values) == set(LONGEST)
    assert all(
        character.isprintable() for value in values.values() for character in value if character != " "
    )
    if not form_faults(values):
        assert "\n" not in verified_form(values).email


def _made(**changes: Any) -> Any:
    address = PostalAddress(line1="1 rue", line2="", postal_code="75001", city="Paris")
    values = {
        "email": "a@b.example", "password_hash": "$argon2id$", "address": address, "locale": "fr", "now": NOON,
    }  # fmt: skip
    return new_account(an_identity(), **{**values, **changes})


def test_a_new_account_owes_the_charter_and_is_enabled() -> None:
    account = _made()
    assert (account.charter_revision, account.enabled, account.generation) == (None, True, 0)
    assert account.email_verified_at == account.created_at == NOON


def test_id_and_subject_are_random_unrelated_and_say_nothing_of_the_person() -> None:
    accounts = [_made() for _ in range(100)]
    assert len({a.id for a in accounts} | {a.subject for a in accounts}) == 200
    assert all(ALICE_RPPS not in a.subject and len(a.subject) >= 22 for a in accounts)
