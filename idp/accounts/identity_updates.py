"""An identity proved again, by card or by Pro Santé Connect.

Contains the one way in which an account takes a newer proof: fields refreshed, history kept, the person told. Every
flow that proves an identity calls it. Not here: comparing two proofs (see `identity_change`), mail.
"""

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from idp.accounts.account import Account, ProvedIdentity
from idp.accounts.identity_change import IdentityChange, changed_fields, merged
from idp.accounts.notices import Notice, Notices
from idp.accounts.proofs import Proofs, has_proof, professions
from idp.accounts.repository import AccountRepository, StaleAccount
from idp.core.audit import Audit, AuditEvent
from idp.core.unit_of_work import UnitOfWork

#: Another login of the same person may save in between. After this many times in a row something else is wrong.
_TRIES = 3


def _nothing() -> None:
    """Nothing more is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Update:
    """`proofs`: to record; `is_new`: the last of them was not known. `notice`: posts the mail, if there is one."""

    account: Account
    change: IdentityChange | None
    proofs: tuple[ProvedIdentity, ...]
    is_new: bool
    notice: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityUpdates:
    work: UnitOfWork
    accounts: AccountRepository
    notices: Notices
    audit: Audit
    proofs: Proofs

    def enrolled(self, account: Account) -> None:
        """Record the first proof, with the present unit of work: the one the account was created from."""
        self.proofs.record(account.id, account.identity)

    def apply(self, account: Account, proved: ProvedIdentity, also: Callable[[], None] = _nothing) -> None:
        """Save the account with the newest proof, its history, audit events and notice, together with what `also`
        writes. `proved.rpps` is the account's own. Raises what the repository and `also` raise.
        """
        for _ in range(_TRIES):
            update = self._prepared(account, proved)
            with suppress(StaleAccount), self.work.as_one_step():
                self.accounts.save(update.account, change=update.change)
                self._record(update)
                also()
                return
            account = self.accounts.get(account.id)
        # Other logins refreshed the account at every try: theirs is as new as this proof, so this login goes on.
        update = dataclasses.replace(self._prepared(account, proved), change=None)
        with self.work.as_one_step():
            self._record(update)
            also()

    def _prepared(self, account: Account, proved: ProvedIdentity) -> _Update:
        before = self.proofs.of(account.id)
        # An account made before proofs were recorded has none: its present identity is its first proof.
        first = () if has_proof(before, account.identity) else (account.identity,)
        known = (*before, *first)
        identity = merged(account.identity, proved)
        change = _change(account, identity, professions(known))
        is_told = change is not None and change.is_told
        return _Update(
            account=dataclasses.replace(account, identity=identity),
            change=change,
            proofs=(*first, proved),
            is_new=not has_proof(known, proved),
            notice=self.notices.written(account, Notice.IDENTITY_CHANGED) if is_told else _nothing,
        )

    def _record(self, update: _Update) -> None:
        account, proved = update.account, update.proofs[-1]
        for proof in update.proofs:
            self.proofs.record(account.id, proof)
        if update.is_new:
            profession = proved.profession.code if proved.profession else ""
            self.audit.record(
                AuditEvent.PROOF_ADDED, account_id=account.id, source=proved.source, profession=profession
            )
        change = update.change
        if change is not None:
            self.audit.record(
                AuditEvent.IDENTITY_CHANGED,
                account_id=account.id,
                source=proved.source,
                fields=" ".join(change.fields),
            )
            update.notice()


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
