"""What the SSO session of a browser gives an interaction, at its start or later, and takes again.

Contains the one place where an interaction gets events of a session. Not here: what is due then (`next_stop`), the
records (`record`, `session`), the end of a login (`sign_in`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from idp.accounts.account import Account
from idp.interaction.counting import takes_later_proofs
from idp.interaction.people import People
from idp.interaction.record import Interaction, without_session
from idp.interaction.session import Session, has_news_for, is_session_valid, lend
from idp.interaction.sessions import Sessions
from idp.interaction.visit import Visit

#: Whether a login is for this person (`Finish.is_expected`).
IsExpected = Callable[[Interaction, Account], bool]


@dataclass(frozen=True, slots=True)
class Lending:
    sessions: Sessions
    people: People

    def seeded(
        self, new: Interaction, visit: Visit, is_expected: IsExpected
    ) -> tuple[Interaction, Session | None]:
        """Returns a new interaction with the events of this browser's session, and that; None: it gave none."""
        session = self._session(visit)
        seeded = self._lent(new, session, visit, is_expected)
        return seeded, None if seeded is new else session

    def present(self, interaction: Interaction, visit: Visit, is_expected: IsExpected) -> Interaction:
        """Returns the interaction without the events of a session that ended meanwhile, and with those of the session
        that another tab began, if the request allows them. Itself when there is nothing new; not saved.
        """
        # The person signed out in another tab: what that session had proved is asked again.
        session = self._session(visit)
        own = without_session(interaction) if _is_over(interaction, session) else interaction
        # Or they signed in there: that counts here as it does for a request made now.
        is_open = own.refusal is None and takes_later_proofs(own)
        return self._lent(own, session, visit, is_expected) if is_open else own

    def leans_on_ended(self, interaction: Interaction, visit: Visit) -> bool:
        """Whether some of its events came from a session that is over."""
        return interaction.sid is not None and _is_over(interaction, self._session(visit))

    def _session(self, visit: Visit) -> Session | None:
        return self.sessions.at(shared=visit.is_station_shared).open(visit.session, visit.now)

    def _lent(
        self, interaction: Interaction, session: Session | None, visit: Visit, is_expected: IsExpected
    ) -> Interaction:
        """Returns it with the events that it lacks, if the session is valid and of the person that the login is for.

        SSO, step-up, max_age and prompt=login are no branches: they only change which events count.
        """
        if session is None or not has_news_for(session, interaction, visit.now, self.sessions.life):
            return interaction
        if not self._is_valid(session, interaction, visit, is_expected):
            return interaction
        # A relying party that polls with prompt=none is no visit of the person; nor is, on a shared station, one of
        # whoever came: it becomes one when they say that they are that person.
        if not interaction.silent and not visit.is_station_shared:
            self.sessions.touch(session, visit.session or "", visit.now)
        return lend(session, interaction, visit.now, self.sessions.life)

    def _is_valid(
        self, session: Session, interaction: Interaction, visit: Visit, is_expected: IsExpected
    ) -> bool:
        """Whether the session is alive and of the person that the login is for."""
        standing = self.people.standing(session.account_id, interaction)
        if standing is None:
            return False
        account = standing.account
        # Core §3.1.2.2: another person's session gives no events. The pages ask for the person meant; the end compares.
        if not is_expected(interaction, account):
            return False
        sessions = self.sessions.at(shared=visit.is_station_shared)
        return is_session_valid(session, account, visit.now, sessions.life, sessions.idle)


def _is_over(interaction: Interaction, session: Session | None) -> bool:
    """Whether the interaction leans on another session than the present one."""
    return interaction.sid is not None and (session is None or session.sid != interaction.sid)
