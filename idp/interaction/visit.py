"""Contains what a browser brings to us, and when. Not here: its cookies (`web/cookies`)."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from idp.accounts.open_sessions import Origin
from idp.interaction.store import fingerprint


def _known_to_nobody(_rpps: str) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The secrets of one browser (docs/adr/0029)."""

    #: What the browser is known by, with or without a sign-in.
    browser: str | None
    #: The cookie of its SSO session.
    session: str | None
    #: Several people use it.
    is_station_shared: bool
    now: datetime
    #: The secret of each of its open interactions, by interaction id.
    bindings: Mapping[str, str] = field(default_factory=dict)
    #: Where it comes from: asked for at the end of a sign-in only.
    origin: Callable[[], Origin] = field(default=Origin, compare=False, repr=False)
    #: Whether a sign-in here tells the person of this RPPS nothing new: they had signed in with this browser, or its
    #: station was declared by the operator.
    is_usual_for: Callable[[str], bool] = field(default=_known_to_nobody, compare=False, repr=False)

    def binding(self, interaction_id: str) -> str | None:
        """Returns what opens this interaction, if it is one of this browser."""
        # An interaction of the version before is bound to the cookie `browser` until its next proof.
        return self.bindings.get(interaction_id) or self.browser

    def holds(self, binding_fingerprint: str) -> bool:
        """Whether one of the secrets has this fingerprint."""
        held = (fingerprint(secret) for secret in self.bindings.values())
        return any(hmac.compare_digest(one, binding_fingerprint) for one in held)
