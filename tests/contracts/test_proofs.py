"""The contract of `Proofs` on SQLite and PostgreSQL: each card once, its dates and its profession."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from idp.accounts.account import AccountId, ProvedIdentity
from idp.accounts.proofs import has_proof, professions
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.proofs import SqlProofs
from idp.cards.nomenclature import CodedLabel
from tests.contracts.specimens import ALICE, LATER, NOON, an_account

IDENTITY = an_account().identity
PHARMACIST = CodedLabel("21", "Pharmacien d\u2019officine")


@pytest.fixture
def proofs(database: Engine) -> SqlProofs:
    for number in (1, 2):
        SqlAccounts(database).add(an_account(number))
    return SqlProofs(database)


def proved(**changes: object) -> ProvedIdentity:
    return replace(IDENTITY, **{"source": "cps", "evidence": "ab" * 32, "verified_at": NOON, **changes})  # type: ignore[arg-type]


def test_account_without_proofs_has_none(proofs: SqlProofs) -> None:
    assert proofs.of(ALICE) == ()
    assert professions(()) == frozenset()


def test_each_card_is_kept_once_with_its_first_and_last_day(proofs: SqlProofs) -> None:
    proofs.record(ALICE, proved())
    proofs.record(ALICE, proved(verified_at=LATER))
    proofs.record(ALICE, proved(verified_at=NOON))  # a slower process: the last day stays
    (one,) = proofs.of(ALICE)
    assert (one.source, one.evidence, one.first_at, one.last_at) == ("cps", "ab" * 32, NOON, LATER)
    assert one.profession == IDENTITY.profession


def test_cards_and_sources_stand_side_by_side(proofs: SqlProofs) -> None:
    proofs.record(ALICE, proved())
    proofs.record(ALICE, proved(evidence="cd" * 32, profession=PHARMACIST, verified_at=LATER))
    proofs.record(ALICE, proved(source="psc", profession=None, verified_at=LATER))
    known = proofs.of(ALICE)
    assert [(one.source, one.evidence[:2]) for one in known] == [("cps", "ab"), ("psc", "ab"), ("cps", "cd")]
    assert known[2].profession == PHARMACIST
    assert professions(known) == {PHARMACIST.code} | (
        {IDENTITY.profession.code} if IDENTITY.profession else set()
    )
    assert has_proof(known, proved())
    assert not has_proof(known, proved(evidence="ef" * 32))


def test_one_card_on_two_accounts_is_two_proofs(proofs: SqlProofs) -> None:
    other = AccountId("account-2")
    proofs.record(ALICE, proved())
    proofs.record(other, proved())
    assert len(proofs.of(ALICE)) == len(proofs.of(other)) == 1
