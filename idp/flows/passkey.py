"""A passkey: a door of its own, and where the operator demands it, what follows the password.

Contains its page and what the answer of the browser makes of the interaction. Not here: the verdict on that answer
(`adapters/passkey_ceremonies`), adding a passkey (`passkeys`).
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.wrappers import Request, Response

from idp.accounts.passkeys import (
    Ceremonies,
    Owned,
    PasskeyGone,
    PasskeyRefusal,
    PasskeyRefused,
    Passkeys,
    PasskeyUse,
    is_copied,
)
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.flows.shared.desk import Desk
from idp.flows.shared.passkey_challenges import PasskeyChallenges
from idp.flows.shared.passkey_uses import PasskeyUses
from idp.flows.shared.replies import reply_by_get, take_reply
from idp.interaction.authenticator import AuthenticatorId, passkey_amr
from idp.interaction.binding import browser_of
from idp.interaction.hint import past_hint
from idp.interaction.record import AuthenticationEvent, Interaction, own_events, with_event
from idp.interaction.reply import Reply
from idp.interaction.stop import Stop
from idp.pages.passkeys import PasskeyPage
from idp.web.network_quota import NetworkQuota
from idp.web.page_routes import PageRoute

_STATUS = {PasskeyRefusal.NETWORK: 429, PasskeyRefusal.MALFORMED: 422, PasskeyRefusal.STALE: 409}
#: The others read alike: of a disabled account a person learns by card or Pro Santé Connect only (facts/security T24).
_TOLD = (
    PasskeyRefusal.STALE,
    PasskeyRefusal.NOT_VERIFIED,
    PasskeyRefusal.OTHER_PERSON,
    PasskeyRefusal.COPIED,
    PasskeyRefusal.IDENTITY_OLD,
    PasskeyRefusal.NETWORK,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyFlow:
    desk: Desk
    passkeys: Passkeys
    uses: PasskeyUses
    ceremonies: Ceremonies
    challenges: PasskeyChallenges
    #: Refused answers from one network.
    quota: NetworkQuota
    clock: Clock
    identity_life: timedelta  # that a proof of identity counts, at this door

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/passkey", self.show)
        yield PageRoute("POST", "/interaction/<interaction_id>/passkey", self.receive)

    def show(self, request: Request, interaction_id: str) -> Response:
        interaction = self.desk.open(request, interaction_id)
        reply = take_reply(self.desk, request, interaction, "passkey")
        if self._authenticator(request, interaction) is None:
            return self.desk.back(interaction)
        return self._page(request, interaction, reply)

    def receive(self, request: Request, interaction_id: str) -> Response:
        interaction = self.desk.open(request, interaction_id)
        answer = self.desk.form(request, interaction).get("credential", "")
        authenticator = self._authenticator(request, interaction)
        if authenticator is None:
            return self.desk.back(interaction)
        owned = None
        try:
            if self.quota.is_used_up(request, browser_of(interaction)):
                raise PasskeyRefused(PasskeyRefusal.NETWORK)
            # facts/security PK1: used up before anything is verified, as a step of its own.
            challenge = self.challenges.take(interaction.id)
            owned = self._claimed(answer)
            use = self._verified(interaction, owned, answer, challenge)
            event = AuthenticationEvent(
                authenticator=authenticator,
                amr=passkey_amr(is_synced=owned.passkey.is_synced),
                at=self.clock.now(),
            )
            proved = with_event(interaction, event, owned.account)
            self.uses.accept(proved, owned, use)
        except (PasskeyRefused, PasskeyGone) as refused:
            reason = refused.reason if isinstance(refused, PasskeyRefused) else PasskeyRefusal.UNKNOWN
            return self._refuse(request, interaction, owned, reason)
        return self.desk.prove(proved)

    def _authenticator(self, request: Request, interaction: Interaction) -> AuthenticatorId | None:
        """Returns what a passkey proves here; None: nothing, its door is closed."""
        if self._is_second(request, interaction):
            return "password_passkey"
        return "passkey" if self.desk.doors(interaction).passkey else None

    def _is_second(self, request: Request, interaction: Interaction) -> bool:
        """Whether it is due after a password: whatever is hinted, this page may be a door too."""
        return self.desk.next_stop(request, past_hint(interaction)) is Stop.PASSKEY

    def _claimed(self, answer: str) -> Owned:
        """Returns the passkey that the answer is of, with its account; nothing is verified. Raises PasskeyRefused."""
        claimed = self.ceremonies.claimed(answer)
        owned = self.passkeys.find(claimed.credential_id)
        # facts/security PK5: the account that the authenticator means is the one whose passkey it is.
        if owned is None or claimed.account_id not in (owned.account.id, None):
            raise PasskeyRefused(PasskeyRefusal.UNKNOWN)
        return owned

    def _verified(
        self, interaction: Interaction, owned: Owned, answer: str, challenge: str | None
    ) -> PasskeyUse:
        """Raises PasskeyRefused."""
        if challenge is None:
            raise PasskeyRefused(PasskeyRefusal.STALE)
        use = self.ceremonies.proved(answer, challenge, owned.passkey)
        if own_events(interaction) and interaction.account_id != owned.account.id:
            # facts/security T46: a colleague's passkey does not go on with what another person proved here.
            raise PasskeyRefused(PasskeyRefusal.OTHER_PERSON)
        if not owned.account.may_sign_in:
            raise PasskeyRefused(PasskeyRefusal.DISABLED)
        if is_copied(owned.passkey, use):
            self.uses.tell_copied(interaction, owned, use)
            raise PasskeyRefused(PasskeyRefusal.COPIED)
        account = owned.account
        if self.clock.now() - account.identity.verified_at >= self.identity_life:
            raise PasskeyRefused(PasskeyRefusal.IDENTITY_OLD)
        return use

    def _refuse(
        self, request: Request, interaction: Interaction, owned: Owned | None, reason: PasskeyRefusal
    ) -> Response:
        told = reason if reason in _TOLD else "refused"
        reply = Reply(at="passkey", message=f"passkey.{told}", status=_STATUS.get(reason, 403))
        if reason is PasskeyRefusal.NETWORK:
            return reply_by_get(self.desk, interaction, reply)
        self.quota.claim(request, browser_of(interaction))
        # To the account whose passkey it says to be, as a refused password to that of the RPPS typed.
        of_account = dataclasses.replace(interaction, account_id=owned.account.id if owned else None)
        self.desk.audit_event(AuditEvent.PASSKEY_REFUSED, of_account, reason=str(reason))
        return reply_by_get(self.desk, interaction, reply)

    def _page(self, request: Request, interaction: Interaction, reply: Reply) -> Response:
        is_second = self._is_second(request, interaction)
        own = own_events(interaction)
        known = self.passkeys.of(interaction.account_id) if own and interaction.account_id else ()
        # A person who proved a password and has no passkey: nothing that a browser could ask for.
        can_use = bool(known) or not own
        page = PasskeyPage(
            doors=self.desk.doors(interaction),
            options=self.ceremonies.request(known, self.challenges.begin(interaction.id)) if can_use else "",
            is_second=is_second,
            error=reply.message,
        )
        return self.desk.show(request, interaction, "passkey.html", page, reply.status)
