"""The gate in front of every code and token: first reason that forbids, from where the person stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from idp.accounts.charter import HOUSE
from idp.accounts.standing import Standing
from idp.interaction.authenticator import DOORS, Acr, Doors
from idp.interaction.gate import Gate, IssueRefused, MayNotIssue
from tests.people import a_standing, an_account, doors


@dataclass(frozen=True)
class Requester:
    minimum_acr: Acr = Acr.PWD_OTP
    client_id: str = "viatrajectoire"
    charters: tuple[str, ...] = ()


def gate(open_doors: Iterable[str] = DOORS) -> Gate:
    return Gate(doors(open_doors))


def refusal(
    standing: Standing,
    *,
    acr: Acr = Acr.CPS,
    minimum: Acr = Acr.PWD_OTP,
    generation: int = 0,
    at: Gate | None = None,
) -> MayNotIssue:
    with pytest.raises(IssueRefused) as caught:
        (at or gate()).may_issue(standing, Requester(minimum), acr=acr, generation=generation)
    return caught.value.reason


def accepted(**changes: Any) -> Standing:
    """Of an account that accepted every charter."""
    return a_standing(an_account(**changes))


@pytest.mark.parametrize("acr", list(Acr))
@pytest.mark.parametrize("minimum", list(Acr))
def test_an_acr_passes_when_its_rank_is_enough(acr: Acr, minimum: Acr) -> None:
    rungs = [{Acr.PWD_OTP, Acr.CPS_UNCHECKED}, {Acr.PASSKEY}, {Acr.CPS, Acr.PSC}]
    rung_of = {one: number for number, rung in enumerate(rungs) for one in rung}
    if rung_of[acr] < rung_of[minimum]:
        assert refusal(accepted(), acr=acr, minimum=minimum) is MayNotIssue.ACR_TOO_LOW
    else:
        gate().may_issue(accepted(), Requester(minimum), acr=acr, generation=0)


def test_a_disabled_account_is_refused() -> None:
    assert refusal(accepted(enabled=False)) is MayNotIssue.DISABLED


def test_what_began_before_the_account_event_is_refused_and_what_began_with_it_passes() -> None:
    standing = accepted(generation=3)
    assert refusal(standing, generation=2) is MayNotIssue.NOT_BEFORE
    gate().may_issue(standing, Requester(), acr=Acr.CPS, generation=3)


@pytest.mark.parametrize("charter", [HOUSE, "of-the-client"])
def test_a_charter_not_accepted_is_due(charter: str) -> None:
    assert refusal(a_standing(due=(charter,))) is MayNotIssue.CHARTER_DUE


@pytest.mark.parametrize("charter", [HOUSE, "of-the-client"])
def test_while_a_charter_was_never_published_nothing_is_issued(charter: str) -> None:
    """Nobody can have accepted it."""
    assert refusal(a_standing(unpublished=charter)) is MayNotIssue.CHARTER_DUE


@pytest.mark.parametrize(
    ("acr", "door"), [(Acr.PSC, "psc"), (Acr.CPS, "cps"), (Acr.PASSKEY, "passkey"), (Acr.PWD_OTP, "password")]
)
def test_an_acr_passes_only_while_its_own_door_is_open(acr: Acr, door: str) -> None:
    gate(open_doors=[door]).may_issue(accepted(), Requester(), acr=acr, generation=0)
    others = gate(open_doors=set(DOORS) - {door})
    assert refusal(accepted(), acr=acr, at=others) is MayNotIssue.DOOR_CLOSED


def test_a_half_open_password_door_lets_nobody_through() -> None:
    half = Gate(Doors(frozenset({"password"}), allowed_for=lambda client: ("password",)))
    assert refusal(accepted(), acr=Acr.PWD_OTP, at=half) is MayNotIssue.DOOR_CLOSED


def test_what_a_code_in_a_mailbox_proved_that_others_read_now_passes_no_more() -> None:
    sharing = a_standing(an_account(is_mailbox_shared=True, has_passkey=True))
    every = gate(open_doors=DOORS)
    assert refusal(sharing, acr=Acr.PWD_OTP, at=every) is MayNotIssue.DOOR_CLOSED
    every.may_issue(sharing, Requester(), acr=Acr.PASSKEY, generation=0)
    every.may_issue(accepted(), Requester(), acr=Acr.PWD_OTP, generation=0)


def test_the_gravest_reason_is_told_first() -> None:
    standing = a_standing(an_account(enabled=False, generation=1), due=(HOUSE,))
    assert refusal(standing, acr=Acr.PWD_OTP, minimum=Acr.PSC) is MayNotIssue.DISABLED


def test_every_reason_is_there_for_whoever_explains_and_the_first_one_is_told() -> None:
    standing = a_standing(an_account(enabled=False), due=(HOUSE,))
    against = gate().against(standing, Requester(Acr.CPS), acr=Acr.PWD_OTP, generation=0)
    assert against == [MayNotIssue.DISABLED, MayNotIssue.CHARTER_DUE, MayNotIssue.ACR_TOO_LOW]
    assert refusal(standing, minimum=Acr.CPS, acr=Acr.PWD_OTP) is against[0]
