"""The gate in front of every code and token: first reason that forbids, from the account row."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from idp.accounts.account import Account
from idp.accounts.charter import CharterEvidence, CharterRevision
from idp.interaction.authenticator import Acr
from idp.interaction.gate import Gate, IssueRefused, MayNotIssue
from tests.fakes import NOON, FakeCharters
from tests.people import ALICE, an_account, doors

IN_FORCE = CharterRevision(revision="2026-1", published_at=NOON, texts={"fr": "texte"})


@dataclass(frozen=True)
class Requester:
    minimum_acr: Acr = Acr.PWD_OTP
    client_id: str = "viatrajectoire"
    charters: tuple[str, ...] = ()


def gate(
    charters: FakeCharters | None = None, open_doors: Iterable[str] = ("psc", "cps", "password")
) -> Gate:
    return Gate(FakeCharters([IN_FORCE]) if charters is None else charters, doors(open_doors))


def refusal(
    account: Account,
    *,
    acr: Acr = Acr.CPS,
    minimum: Acr = Acr.PWD_OTP,
    generation: int = 0,
    at: Gate | None = None,
) -> MayNotIssue:
    with pytest.raises(IssueRefused) as caught:
        (at or gate()).may_issue(account, Requester(minimum), acr=acr, generation=generation)
    return caught.value.reason


def accepted(**changes: Any) -> Account:
    return an_account(charter_revision="2026-1", **changes)


@pytest.mark.parametrize("acr", list(Acr))
@pytest.mark.parametrize("minimum", list(Acr))
def test_an_acr_passes_when_its_rank_is_enough(acr: Acr, minimum: Acr) -> None:
    low = (Acr.PWD_OTP, Acr.CPS_UNCHECKED)
    if minimum not in low and acr in low:
        assert refusal(accepted(), acr=acr, minimum=minimum) is MayNotIssue.ACR_TOO_LOW
    else:
        gate().may_issue(accepted(), Requester(minimum), acr=acr, generation=0)


def test_a_disabled_account_is_refused() -> None:
    assert refusal(accepted(enabled=False)) is MayNotIssue.DISABLED


def test_what_began_before_the_account_event_is_refused_and_what_began_with_it_passes() -> None:
    account = accepted(generation=3)
    assert refusal(account, generation=2) is MayNotIssue.NOT_BEFORE
    gate().may_issue(account, Requester(), acr=Acr.CPS, generation=3)


@pytest.mark.parametrize("revision", [None, "2025-9"])
def test_a_charter_never_accepted_or_superseded_is_due(revision: str | None) -> None:
    assert refusal(an_account(charter_revision=revision)) is MayNotIssue.CHARTER_DUE


def test_without_any_charter_nothing_is_issued() -> None:
    assert refusal(accepted(), at=gate(FakeCharters())) is MayNotIssue.CHARTER_DUE


def test_the_charters_of_the_client_are_demanded_beside_the_houses() -> None:
    named = CharterRevision(revision="1", published_at=NOON, texts={"fr": "texte"}, charter="a")
    demanding, charters = Requester(charters=("a",)), FakeCharters([IN_FORCE])
    for _ in ("never published", "not accepted"):
        with pytest.raises(IssueRefused) as caught:
            gate(charters).may_issue(accepted(), demanding, acr=Acr.CPS, generation=0)
        assert caught.value.reason is MayNotIssue.CHARTER_DUE
        charters.publish(named)
    charters.accept(
        CharterEvidence(
            account_id=ALICE,
            revision="1",
            text_sha256="",
            accepted_at=NOON,
            authenticator="cps",
            client_id="rp",
            charter="a",
        )
    )
    gate(charters).may_issue(accepted(), demanding, acr=Acr.CPS, generation=0)
    gate(charters).may_issue(accepted(), Requester(), acr=Acr.CPS, generation=0)


@pytest.mark.parametrize(("acr", "door"), [(Acr.PSC, "psc"), (Acr.CPS, "cps"), (Acr.PWD_OTP, "password")])
def test_an_acr_passes_only_while_its_own_door_is_open(acr: Acr, door: str) -> None:
    gate(open_doors=[door]).may_issue(accepted(), Requester(), acr=acr, generation=0)
    others = gate(open_doors={"psc", "cps", "password"} - {door})
    assert refusal(accepted(), acr=acr, at=others) is MayNotIssue.DOOR_CLOSED


def test_a_half_open_password_door_lets_nobody_through() -> None:
    half = Gate(FakeCharters([IN_FORCE]), [d for d in doors(["password"]) if d.id != "email_otp"])
    assert refusal(accepted(), acr=Acr.PWD_OTP, at=half) is MayNotIssue.DOOR_CLOSED


def test_the_gravest_reason_is_told_first() -> None:
    account = an_account(enabled=False, generation=1)
    assert refusal(account, acr=Acr.PWD_OTP, minimum=Acr.PSC) is MayNotIssue.DISABLED
