"""Contains the hub: where an interaction begins, where each of its pages returns to, and the port by which it ends.

Each way to start a login implements `Finish`, for what only it knows: whom the login is for, what success and failure
do. Not here: HTTP (`web/hub`), which page is due (`next_stop`), how a relying party is answered
(`protocol/authorization`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from idp.accounts.account import Account
from idp.accounts.standing import Standing
from idp.core.ephemeral import Limited, StaleRecord
from idp.core.measures import STOPS
from idp.core.replacing import replace
from idp.interaction.assurance import Assurance, assurance_of
from idp.interaction.counting import counting_events
from idp.interaction.lending import Lending
from idp.interaction.next_stop import Itinerary
from idp.interaction.people import People
from idp.interaction.record import Interaction
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.session import Session
from idp.interaction.stop import Stop
from idp.interaction.store import Interactions, hub_path
from idp.interaction.visit import Visit

#: What the browser sent, and what it is answered: matters of HTTP.
Asked_contra = TypeVar("Asked_contra", contravariant=True)
Answer_co = TypeVar("Answer_co", covariant=True)


@dataclass(frozen=True, slots=True)
class GoTo:
    """The browser goes to a page of ours, or to the hub once more."""

    path: str
    #: The new binding of the interaction, if it was renewed: a secret for this browser.
    binding: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """No page is due. The interaction is used up; the login has still to pass the gate."""

    interaction: Interaction
    standing: Standing
    assurance: Assurance
    #: The session that gave it events in this very request. None: that of the browser is still to be found.
    session: Session | None = None

    @property
    def account(self) -> Account:
        return self.standing.account


class Failure(StrEnum):
    #: A page is due, and the request allows none (`prompt=none`).
    PAGE_NEEDED = "page_needed"
    #: The person cancelled, or refused a charter.
    REFUSED = "refused"
    #: No page is due and no person is proved: the account was disabled meanwhile.
    NOBODY = "nobody"
    #: The login is for a person who has an account, and the one proved has none.
    OTHER_PERSON = "other_person"
    #: The sign-in is out of order for a moment, and the request allows no page that says so.
    NOT_NOW = "not_now"


@dataclass(frozen=True, slots=True)
class Failed:
    interaction: Interaction
    reason: Failure
    #: For PAGE_NEEDED: the page.
    stop: Stop | None = None


Outcome = GoTo | Done | Failed

#: The pages after the proof of a person.
_FOR_WHOM_IT_IS = frozenset(
    {
        Stop.FIRST_CONNECTION,
        Stop.ENROLMENT,
        Stop.CLOSING,
        Stop.CHARTER,
        Stop.PASSWORD_CLOSED,
        Stop.PASSWORD_RENEWAL,
        Stop.EMAIL_AGAIN,
        Stop.PROFESSIONAL_CONTEXT,
    }
)


class Finish(Protocol[Asked_contra, Answer_co]):
    """How logins end that were started in one way."""

    @property
    def name(self) -> str:
        """The mark of the interactions that it ends."""

    def is_expected(self, interaction: Interaction, account: Account) -> bool:
        """Whether the login is for this person; True where it is for any person."""

    def require_ready(self, interaction: Interaction) -> None:
        """Called before the interaction is used up.

        Raises InteractionRefused: not possible now, and nothing is lost.
        """

    def success(self, asked: Asked_contra, done: Done) -> Answer_co: ...

    def failure(self, asked: Asked_contra, failed: Failed) -> Answer_co: ...

    def restart(self, asked: Asked_contra, expired: Interaction) -> Answer_co:
        """« Reprendre la connexion »: begin the same login anew."""


#: Asked for before an interaction is stored: the share of the network that it comes from.
ShareOf = Callable[[], Limited]
Finishes = Mapping[str, Finish[Asked_contra, Answer_co]]


def finish_of(
    interaction: Interaction, finishes: Finishes[Asked_contra, Answer_co]
) -> Finish[Asked_contra, Answer_co]:
    """Returns how this interaction ends. Raises InteractionRefused: no way to start of this node has its mark."""
    finish = finishes.get(interaction.started_by)
    if finish is None:
        raise InteractionRefused(InteractionRefusal.UNKNOWN, client_id=interaction.client_id)
    return finish


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    interactions: Interactions
    lending: Lending
    people: People
    itinerary: Itinerary

    def begin(self, new: Interaction, visit: Visit, finish: Finish[Any, Any], share_of: ShareOf) -> Outcome:
        """Begin an interaction, which is stored only if a page is due. Raises InteractionRefused."""
        marked = new if new.started_by == finish.name else replace(new, started_by=finish.name)
        interaction, session = self.lending.seeded(marked, visit, finish.is_expected)
        try:
            stop = self._stop(interaction, visit, finish)
        except InteractionRefused:
            if not interaction.silent:
                raise
            # Core §3.1.2.1: under prompt=none no page may be shown: the relying party is told instead.
            return Failed(interaction, Failure.NOT_NOW)
        if stop is None:
            return self._ended(interaction, session)
        if interaction.silent:
            return Failed(interaction, Failure.PAGE_NEEDED, stop)
        if not self.interactions.begin_within(share_of(), interaction):
            raise InteractionRefused(InteractionRefusal.CROWDED, client_id=interaction.client_id)
        STOPS.of(stop).add()
        return GoTo(_page_path(interaction.id, stop))

    def go_on(self, interaction_id: str, visit: Visit, finishes: Finishes[Any, Any]) -> Outcome:
        """Returns what comes next, computed from facts at each return. Raises InteractionRefused."""
        opened = self.interactions.open(interaction_id, visit.binding(interaction_id), visit.now)
        finish = finish_of(opened, finishes)
        interaction = self.lending.present(opened, visit, finish.is_expected)
        stop = None if interaction.refusal else self._stop(interaction, visit, finish)
        try:
            binding = self._saved(opened, interaction)
        except StaleRecord:  # Another tab or click saved first: the hub reads again.
            return GoTo(hub_path(interaction_id))
        if stop is not None:
            STOPS.of(stop).add()
            return GoTo(_page_path(interaction_id, stop), binding)
        # Taken before anything is issued (atomic): of two tabs that come here, only one ends the interaction.
        taken = self.interactions.take(interaction_id)
        if taken is None:
            raise InteractionRefused(InteractionRefusal.FINISHED, client_id=interaction.client_id)
        if taken.refusal:
            return Failed(taken, Failure.REFUSED)
        if self._is_due_again(taken, visit, finish):
            # A parallel click changed the facts between reading and taking.
            self.interactions.begin(taken)
            return GoTo(hub_path(interaction_id), binding)
        return self._ended(taken)

    def is_overtaken(self, interaction: Interaction, visit: Visit, finishes: Finishes[Any, Any]) -> bool:
        """Whether a sign-in or sign-out in another tab changes what it knows (`go_on`). Raises InteractionRefused."""
        is_expected = finish_of(interaction, finishes).is_expected
        return self.lending.present(interaction, visit, is_expected) is not interaction

    def _saved(self, opened: Interaction, interaction: Interaction) -> str | None:
        """Save what changed. Returns the new binding if events were added: whoever copied the one before gets none of
        them (docs/adr/0029). Raises StaleRecord.
        """
        if interaction is opened:
            return None
        if interaction.sid is not None:
            return self.interactions.renew(interaction, former=opened.browser)
        self.interactions.save(interaction)
        return None

    def _is_due_again(self, taken: Interaction, visit: Visit, finish: Finish[Any, Any]) -> bool:
        """Whether a page is due for what was taken. Raises InteractionRefused, and puts it back: nothing is lost."""
        try:
            return self._stop(taken, visit, finish) is not None
        except InteractionRefused:
            self.interactions.begin(taken)
            raise

    def _stop(self, interaction: Interaction, visit: Visit, finish: Finish[Any, Any]) -> Stop | None:
        standing = self.people.of(interaction)
        if standing is not None and not standing.account.may_sign_in:
            return None  # No page helps: `_ended` or the gate refuses, and the relying party is told.
        stop = self.itinerary.next_stop(
            interaction, standing, visit.now, is_station_shared=visit.is_station_shared
        )
        if stop in _FOR_WHOM_IT_IS and _is_of_another(interaction, standing, finish):
            return None  # Nothing is asked of a person whom the login is not for: its end tells them.
        if stop is None:
            finish.require_ready(interaction)
        return stop

    def _ended(self, interaction: Interaction, session: Session | None = None) -> Done | Failed:
        standing = self.people.of(interaction)
        if standing is None and _is_stranger(interaction):
            return Failed(interaction, Failure.OTHER_PERSON)
        # Only paths by doors still open to this client: what a closed door proved is not told either.
        account = standing.account if standing is not None else None
        assurance = assurance_of(counting_events(interaction), self.itinerary.paths(interaction, account))
        if standing is None or assurance is None:
            return Failed(interaction, Failure.NOBODY)
        return Done(interaction=interaction, standing=standing, assurance=assurance, session=session)


def _is_of_another(interaction: Interaction, standing: Standing | None, finish: Finish[Any, Any]) -> bool:
    if standing is None:
        return _is_stranger(interaction)
    return not finish.is_expected(interaction, standing.account)


def _is_stranger(interaction: Interaction) -> bool:
    """Whether a person without an account was proved, where the login is for one who has."""
    return interaction.identity is not None and interaction.subject is not None


def _page_path(interaction_id: str, stop: Stop) -> str:
    """Returns the address of a page, which looks itself whether it is due when it is asked for."""
    return f"{hub_path(interaction_id)}/{stop}"
