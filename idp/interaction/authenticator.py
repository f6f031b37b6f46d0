"""The doors a person may come in by, and the duties before the code: what `next_stop` asks of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from idp.accounts.account import Account
from idp.interaction.assurance import Paths
from idp.interaction.record import AuthenticatorId, Interaction


class Authenticator(Protocol):
    @property
    def id(self) -> AuthenticatorId: ...

    @property
    def is_open(self) -> bool:
        """False when the operator closed this door globally."""

    def usable(self, client_id: str, account: Account | None) -> bool:
        """False when the operator closed this door, globally or for this client."""


class RequiredAction(Protocol):
    @property
    def name(self) -> str:
        """The value of its Stop."""

    def due(self, account: Account, interaction: Interaction, now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An authenticator that the operator opens globally and each client may close for itself."""

    id: AuthenticatorId
    is_open: bool
    #: What this client's configuration allows: names of doors.
    allowed_for: Callable[[str], frozenset[str]]
    #: The name under which configuration speaks of it: the mail code goes with the password.
    door: str

    def usable(self, client_id: str, account: Account | None) -> bool:
        return self.is_open and self.door in self.allowed_for(client_id)


def usable_paths(
    authenticators: Sequence[Authenticator],
    client_id: str,
    account: Account | None,
    paths: Iterable[tuple[AuthenticatorId, ...]],
) -> Paths:
    """Of `paths`, those whose every door is open to this client."""
    usable = {door.id for door in authenticators if door.usable(client_id, account)}
    return tuple(path for path in paths if usable.issuperset(path))
