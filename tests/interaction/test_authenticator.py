"""The one table of authenticators: what it says alone, and what is derived from it."""

import itertools
from typing import get_args

import pytest

from idp.clients.members import MEMBERS
from idp.clients.values import ACR_BY_NAME
from idp.interaction.assurance import EARNED, RANK
from idp.interaction.authenticator import (
    AUTHENTICATORS,
    DOORS,
    Acr,
    AuthenticatorId,
    house_doors,
    passkey_amr,
)
from idp.interaction.record import event_of
from idp.interaction.stop import SILENT_ERROR, Stop
from tests.fakes import NOON

ROWS = list(AUTHENTICATORS.values())
#: RFC 8176 §2.
REGISTERED_AMR = {
    "face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pop", "pwd", "rba", "retina", "sc",
    "sms", "swk", "tel", "user", "vbm", "wia",
}  # fmt: skip


def test_the_type_checker_knows_the_same_authenticators_as_the_table() -> None:
    assert get_args(AuthenticatorId) == tuple(AUTHENTICATORS)


def test_every_acr_is_earned_by_some_path_and_has_one_rank() -> None:
    assert set(EARNED.values()) == set(Acr)
    assert {(row.acr, row.rank) for row in ROWS if row.acr} == set(RANK.items())


def test_the_paths_are_those_that_were_written_down() -> None:
    assert EARNED == {
        ("psc",): Acr.PSC,
        ("cps",): Acr.CPS,
        ("passkey",): Acr.PASSKEY,
        ("password", "password_passkey"): Acr.PASSKEY,
        ("cps_unchecked",): Acr.CPS_UNCHECKED,
        ("password", "email_otp"): Acr.PWD_OTP,
        ("activation", "activation_otp"): Acr.PWD_OTP,
    }


def test_what_earns_nothing_is_followed_on_some_path() -> None:
    followed = set(itertools.chain.from_iterable(row.after for row in ROWS))
    assert {row.id for row in ROWS if row.acr is None} == followed


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_path_begins_on_the_choice_page_and_goes_on_at_a_page_of_its_own(row: object) -> None:
    assert bool(row.after) == (row.stop is not Stop.CHOICE)  # type: ignore[attr-defined]
    assert SILENT_ERROR[row.stop] == "login_required"  # type: ignore[attr-defined]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_amr_are_registered_values_and_come_with_the_event(row: object) -> None:
    amr = row.amr  # type: ignore[attr-defined]
    assert set(amr) <= REGISTERED_AMR
    event = event_of(row.id, NOON)  # type: ignore[attr-defined]
    assert (event.authenticator, event.amr, event.at) == (row.id, amr, NOON)  # type: ignore[attr-defined]


def test_a_client_may_name_every_door_and_demand_every_acr_but_that_of_the_bypass() -> None:
    assert DOORS == ("psc", "cps", "passkey", "password") == MEMBERS["authenticators"].default
    assert ACR_BY_NAME == {
        "pwd-otp": Acr.PWD_OTP, "passkey": Acr.PASSKEY, "cps": Acr.CPS, "psc": Acr.PSC,
    }  # fmt: skip


def usable(*, has_bypass: bool = False, is_passkey_demanded: bool = False, **opened: bool) -> set[str]:
    doors = house_doors(
        dict.fromkeys(DOORS, False) | opened,
        has_bypass=has_bypass,
        is_passkey_demanded=is_passkey_demanded,
        allowed_for=lambda client: ("cps", "password"),
    )
    return set(doors.usable("rp"))


def test_a_door_opens_all_that_goes_by_its_name_and_the_unchecked_card_under_the_bypass_only() -> None:
    assert usable() == set()
    assert usable(cps=True) == {"cps"}
    assert usable(cps=True, has_bypass=True) == {"cps", "cps_unchecked"}
    assert usable(has_bypass=True) == set()
    assert usable(password=True) == {"password", "email_otp", "activation", "activation_otp"}
    assert usable(psc=True) == set()


def test_where_a_passkey_is_demanded_it_comes_after_the_password_in_place_of_the_mail_code() -> None:
    assert usable(password=True, is_passkey_demanded=True) == {"password", "password_passkey", "activation"}
    assert usable(is_passkey_demanded=True) == set()
    assert usable(passkey=True) == set()  # the client did not name the door


def test_a_passkey_stands_between_a_mail_code_and_a_card() -> None:
    assert RANK[Acr.PWD_OTP] < RANK[Acr.PASSKEY] < RANK[Acr.CPS] == RANK[Acr.PSC]


def test_a_passkey_that_may_leave_its_device_is_told_as_software() -> None:
    assert passkey_amr(is_synced=False) == ("hwk", "user", "mfa")
    assert passkey_amr(is_synced=True) == ("swk", "user", "mfa")
    assert set(passkey_amr(is_synced=True)) | set(passkey_amr(is_synced=False)) <= REGISTERED_AMR
