"""An identity proved again, by card or by Pro Santé Connect.

Contains the one way in which an account takes a newer proof: fields refreshed, history kept, the person told. Every
flow that proves an identity calls it. Not here: comparing two proofs (see `identity_change`), mail.
"""

import dataclasses
from dataclasses import dataclass

from idp.accounts.account import Account, ProvedIdentity
from idp.accounts.identity_change import IdentityChange, changed_fields, merged
from idp.accounts.notices import Notice, Notices
from idp.accounts.proofs import Proofs, has_proof, professions
from idp.accounts.repository import AccountRepository, StaleAccount
from idp.core.audit import Audit, AuditEvent

#: Another login of the same person may save in between. After this many times in a row something else is wrong.
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityUpdates:
    accounts: AccountRepository
    notices: Notices
    audit: Audit
    proofs: Proofs

    def enrolled(self, account: Account) -> None:
        """Record the first proof: the one the account was created from."""
        self.proofs.record(account.id, account.identity)

    def apply(self, account: Account, proved: ProvedIdentity) -> Account:
        """Returns the account, saved with the newest proof. `proved.rpps` is the account's own.

        Account and history are written in one transaction. Raises what the repository raises.
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
        # Other logins refreshed the account at every try: theirs is as new as this proof, so this login goes on.
        return account

    def _proofs_with(self, account: Account, proved: ProvedIdentity) -> frozenset[str]:
        """Add this proof to the account's. Returns the professions proved before it."""
        before = self.proofs.of(account.id)
        # An account made before proofs were recorded has none: its present identity is its first proof.
        if not has_proof(before, account.identity):
            self.enrolled(account)
            before = self.proofs.of(account.id)
        self.proofs.record(account.id, proved)
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
        # A person with two professions alternates between two cards (facts/cps §3). Both professions were told when
        # first proved: a change back to a known one is no news.
        fields -= {"profession", "specialities"} if "profession" in fields else set()
    if not fields:
        return None
    return IdentityChange(
        account_id=account.id, at=identity.verified_at, before=account.identity, after=identity
    )
