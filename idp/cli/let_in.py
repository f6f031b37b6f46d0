"""Contains what keeps a person out of a relying party at a sign-in by one door: account, charters, doors.

Every verdict is that of the gate and of the table of doors: here they get names and cures. Not here: single claims
(`explain/withheld`), where clients.yaml says so (`explain/claims`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.accounts.account import Account
from idp.accounts.activation import is_identity_old
from idp.accounts.charter import HOUSE
from idp.accounts.standing import Standing
from idp.clients.registry import Client
from idp.interaction.assurance import EARNED, RANK
from idp.interaction.authenticator import AUTHENTICATORS, DOORS, Acr, Doors, Path, Paths, usable_paths
from idp.interaction.gate import Gate, MayNotIssue

_OPENED_BY = {
    "psc": "PSC_ENVIRONMENT",
    "cps": "CARD_TRUST_DIRECTORY",
    "passkey": "PASSKEYS",
    "password": "PASSWORD_DOOR",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """`by`: scope, registration, door, charter, account, setting or person. `member`: of clients.yaml, "" for none.
    `setting`: the name in the environment, "" for none."""

    by: str
    wrong: str
    change: str
    member: str = ""
    setting: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entering:
    """A sign-in of this person at this client by this door, with nothing left from before.

    `doors`: of this service. `identity_life`: how long a proof of identity lets passwords and passkeys in.
    """

    doors: Doors
    identity_life: timedelta
    now: datetime
    client: Client
    standing: Standing
    door: str

    @property
    def account(self) -> Account:
        return self.standing.account

    @property
    def path(self) -> Path:
        """Returns the strongest way through this door that is open; where none is, the one that earns the least."""
        return (self._open or _paths_of(self.door)[-1:])[0]

    @property
    def acr(self) -> Acr:
        return EARNED[self.path]

    def reasons(self) -> tuple[Reason, ...]:
        """Returns what keeps the person out; nothing: they come in."""
        return (*self._at_gate(), *self._at_door())

    @property
    def _open(self) -> Paths:
        doors = self.doors.usable(self.client.client_id, self.account)
        return usable_paths(doors, _paths_of(self.door))

    def _at_gate(self) -> Iterator[Reason]:
        gate, generation = Gate(self.doors), self.account.generation
        for against in gate.against(self.standing, self.client, acr=self.acr, generation=generation):
            if against is MayNotIssue.CHARTER_DUE:
                yield from self._charters()
            elif against is MayNotIssue.ACR_TOO_LOW:
                yield self._too_low()
            elif against in _OF_ACCOUNT:
                yield _OF_ACCOUNT[against]

    def _too_low(self) -> Reason:
        least = self.client.minimum_acr
        enough = [
            door for door in DOORS if any(RANK[EARNED[path]] >= RANK[least] for path in _paths_of(door))
        ]
        return Reason(
            by="door",
            wrong=f"this door gives {self.acr}, and `minimum_acr` demands {least}",
            change=f"a sign-in by {' or '.join(enough)}, or a lower `minimum_acr`",
            member="minimum_acr",
        )

    def _charters(self) -> Iterator[Reason]:
        missing = self.standing.unpublished
        for name in dict.fromkeys((*self.standing.due, *((missing,) if missing else ()))):
            is_house = name == HOUSE
            whose = "this service" if is_house else f"the client: `{name}`"
            wrong = "no revision was ever published" if name == missing else "the revision in force is due"
            publish = "`idp charter publish`" + ("" if is_house else f" with `--charter {name}`")
            yield Reason(
                by="charter",
                wrong=f"charter of {whose}: {wrong}",
                change=publish if name == missing else "the person accepts it at the next sign-in",
                member="" if is_house else "charters",
            )

    def _at_door(self) -> Iterator[Reason]:
        reasons = [reason for reason, holds in self._door_reasons() if holds]
        yield from reasons
        if not self._open and not reasons:
            yield Reason(
                by="door",
                wrong="no way through this door is open to this person",
                change="another door (`--door`)",
            )

    def _door_reasons(self) -> Iterator[tuple[Reason, bool]]:
        account, door = self.account, self.door
        is_password, is_passkey = door == "password", self.acr is Acr.PASSKEY
        house = [AUTHENTICATORS[one].door for one in self.doors.opened]
        is_old = is_identity_old(account, self.now, self.identity_life)
        setting = _OPENED_BY[door]
        yield (
            Reason(
                by="setting",
                wrong=f"the door {door} is closed in this service",
                change="open it by its settings",
                setting=setting,
            ),
            door not in house,
        )
        yield (
            Reason(
                by="door",
                wrong=f"`authenticators` leaves out {door}",
                change=f"add `{door}` to `authenticators`",
                member="authenticators",
            ),
            door not in self.client.authenticators,
        )
        yield _NO_PASSWORD, is_password and not account.has_password
        yield _PASSWORD_CLOSED, is_password and account.password_closure is not None
        yield _MAILBOX_SHARED, is_password and account.is_closed_by_sharing
        yield _NO_PASSKEY, is_passkey and not account.has_passkey
        yield _IDENTITY_OLD, (is_password or is_passkey) and is_old


def _paths_of(door: str) -> Paths:
    """Returns the ways that begin at this door, the strongest first, without those of an emergency."""
    return tuple(
        path
        for path in EARNED
        if AUTHENTICATORS[path[0]].door == door and not AUTHENTICATORS[path[-1]].is_bypass
    )


_OF_ACCOUNT: Mapping[MayNotIssue, Reason] = {
    MayNotIssue.DISABLED: Reason(
        by="account", wrong="the account is disabled", change="`idp accounts enable`, after asking why it was"
    ),
    MayNotIssue.CLOSING: Reason(
        by="account",
        wrong="the person closed the account: it is about to be erased",
        change="the person signs in by card or Pro Santé Connect, and keeps it",
    ),
}
_NO_PASSWORD = Reason(
    by="account",
    wrong="no password was ever chosen",
    change="the person chooses one in « Mon compte », or `idp accounts activate` gives a code",
)
_PASSWORD_CLOSED = Reason(
    by="account",
    wrong="the password was closed by « ce n'était pas moi »",
    change="the person signs in by card or Pro Santé Connect, and chooses another",
)
_MAILBOX_SHARED = Reason(
    by="account",
    wrong="the mailbox is that of another account too: a code sent there opens nothing",
    change="the person adds a passkey, or another address",
)
_NO_PASSKEY = Reason(
    by="account",
    wrong="the person has no passkey, which this way needs",
    change="the person adds one in « Mon compte », after a sign-in by card or Pro Santé Connect",
)
_IDENTITY_OLD = Reason(
    by="account",
    wrong="the identity was proved too long ago for a password or a passkey",
    change="the person signs in by card or Pro Santé Connect once",
    setting="ACCOUNT_IDENTITY_PROVED_EVERY",
)
