"""Contains RPPS and password, the first half of the path that the mail code completes. Not here: counting tries."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.password import HashingBusy, Passwords
from idp.accounts.repository import AccountRepository
from idp.accounts.throttle import Closed, Wait
from idp.cards.rpps import InvalidRpps, Rpps, parse_rpps
from idp.core.audit import AuditEvent, Fact
from idp.core.clock import Clock
from idp.core.replacing import replace
from idp.flows.shared.busy import BUSY_SECONDS, whole_seconds
from idp.flows.shared.code_mail import CodeSender
from idp.flows.shared.desk import Desk
from idp.flows.shared.password_accepted import AcceptedPasswords
from idp.flows.shared.password_tries import PasswordTries
from idp.flows.shared.replies import number_again, reply_by_get, take_reply, with_wait
from idp.interaction.binding import browser_of
from idp.interaction.record import Interaction, event_of, with_event
from idp.interaction.reply import Reply
from idp.pages.delay import Delay
from idp.pages.sign_in import PasswordPage
from idp.web.known_device import KnownDevices
from idp.web.local_time import not_before
from idp.web.network_quota import NetworkQuota
from idp.web.page_routes import PageRoute

#: HTTP status of refusals of the form; 403 is that of a closed door.
_STATUS = {
    **dict.fromkeys(("password.malformed_rpps", "password.refused"), 422),
    **dict.fromkeys(("password.wait", "password.slowed", "password.network"), 429),
    "password.busy": 503,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordFlow:
    desk: Desk
    accounts: AccountRepository
    passwords: Passwords
    tries: PasswordTries
    accepted: AcceptedPasswords
    sender: CodeSender
    #: Forms from one network.
    quota: NetworkQuota
    devices: KnownDevices
    clock: Clock
    identity_life: timedelta  # that a proof of identity counts, at this door

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/password", self.show)
        yield PageRoute("POST", "/interaction/<interaction_id>/password", self.receive)

    def show(self, request: Request, interaction_id: str) -> Response:
        """Say once why the form was refused. Else go back to the hub: the form is on the choice page."""
        interaction = self.desk.open(request, interaction_id)
        reply = take_reply(self.desk, request, interaction, "password")
        doors = self.desk.doors(interaction)
        if reply.message is None or not doors.password:
            return self.desk.back(interaction)
        wait = timedelta(seconds=reply.wait_seconds)
        again_at = not_before(self.clock.now() + wait, self.desk.locale(request, interaction))
        delay, rpps = Delay.of(wait), reply.typed["rpps"]
        page = PasswordPage(doors=doors, rpps=rpps, error=reply.message, delay=delay, again_at=again_at)
        return with_wait(self.desk.show(request, interaction, "password.html", page, reply.status), reply)

    def receive(self, request: Request, interaction_id: str) -> Response:
        interaction = self.desk.open(request, interaction_id, repeats="password")
        form = self.desk.form(request, interaction)
        if not self.desk.doors(interaction).password:
            return self.desk.back(interaction)
        typed = form.get("rpps", "")
        self.tries.foresee(request)
        if not self.quota.claim(request, browser_of(interaction)):
            # facts/security §0.2, per IP: nothing of the person's own is used up.
            return self._refuse(interaction, typed, "password.network", whole_seconds(self.quota.window))
        try:
            rpps = parse_rpps(typed)
        except InvalidRpps:
            return self._refuse(interaction, typed, "password.malformed_rpps")
        try:
            # Before a try of the person is used up, and until the answer is known.
            with self.passwords.room():
                account = self._verified(request, interaction, rpps, form.get("password", ""))
        except Wait as wait:
            return self._refuse(interaction, rpps, f"password.{wait.reason}", whole_seconds(wait.delay))
        except Closed:
            return self._refuse(interaction, rpps, "password.closed")
        except HashingBusy:
            return self._refuse(interaction, rpps, "password.busy", BUSY_SECONDS)
        if account is None:
            return self._refuse(interaction, rpps, "password.refused")
        if self.clock.now() - account.identity.verified_at >= self.identity_life:
            self._audit(AuditEvent.PASSWORD_REFUSED, interaction, account, reason="identity_old")
            return self._refuse(interaction, rpps, "password.identity_old")
        return self._accept(request, interaction, account)

    def _verified(self, request: Request, interaction: Interaction, rpps: Rpps, typed: str) -> Account | None:
        """Returns the account whose password this is, else None: the same work and answer for an unknown RPPS, and for
        an account that is disabled or whose password is closed, which a person learns by card or Pro Santé Connect only
        (T24)."""
        try:
            # TH1: counted before the password is compared, as a step of its own.
            begun = self.tries.begin(request, rpps)
        except (Wait, Closed) as throttled:
            self._audit(AuditEvent.PASSWORD_THROTTLED, interaction, rpps, **_told(throttled))
            raise
        account = self.accounts.find_by_rpps(rpps)
        is_right = self.passwords.is_right(account.password_hash if account else None, typed)
        is_open = account is not None and account.may_sign_in and account.is_password_door_open
        if account is None or not is_right or not is_open:
            reason = _reason(account, is_right)
            self._audit(AuditEvent.PASSWORD_REFUSED, interaction, account or rpps, reason=reason)
            self.tries.refused(begun)
            return None
        tell = partial(self._audit, interaction=interaction, who=account)
        self.accepted.write(account, typed, tell, partial(self.tries.succeed, begun))
        self.tries.succeeded(begun)
        return account

    def _accept(self, request: Request, interaction: Interaction, account: Account) -> Response:
        proved = with_event(interaction, event_of("password", self.clock.now()), account)
        # Before the proof: what fails after that loses the answer, and with it the new binding.
        self.sender.send_if_due(request, proved)
        response = self.desk.prove(proved)
        self.devices.typed(request, response, account.identity.rpps)
        return response

    def _refuse(self, interaction: Interaction, typed: str, error: str, wait_seconds: int = 0) -> Response:
        reply = Reply(
            at="password",
            message=error,
            status=_STATUS.get(error, 403),
            wait_seconds=wait_seconds,
            typed={"rpps": number_again(typed)},
        )
        return reply_by_get(self.desk, interaction, reply)

    def _audit(self, event: AuditEvent, interaction: Interaction, who: Account | Rpps, **facts: Fact) -> None:
        """Audit to the account of the RPPS that was typed, or to that RPPS: the interaction has none yet."""
        account_id, rpps = (who.id, "") if isinstance(who, Account) else (None, str(who))
        of_account = replace(interaction, account_id=account_id)
        self.desk.audit_event(event, of_account, rpps=rpps, **facts)


def _told(throttled: Wait | Closed) -> dict[str, Fact]:
    """Returns why no password was compared, and for how many seconds none will be."""
    seconds = {"seconds": whole_seconds(throttled.delay)} if isinstance(throttled, Wait) else {}
    return {"reason": throttled.reason, **seconds}


def _reason(account: Account | None, is_right: bool) -> str:
    """Returns why a password was refused, for the audit trail alone: every page says the same."""
    if account is None or not is_right:
        return "wrong"
    shut = "mailbox_shared" if account.is_closed_by_sharing else "password_closed"
    return shut if account.may_sign_in else "account_disabled"
