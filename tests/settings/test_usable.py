"""What is left of an environment with faults: everything else as the operator gave it, and each fault told."""

import pytest

from idp.settings.checked import value_of
from idp.settings.usable import usable_settings

_WELL = {
    "CADUCEE_ISSUER": "https://id.example",
    "CADUCEE_CARD_HOST": "https://carte.example",
    "CADUCEE_APPLICATION_KEY": "k" * 43,
    "CADUCEE_PASSWORD_PEPPER": "p" * 43,
    "CADUCEE_SMTP_HOST": "relay.example",
}


def test_nothing_is_taken_from_settings_without_fault() -> None:
    usable = usable_settings(_WELL)
    assert (usable.faults, usable.without) == ((), frozenset())
    assert usable.settings is not None
    assert usable.settings.mail.host == "relay.example"


@pytest.mark.parametrize(
    ("given", "without"),
    [
        ({"SMTP_PORT": "99999"}, "SMTP_PORT"),
        ({"SMTP_PORT": "x", "CODE_LIFE": "y"}, "SMTP_PORT CODE_LIFE"),
        ({"SMTP_PROT": "25"}, "SMTP_PROT"),
        ({"ISSUER": "ftp://id.example"}, "ISSUER"),
        ({"APPLICATION_KEY": ""}, "APPLICATION_KEY"),
        ({"SMTP_USERNAME": "us"}, "SMTP_USERNAME SMTP_PASSWORD"),
        ({"SMTP_PASSWORD": "x", "SMTP_PASSWORD_FILE": "/nowhere"}, "SMTP_PASSWORD"),
        ({"SMTP_PASSWORD_FILE": "/nowhere"}, "SMTP_PASSWORD"),
    ],
)
def test_what_has_a_fault_is_taken_away_alone(given: dict[str, str], without: str) -> None:
    usable = usable_settings(_WELL | {f"CADUCEE_{name}": text for name, text in given.items()})
    assert usable.without == set(without.split())
    assert usable.faults
    assert usable.settings is not None
    assert value_of(usable.settings, "SMTP_HOST") == "relay.example"


def test_an_environment_without_anything_leaves_defaults_and_one_fault_for_each() -> None:
    usable = usable_settings({})
    assert len(usable.faults) == 4
    assert usable.settings is not None
