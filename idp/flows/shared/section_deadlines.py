"""Until when a form of « Mon compte » waits: the end of the session, or of the proof that the form was shown for.

Contains what its page says of it (WCAG 2.2.1), and what gives more time. Not here: giving it (`account/more_time`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from werkzeug.wrappers import Request

from idp.flows.shared.signed_in import SignedIn
from idp.interaction.authenticator import AUTHENTICATORS
from idp.interaction.session import Session
from idp.pages.frame import Deadline
from idp.web.local_time import local_hour

_PROOFS = frozenset(row.id for row in AUTHENTICATORS.values() if row.identifies)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionDeadlines:
    signed_in: SignedIn
    #: How long a proof by card or Pro Santé Connect is fresh.
    within: timedelta
    #: This service has a door that proves who a person is.
    may_prove: bool

    @property
    def minutes(self) -> int:
        """Returns `within`, for the words of a page."""
        return int(self.within.total_seconds() // 60)

    def proved_until(self, session: Session) -> datetime | None:
        """Returns when the last proof of who the person is was, or will be, fresh no more; None: there is none, or its
        moment was not told."""
        proofs = [e for e in session.events if e.authenticator in _PROOFS and e.is_moment_told]
        return max(event.at for event in proofs) + self.within if proofs else None

    def of(self, request: Request, session: Session, locale: str, *, for_proof: bool) -> Deadline:
        """`for_proof`: the form was shown since a proof was fresh, and is refused without one."""
        end, by_proof = self._end(request, session, for_proof=for_proof)
        left = end - self.signed_in.now(request)
        return Deadline(
            time=local_hour(end, locale),
            seconds=max(int(left.total_seconds()), 0),
            may_prolong=self.may_prove or not by_proof,
            by_proof=by_proof,
            leaves=by_proof or self.signed_in.is_station_shared(request),
        )

    def is_by_proof(self, request: Request, session: Session, *, for_proof: bool) -> bool:
        """Whether only a fresh proof gives more time."""
        return self._end(request, session, for_proof=for_proof)[1]

    def _end(self, request: Request, session: Session, *, for_proof: bool) -> tuple[datetime, bool]:
        proved_until = self.proved_until(session) if for_proof else None
        end = self.signed_in.ends_at(request, session)
        if proved_until is not None and proved_until <= end:
            return proved_until, True
        return end, self.signed_in.is_at_its_longest(request, session)
