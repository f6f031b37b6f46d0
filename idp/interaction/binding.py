"""How the binding of an interaction to its browser changes (docs/adr/0029).

Contains its renewal at each proof and at a sign-out, and what the former binding may still do: bring the same proof
once more, or begin the login again. It opens nothing. Not here: the check itself (`store`), cookies (`web/cookies`).
"""

import hmac
from contextlib import suppress
from dataclasses import dataclass

from idp.accounts.account import AccountId
from idp.core.ephemeral import StaleRecord
from idp.core.replacing import replace
from idp.interaction.authenticator import AuthenticatorId
from idp.interaction.record import Interaction, is_same_person, opened_by, own_events, without_person
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.store import Interactions, fingerprint
from idp.interaction.visit import Visit

#: Of one proof brought several times at once: so many earlier answers may still arrive.
_MOST_CLICKS = 4


@dataclass(frozen=True, slots=True)
class Bindings:
    interactions: Interactions

    def prove(self, proved: Interaction) -> str:
        """Save what was proved, under a new binding. Returns its secret. Raises StaleRecord."""
        try:
            return self.interactions.renew(proved, former=proved.browser)
        except StaleRecord:
            # A double click: both requests brought the same proof, and either answer may be lost.
            known = self.interactions.reread(proved.id)
            if not _is_repeated(proved, known):
                raise
            also = opened_by(known)[:_MOST_CLICKS]
            return self.interactions.renew(known, former=known.former, also=also)

    def open_to_repeat(
        self, interaction_id: str, visit: Visit, authenticator: AuthenticatorId
    ) -> Interaction:
        """Returns the live interaction of this browser. Raises InteractionRefused.

        To the former binding it is as it was before its last proof, if that was by this authenticator: the same person
        may prove the same once more (`prove`), and nothing else comes of it.
        """
        try:
            return self.interactions.open(interaction_id, visit.binding(interaction_id), visit.now)
        except InteractionRefused as refused:
            if refused.reason is not InteractionRefusal.WENT_ON:
                raise
            known = self.interactions.reread(interaction_id)
            if visit.now >= known.expires_at or last_authenticator(known) != authenticator:
                raise
            before = before_last_event(known)
            return replace(
                before, browser=known.former or "", also=(), former=None, version=known.version - 1
            )

    def open_after(self, interaction_id: str, visit: Visit) -> Interaction:
        """Returns to the former binding what the last proof made of the interaction, for the form of that proof, which
        comes again as its answer was lost (docs/adr/0068).

        Nothing of it may be shown: once that form proved the same again, `prove` is all it is good for. Raises
        InteractionRefused.
        """
        shown, known = (
            fingerprint(visit.binding(interaction_id) or ""),
            self.interactions.reread(interaction_id),
        )
        is_former = known.former is not None and hmac.compare_digest(shown, known.former)
        if not is_former or visit.now >= known.expires_at:
            raise InteractionRefused(InteractionRefusal.WENT_ON, interaction_id=interaction_id)
        return replace(known, browser=shown, also=(), former=None, version=known.version - 1)

    def to_restart(self, interaction_id: str, visit: Visit) -> Interaction | None:
        """Returns what this browser may begin again: expired, or gone on without it. None: it may simply go on.

        Raises InteractionRefused.
        """
        try:
            self.interactions.open(interaction_id, visit.binding(interaction_id), visit.now)
        except InteractionRefused as refused:
            if refused.reason not in (InteractionRefusal.EXPIRED, InteractionRefusal.WENT_ON):
                raise
            return self.interactions.reread(interaction_id)
        return None

    def leave(self, visit: Visit, account_id: AccountId) -> dict[str, str]:
        """At a sign-out: take what this person proved out of the open interactions of the browser, and renew each
        binding. Returns the new secrets by interaction id; the others of the browser are over.
        """
        renewed: dict[str, str] = {}
        for interaction_id, secret in visit.bindings.items():
            # Over, or written by a click of this moment, which renews its binding itself.
            with suppress(InteractionRefused, StaleRecord):
                interaction = self.interactions.open(interaction_id, secret, visit.now)
                left = without_person(interaction, account_id)
                renewed[interaction_id] = self.interactions.renew(left, former=left.browser)
        return renewed


def _is_repeated(proved: Interaction, known: Interaction) -> bool:
    """Whether `known` is what this proof, of the same person, makes of what was known before it."""
    return (
        known.former == proved.browser
        and is_same_person(known, proved)
        and known.events[:-1] == proved.events[:-1]
        and last_authenticator(known) == last_authenticator(proved)
    )


def browser_of(interaction: Interaction) -> str:
    """Returns what tells its browser from others: the same for all tabs, whatever is proved in them."""
    return interaction.family or interaction.browser


def last_authenticator(interaction: Interaction) -> AuthenticatorId | None:
    """Returns what the last event of this interaction itself was by; None: nothing was proved in it."""
    own = own_events(interaction)
    return own[-1].authenticator if own and own[-1] == interaction.events[-1] else None


def before_last_event(interaction: Interaction) -> Interaction:
    """Returns what was known before the last event, and nothing that was typed since."""
    events = interaction.events[:-1]
    return replace(
        interaction,
        events=events,
        account_id=interaction.account_id if events else None,
        identity=None,
        enrolment=None,
        enrolment_draft={},
        upstream_id_token=interaction.upstream_id_token if events else None,
    )
