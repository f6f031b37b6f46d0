"""The people, charters and clocks the contract suites are played with."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from idp.accounts.account import (
    Account,
    AccountId,
    ClosedFor,
    EmailOffer,
    PasswordClosure,
    PostalAddress,
    ProvedIdentity,
)
from idp.accounts.charter import (
    HOUSE,
    CharterEvidence,
    CharterRevision,
)
from idp.cards.nomenclature import CodedLabel

NOON = datetime(2026, 11, 23, 12, 0, 0, 123457, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ALICE = AccountId("account-1")


def an_account(number: int = 1, **changes: Any) -> Account:
    account = Account(
        id=AccountId(f"account-{number}"),
        subject=f"subject-{number}",
        identity=ProvedIdentity(
            rpps=f"{10000000000 + number}",
            family_name="DUPONT-NŒL",
            given_name="Aïcha",
            profession=CodedLabel("10", "Médecin"),
            specialities=(CodedLabel("SM26", "Qualifié en médecine générale"), CodedLabel("SM54", "Autre")),
            source="cps",
            verified_at=NOON,
            evidence="ab" * 32,
            stated_at=NOON - timedelta(days=400),
        ),
        email=f"Aicha.{number}@Hopital.example",
        email_verified_at=NOON + timedelta(microseconds=1),
        email_put_off_at=NOON + timedelta(microseconds=2),
        email_offer=EmailOffer(f"aicha.{number}@cabinet.example", NOON + timedelta(microseconds=4)),
        password_closure=PasswordClosure(
            at=NOON, motive=ClosedFor.EMAIL_DISOWNED, told_at=NOON + timedelta(microseconds=3)
        ),
        password_hash="$argon2id$…",
        address=PostalAddress(line1="1 rue de l'Église", line2="", postal_code="75001", city="Paris"),
        created_at=NOON,
    )
    return replace(account, **changes)


def with_rpps(account: Account, rpps: str) -> Account:
    return replace(account, identity=replace(account.identity, rpps=rpps))


def a_revision(name: str, at: datetime = NOON, charter: str = HOUSE) -> CharterRevision:
    return CharterRevision(
        revision=name,
        published_at=at,
        texts={"fr": f"# Charte {name} « é »", "en": f"# Charter {name}"},
        charter=charter,
    )


def an_acceptance(revision: str, **changes: Any) -> CharterEvidence:
    evidence = CharterEvidence(
        account_id=ALICE,
        revision=revision,
        text_sha256="cd" * 32,
        accepted_at=NOON,
        authenticator="cps",
        client_id="viatrajectoire",
    )
    return replace(evidence, **changes)


@dataclass
class FixedClock:
    at: datetime = NOON

    def now(self) -> datetime:
        return self.at
