"""What proved a person: each card and Pro Santé Connect.

Contains the proof, with the profession it names and its dates, and the port to the proofs of an account. A card names
one profession: a person who practises two has two cards and one account (facts/cps §3). Not here: storage.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from idp.accounts.account import AccountId, IdentitySource, ProvedIdentity
from idp.cards.nomenclature import CodedLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProof:
    """`evidence`: as in `ProvedIdentity`. A renewed card is another proof."""

    source: IdentitySource
    evidence: str
    profession: CodedLabel | None
    first_at: datetime
    last_at: datetime


class Proofs(Protocol):
    def record(self, account_id: AccountId, identity: ProvedIdentity) -> None:
        """Add the proof, or renew its date and profession if it exists."""

    def of(self, account_id: AccountId) -> tuple[IdentityProof, ...]:
        """Returns every proof of this account, oldest first."""


def professions(proofs: Iterable[IdentityProof | ProvedIdentity]) -> frozenset[str]:
    """Returns the codes of every profession that the person was proved to practise."""
    return frozenset(proof.profession.code for proof in proofs if proof.profession is not None)


def has_proof(proofs: Iterable[IdentityProof | ProvedIdentity], identity: ProvedIdentity) -> bool:
    return any((proof.source, proof.evidence) == (identity.source, identity.evidence) for proof in proofs)
