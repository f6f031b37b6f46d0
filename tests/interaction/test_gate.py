"""The gate in front of every code and token: first reason that forbids, from the account row."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from idp.accounts.account import Account
from idp.accounts.charter import CharterRevision
from idp.interaction.gate import IssueRefused, MayNotIssue, may_issue
from idp.interaction.record import Acr
from tests.fakes import NOON, FakeCharters
from tests.people import an_account

IN_FORCE = CharterRevision("2026-1", NOON, {"fr": "texte"})


@dataclass(frozen=True)
class Asks:
    minimum_acr: Acr = Acr.PWD_OTP


def refusal(
    account: Account, *, acr: Acr = Acr.CPS, minimum: Acr = Acr.PWD_OTP, **changes: Any
) -> MayNotIssue:
    with pytest.raises(IssueRefused) as caught:
        may_issue(
            account,
            Asks(minimum),
            acr=acr,
            authorized_at=changes.get("authorized_at", NOON),
            charters=changes.get("charters", FakeCharters([IN_FORCE])),
        )
    return caught.value.reason


def accepted(**changes: Any) -> Account:
    return an_account(charter_revision="2026-1", **changes)


@pytest.mark.parametrize("acr", list(Acr))
@pytest.mark.parametrize("minimum", list(Acr))
def test_an_acr_passes_when_its_rank_is_enough(acr: Acr, minimum: Acr) -> None:
    charters = FakeCharters([IN_FORCE])
    if minimum is not Acr.PWD_OTP and acr is Acr.PWD_OTP:
        assert refusal(accepted(), acr=acr, minimum=minimum) is MayNotIssue.ACR_TOO_LOW
    else:
        may_issue(accepted(), Asks(minimum), acr=acr, authorized_at=NOON, charters=charters)


def test_a_disabled_account_is_refused() -> None:
    assert refusal(accepted(enabled=False)) is MayNotIssue.DISABLED


def test_what_began_before_the_account_event_is_refused_and_what_began_with_it_passes() -> None:
    account = accepted(not_before=NOON)
    assert refusal(account, authorized_at=NOON - timedelta(microseconds=1)) is MayNotIssue.NOT_BEFORE
    may_issue(account, Asks(), acr=Acr.CPS, authorized_at=NOON, charters=FakeCharters([IN_FORCE]))


@pytest.mark.parametrize("revision", [None, "2025-9"])
def test_a_charter_never_accepted_or_superseded_is_due(revision: str | None) -> None:
    assert refusal(an_account(charter_revision=revision)) is MayNotIssue.CHARTER_DUE


def test_without_any_charter_nothing_is_issued() -> None:
    assert refusal(accepted(), charters=FakeCharters()) is MayNotIssue.CHARTER_DUE


def test_the_gravest_reason_is_told_first() -> None:
    account = an_account(enabled=False, not_before=NOON + timedelta(hours=1))
    assert refusal(account, acr=Acr.PWD_OTP, minimum=Acr.PSC) is MayNotIssue.DISABLED
