"""Contains what a use of a passkey leaves: its counter and date, audit events, a warning. Not here: the verdict."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from idp.accounts.notices import Notice, Notices
from idp.accounts.passkeys import Owned, Passkeys, PasskeyUse, went_back
from idp.core.audit import AuditEvent, Fact
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.desk import Desk
from idp.interaction.record import Interaction


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyUses:
    desk: Desk
    work: UnitOfWork
    passkeys: Passkeys
    notices: Notices
    clock: Clock

    def accept(self, proved: Interaction, owned: Owned, use: PasskeyUse) -> None:
        """Write it down, together. `proved`: the interaction with this proof. Raises PasskeyGone: the person removed it
        meanwhile."""
        passkey = owned.passkey
        warn = self._warning(proved, owned, use) if went_back(passkey, use) else None
        with self.work.together():
            self.passkeys.used(passkey, use, self.clock.now())
            self.desk.audit_event(AuditEvent.PASSKEY_ACCEPTED, proved, passkey=passkey.id)
            if warn is not None:
                warn()

    def tell_copied(self, interaction: Interaction, owned: Owned, use: PasskeyUse) -> None:
        """Tell the person and the operator of a passkey that is refused for its counter; nothing of it is kept, so that
        it is refused again."""
        of_owner = dataclasses.replace(interaction, account_id=owned.account.id)
        warn = self._warning(of_owner, owned, use, Notice.PASSKEY_COPIED)
        with self.work.together():
            warn()

    def _warning(
        self, proved: Interaction, owned: Owned, use: PasskeyUse, notice: Notice = Notice.PASSKEY_COUNTER
    ) -> Callable[[], None]:
        """Returns what tells the person and the operator that there may be a copy of the passkey (WebAuthn §6.1.1)."""
        passkey, account = owned
        post = self.notices.written(account, notice)
        facts: dict[str, Fact] = {"passkey": passkey.id, "known": passkey.sign_count, "told": use.sign_count}

        def warn() -> None:
            self.desk.audit_event(AuditEvent.PASSKEY_COUNTER_ODD, proved, "", **facts)
            post()

        return warn
