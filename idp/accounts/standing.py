"""What a decision about one person needs, read at one instant: the account, what it has still to accept, and what
Pro Santé Connect said if the relying party may hear it.

Contains the port by which each request reads it, once. Not here: the texts of the charters (`charter`), the decision
(`interaction/gate`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from idp.accounts.account import Account, AccountId
from idp.accounts.grants import Grant
from idp.accounts.refresh import RefreshToken


@dataclass(frozen=True, slots=True)
class Told:
    """What Pro Santé Connect said of a person at the latest identification (`UpstreamLink.claims`). `chosen_key`: of
    the professional context that the person chose for the relying party."""

    claims: Mapping[str, object]
    chosen_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`due`: names of the charters of which neither the revision in force nor an announced one was accepted, in the
    order to ask: this service's, then those demanded. `announced`: of those whose revision in force was, and the
    announced one not yet. `unpublished`: the first of these charters that has no revision at all, or None. `told`: None
    when it was not asked for, or Pro Santé Connect never identified the person."""

    account: Account
    due: tuple[str, ...]
    announced: tuple[str, ...] = ()
    unpublished: str | None = None
    told: Told | None = None

    @property
    def is_any_charter_due(self) -> bool:
        """Also one that nobody can have accepted, since it was never published; not one that is only announced."""
        return bool(self.due) or self.unpublished is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A grant, and where its person stands. `refresh_token`: the one in force, where it was asked for and is."""

    grant: Grant
    standing: Standing
    refresh_token: RefreshToken | None = None

    @property
    def told(self) -> Told | None:
        return self.standing.told


class Standings(Protocol):
    """`demanded`: names of the charters that the relying party demands beside this service's own. `told_to`: the
    `client_id` of one that asks for what Pro Santé Connect said."""

    def of(self, account_id: AccountId, demanded: tuple[str, ...], *, told_to: str | None = None) -> Standing:
        """Raises AccountNotFound."""

    def of_grant(
        self, grant_id: str, demanded: tuple[str, ...], *, told_to: str | None = None
    ) -> Granted | None:
        """Returns the grant of this id with its account, or None."""

    def of_refresh_token(self, grant_id: str, demanded: tuple[str, ...]) -> Granted | None:
        """Returns the same with the refresh token in force; None when there is none."""
