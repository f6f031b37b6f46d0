"""The operator's list of leaked passwords: found in whatever case and accents, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.leaked_passwords import LeakedPasswords
from idp.accounts.password_rules import KnownPerson, PasswordPolicy
from idp.settings.password import PasswordSettings
from tests.people import an_account

PERSON = KnownPerson.of(an_account())
LIST = LeakedPasswords.of(["Correct Horse Battery", "été à la plage 2019", "court"], shortest=15)


@pytest.mark.parametrize(
    "password", ["correct horse battery", "CORRECT HORSE BATTERY", "ete a la plage 2019"]
)
def test_one_of_them_is_found(password: str) -> None:
    assert password in LIST


@pytest.mark.parametrize("password", ["", "court", "correct horse batter", "correct horse battery ", "\x00"])
def test_nothing_else_is(password: str) -> None:
    assert password not in LIST
    assert password not in LeakedPasswords()


@given(st.lists(st.text(min_size=3, max_size=30), max_size=30))
def test_each_of_a_list_is_found(passwords: list[str]) -> None:
    known = LeakedPasswords.of(passwords, shortest=0)
    assert all(one in known for one in passwords)


def test_it_takes_eight_octets_for_each() -> None:
    many = LeakedPasswords.of((f"un mot de passe {number}" for number in range(1000)), shortest=15)
    assert many.digests.itemsize * len(many.digests) == 8000


def test_a_leaked_one_is_refused_and_said_to_be_listed_as_is_a_commonplace() -> None:
    policy = PasswordPolicy(PasswordSettings(pepper="p" * 43), (), LIST)
    assert policy.fault(PERSON, "Correct Horse Battery") == "enrolment.password_leaked"
    assert policy.is_listed("correct horse BATTERY")
    assert policy.is_listed("motdepasse bonjour 1987")
    # What the rule has against it is no matter of lists.
    assert policy.fault(PERSON, "court") is not None
    assert not policy.is_listed("violon tambour 9 orage lac")
