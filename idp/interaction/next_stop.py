"""The one function that names the next page.

Contains `next_stop` and, with the doors and actions of this service, the `Itinerary`. Pure: the hub calls it at every
return, so no page can be skipped (facts/security T33). Not here: the table of authenticators, the pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.accounts.account import Account
from idp.accounts.standing import Standing
from idp.interaction.assurance import EARNED, newest, paths_for
from idp.interaction.authenticator import (
    AUTHENTICATORS,
    Acr,
    AuthenticatorId,
    Doors,
    Paths,
    usable_paths,
)
from idp.interaction.counting import counting_events, is_taken_on_trust
from idp.interaction.hint import STOP_OF, hinted_door
from idp.interaction.record import Interaction
from idp.interaction.required_action import RequiredAction
from idp.interaction.stop import Stop


def next_stop(
    interaction: Interaction,
    standing: Standing | None,
    *,
    doors: Doors,
    actions: Sequence[RequiredAction],
    enrolment_sources: frozenset[str],
    is_station_shared: bool,
    now: datetime,
) -> Stop | None:
    """Returns the stop still due, or None: the login is done.

    `standing` is that of `interaction.account_id` for its client. `enrolment_sources`: "cps", and "psc" when the
    operator allows.
    `is_station_shared`: several people use the browser that asks now.
    """
    account = None if standing is None else standing.account
    paths = _satisfying(interaction, doors, account)
    stop = (
        _stop_without_account(interaction, enrolment_sources)
        if standing is None
        else _stop_of_account(interaction, standing, paths, actions, is_station_shared, now)
    )
    return _at_the_doors(interaction, paths) if stop is Stop.CHOICE else stop


def _stop_of_account(
    interaction: Interaction,
    standing: Standing,
    paths: Paths,
    actions: Sequence[RequiredAction],
    is_station_shared: bool,
    now: datetime,
) -> Stop | None:
    account = standing.account
    # docs/adr/0031: what was proved before the account voided its past opens no page in that person's name either.
    if account.has_voided(interaction.generation):
        return Stop.CHOICE
    # facts/security T12: before a page that does or shows something in the name of the person of that session.
    if is_station_shared and is_taken_on_trust(interaction):
        return Stop.SAME_PERSON
    # Core §3.1.2.1: only events that are fresh enough for this request (`prompt=login`, `max_age`).
    done = set(newest(counting_events(interaction)))
    if not any(done.issuperset(path) for path in paths):
        # A password whose door was closed since leads to no code either.
        return _next_in_path(paths, done) if account.is_password_door_open else Stop.CHOICE
    # After the authentication, in their order: an action (the charter) concerns a person who is proved.
    return next((Stop(action.name) for action in actions if action.due(standing, interaction, now)), None)


def _stop_without_account(interaction: Interaction, sources: frozenset[str]) -> Stop:
    if interaction.identity is None:
        return Stop.CHOICE
    # facts/security T1: the operator decides which proof opens an account: the card, or Pro Santé Connect as well.
    if interaction.identity.source not in sources:
        return Stop.FIRST_CONNECTION
    # The form first, then the code that proves its mailbox; only then is there an account (facts/security CP7).
    return Stop.ENROLMENT if interaction.enrolment is None else Stop.EMAIL_OTP


def _at_the_doors(interaction: Interaction, paths: Paths) -> Stop:
    """Returns the page of the door at which the relying party hints, if it is open, else the choice of doors."""
    hinted = hinted_door(interaction)
    if hinted is None or interaction.is_past_hint or hinted not in _doors(paths):
        return Stop.CHOICE
    return STOP_OF[hinted]


def _doors(paths: Paths) -> tuple[str, ...]:
    """Returns the names of the doors at which these paths begin, those of the strongest first."""
    return tuple(dict.fromkeys(AUTHENTICATORS[path[0]].door for path in paths))


def _satisfying(interaction: Interaction, doors: Doors, account: Account | None) -> Paths:
    asked = paths_for(interaction.needed, interaction.essential)
    return usable_paths(doors.usable(interaction.client_id, account), asked)


def _next_in_path(paths: Paths, done: set[AuthenticatorId]) -> Stop:
    """Returns the page that goes on with a path already begun, else the choice of doors."""
    for first, *others in paths:
        if first in done:
            return next(AUTHENTICATORS[step].stop for step in others if step not in done)
    return Stop.CHOICE


@dataclass(frozen=True, slots=True)
class Itinerary:
    """`next_stop` with the doors and required actions of this service."""

    doors: Doors
    actions: Sequence[RequiredAction]
    enrolment_sources: frozenset[str]

    def next_stop(
        self, interaction: Interaction, standing: Standing | None, now: datetime, *, is_station_shared: bool
    ) -> Stop | None:
        return next_stop(
            interaction,
            standing,
            doors=self.doors,
            actions=self.actions,
            enrolment_sources=self.enrolment_sources,
            is_station_shared=is_station_shared,
            now=now,
        )

    def paths(self, interaction: Interaction, account: Account | None = None) -> Paths:
        """Returns the paths that would satisfy this request: strong enough, and by doors open to its client and, once
        it is known who asks, to this person.

        What a closed door proved does not count, and is not told to the client either.
        """
        return _satisfying(interaction, self.doors, account)

    def ways_into(
        self, client_id: str, minimum_acr: Acr, account: Account, *, lacking: frozenset[str]
    ) -> tuple[str, ...]:
        """Returns the names of the doors by which this person gets into this client; none when they cannot.

        `lacking`: those for which the person has nothing yet.
        """
        paths = usable_paths(self.doors.usable(client_id, account), paths_for(minimum_acr, ()))
        return tuple(door for door in _doors(paths) if door not in lacking)

    def doors_open_to(self, client_id: str, needed: Acr, essential: tuple[Acr, ...] = ()) -> tuple[str, ...]:
        """Returns the names of the doors of this client that reach this acr, whoever comes."""
        return _doors(usable_paths(self.doors.usable(client_id), paths_for(needed, essential)))

    def earned(self) -> tuple[Acr, ...]:
        """Returns what the open doors earn, the least first. What a client closes for itself is not counted out."""
        opened = self.doors.opened
        return tuple(
            acr for acr in Acr if any(EARNED[path] is acr and opened.issuperset(path) for path in EARNED)
        )

    @property
    def is_anyone_identified(self) -> bool:
        """Whether this service has a door that proves who a person is: the card, or Pro Santé Connect."""
        return any(AUTHENTICATORS[one].identifies for one in self.doors.opened)
