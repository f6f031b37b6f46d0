"""An identity proved again, by card or by Pro Santé Connect: its fields refreshed, its history kept, the person told.

Contains the one way in which an account takes a newer proof. Every door that proves an identity calls it.
"""

import dataclasses
from dataclasses import dataclass

from idp.accounts.account import Account, ProvedIdentity
from idp.accounts.identity_change import IdentityChange, changed_fields, merged
from idp.accounts.notices import Notice, Notices
from idp.accounts.proofs import Proofs, has_proof, professions
from idp.accounts.repository import AccountRepository, StaleAccount
from idp.core.audit import Audit, AuditEvent

#: Another login of the same person may save in between; so often in a row, something else is wrong.
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityUpdates:
    accounts: AccountRepository
    notices: Notices
    audit: Audit
    proofs: Proofs

    def enrolled(self, account: Account) -> None:
        """The first proof: what the account was made of."""
        self.proofs.witness(account.id, account.identity)

    def apply(self, account: Account, proved: ProvedIdentity) -> Account:
        """The account as the newest proof leaves it. `proved.rpps` is the account's own.

        The history is written with the account, or neither. Raises what the repository raises.
        """
        known = self._proofs_with(account, proved)
        for _ in range(_TRIES):
            identity = merged(account.identity, proved)
            change = _change(account, identity, known)
            try:
                self.accounts.save(dataclasses.replace(account, identity=identity), change=change)
            except StaleAccount:
                account = self.accounts.get(account.id)
                continue
            if change is not None:
                self._tell(account, change)
            return self.accounts.get(account.id)
        return account  # Others refreshed it meanwhile, as often as we tried.

    def _proofs_with(self, account: Account, proved: ProvedIdentity) -> frozenset[str]:
        """Add this proof to the account's; gives the professions proved before it."""
        before = self.proofs.of(account.id)
        if not has_proof(before, account.identity):  # of an account older than its proofs
            self.enrolled(account)
            before = self.proofs.of(account.id)
        self.proofs.witness(account.id, proved)
        if not has_proof(before, proved):
            profession = proved.profession.code if proved.profession else ""
            self.audit.record(
                AuditEvent.PROOF_ADDED, account_id=account.id, source=proved.source, profession=profession
            )
        return professions(before)

    def _tell(self, account: Account, change: IdentityChange) -> None:
        self.audit.record(
            AuditEvent.IDENTITY_CHANGED,
            account_id=account.id,
            source=change.after.source,
            fields=" ".join(change.fields),
        )
        if change.is_told:
            self.notices.tell(account, Notice.IDENTITY_CHANGED)


def _change(account: Account, identity: ProvedIdentity, known: frozenset[str]) -> IdentityChange | None:
    fields = set(changed_fields(account.identity, identity))
    if identity.profession is not None and identity.profession.code in known:
        # The other card of somebody with two professions: both were told when they came, neither is news.
        fields -= {"profession", "specialities"} if "profession" in fields else set()
    if not fields:
        return None
    return IdentityChange(
        account_id=account.id, at=identity.verified_at, before=account.identity, after=identity
    )
