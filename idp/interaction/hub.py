"""Contains the hub: where an interaction begins, where every page of it returns to, and the port by which it ends.

Whatever starts a login implements `Finish`, for what only it can say: whom it is for, and what success and failure are.
Not here: HTTP (`web/hub`), which page is due (`next_stop`), how a relying party is answered (`protocol/authorization`).
"""

import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from idp.accounts.account import Account
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.core.ephemeral import StaleRecord
from idp.interaction.assurance import Assurance, assurance_of
from idp.interaction.next_stop import Itinerary
from idp.interaction.record import Interaction, counting_events, without_session
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.session import Session, is_session_valid, living_events
from idp.interaction.stop import Stop
from idp.interaction.store import Interactions, Sessions, account_of, hub_path

Answer_co = TypeVar("Answer_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Visit:
    """What a browser brought, and when."""

    browser: str | None
    #: The cookie of its SSO session.
    session: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class GoTo:
    """A page of ours comes next, or the hub once more."""

    path: str


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is due. The interaction is used up; the gate is still to pass."""

    interaction: Interaction
    account: Account
    assurance: Assurance


class Failure(StrEnum):
    #: A page is due, and the request allows none (`prompt=none`).
    PAGE_NEEDED = "page_needed"
    #: The person left, or would not accept.
    REFUSED = "refused"
    #: No page is due and nobody is proved: the account was disabled meanwhile.
    NOBODY = "nobody"
    #: Out of order for a moment, and the request allows no page that says so.
    NOT_NOW = "not_now"


@dataclass(frozen=True, slots=True)
class Failed:
    interaction: Interaction
    reason: Failure
    #: The page, of PAGE_NEEDED.
    stop: Stop | None = None


Outcome = GoTo | Done | Failed


class Finish(Protocol[Answer_co]):
    """How the logins that one way started end. `Answer_co`: what that way gives the browser."""

    @property
    def name(self) -> str:
        """What the interactions that it ends are marked with."""

    def is_expected(self, interaction: Interaction, account: Account) -> bool:
        """Whether the login is for this person; True where it is for anybody."""

    def require_ready(self, interaction: Interaction) -> None:
        """Asked before the interaction is used up. Raises InteractionRefused: not now, and nothing is lost."""

    def success(self, done: Done) -> Answer_co: ...

    def failure(self, failed: Failed) -> Answer_co: ...

    def restart(self, expired: Interaction) -> Answer_co:
        """« Reprendre la connexion »: the same login, from its beginning."""


Finishes = Mapping[str, Finish[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    interactions: Interactions
    sessions: Sessions
    accounts: AccountRepository
    itinerary: Itinerary

    def begin(self, new: Interaction, visit: Visit, finish: Finish[Any]) -> Outcome:
        """A new interaction, kept only if a page is due. Raises InteractionRefused."""
        marked = dataclasses.replace(new, started_by=finish.name)
        interaction = self._seeded(marked, visit, finish)
        try:
            stop = self._stop(interaction, visit, finish)
        except InteractionRefused:
            if not interaction.silent:
                raise
            # Where no page may be shown, the one who asked hears what the page would say.
            return Failed(interaction, Failure.NOT_NOW)
        if stop is None:
            return self._ended(interaction)
        if interaction.silent:
            return Failed(interaction, Failure.PAGE_NEEDED, stop)
        self.interactions.begin(interaction)
        return GoTo(hub_path(interaction.id))

    def go_on(self, interaction_id: str, visit: Visit, finishes: Finishes) -> Outcome:
        """What comes next, computed from facts at each return. Raises InteractionRefused."""
        opened = self.interactions.open(interaction_id, visit.browser, visit.now)
        finish = finishes[opened.started_by]
        try:
            interaction = self._with_current_session(opened, visit)
        except StaleRecord:  # Another click was faster: look again.
            return GoTo(hub_path(interaction_id))
        stop = None if interaction.refusal else self._stop(interaction, visit, finish)
        if stop is not None:
            return GoTo(f"{hub_path(interaction_id)}/{stop}")
        # Taken before anything is issued: of two tabs that come here, one ends the interaction.
        taken = self.interactions.take(interaction_id)
        if taken is None:
            raise InteractionRefused(InteractionRefusal.FINISHED, client_id=interaction.client_id)
        if taken.refusal:
            return Failed(taken, Failure.REFUSED)
        if self._stop(taken, visit, finish) is not None:
            # A parallel click changed the facts between reading and taking: they are due again.
            self.interactions.begin(taken)
            return GoTo(hub_path(interaction_id))
        return self._ended(taken)

    def _seeded(self, interaction: Interaction, visit: Visit, finish: Finish[Any]) -> Interaction:
        """SSO, step-up, max_age and prompt=login are not branches: they only change which events count."""
        session = self.sessions.open(visit.session, visit.now)
        if session is None or visit.session is None:
            return interaction
        if not self._is_valid(session, interaction, visit, finish):
            return interaction
        if not interaction.silent:  # An application that polls with prompt=none is not the person's visit.
            with suppress(StaleRecord):  # Another tab wrote it just now, or signed out: the end checks again.
                self.sessions.touch(session, visit.session, visit.now)
        return dataclasses.replace(
            interaction,
            events=living_events(session.events, visit.now, self.sessions.life),
            account_id=session.account_id,
            sid=session.sid,
            upstream_id_token=session.upstream_id_token,
        )

    def _is_valid(
        self, session: Session, interaction: Interaction, visit: Visit, finish: Finish[Any]
    ) -> bool:
        """Alive, and of the person that the login is for."""
        try:
            account = self.accounts.get(session.account_id)
        except AccountNotFound:
            return False
        # Another person's session seeds nothing: the pages ask for the one who is meant, and the end compares again.
        if not finish.is_expected(interaction, account):
            return False
        return is_session_valid(session, account, visit.now, self.sessions.life, self.sessions.idle)

    def _with_current_session(self, interaction: Interaction, visit: Visit) -> Interaction:
        """Signed out in another tab: what the ended session had proved is taken back, and asked again."""
        if interaction.sid is None:
            return interaction
        session = self.sessions.open(visit.session, visit.now)
        if session is not None and session.sid == interaction.sid:
            return interaction
        return self.interactions.save(without_session(interaction))

    def _stop(self, interaction: Interaction, visit: Visit, finish: Finish[Any]) -> Stop | None:
        account = account_of(interaction, self.accounts)
        if account is not None and not account.may_sign_in:
            return None  # The end refuses, and tells the one who asked.
        stop = self.itinerary.next_stop(interaction, account, visit.now)
        if stop is None:
            finish.require_ready(interaction)
        return stop

    def _ended(self, interaction: Interaction) -> Done | Failed:
        account = account_of(interaction, self.accounts)
        # By doors still open to this client only: what a closed one proved is not told either (`Itinerary.paths`).
        assurance = assurance_of(counting_events(interaction), self.itinerary.paths(interaction, account))
        if account is None or assurance is None:
            return Failed(interaction, Failure.NOBODY)
        return Done(interaction, account, assurance)
