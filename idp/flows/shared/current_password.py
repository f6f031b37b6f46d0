"""Contains the present password of a person signed in, typed once more: counted as at the door. Not here: the door."""

from dataclasses import dataclass
from datetime import timedelta

from werkzeug.wrappers import Request

from idp.accounts.account import Account
from idp.accounts.password import Passwords
from idp.accounts.throttle import Closed, PasswordThrottle, Wait
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.web.cookies import Cookies
from idp.web.known_device import KnownDevices
from idp.web.network_quota import NetworkQuota

_NO_WAIT = timedelta(0)


class PasswordRefused(Exception):
    """`error`: key of the catalogue. `delay`: try again after it."""

    def __init__(self, error: str, delay: timedelta = _NO_WAIT) -> None:
        super().__init__(error)
        self.error = error
        self.delay = delay


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentPassword:
    passwords: Passwords
    throttle: PasswordThrottle
    quota: NetworkQuota
    devices: KnownDevices
    cookies: Cookies
    audit: Audit
    clock: Clock

    def verify(self, request: Request, account: Account, typed: str) -> None:
        """Raises PasswordRefused, HashingBusy. A right one ends no wait: that is for what it leads to (`Waits`)."""
        if not self.quota.claim(request, self.cookies.browser(request) or ""):
            # facts/security §0.2, per IP: nothing of the person's own is used up.
            raise PasswordRefused("password.network", self.quota.window)
        rpps = account.identity.rpps
        # Before a try of the person is used up, and until the answer is known.
        with self.passwords.room():
            self._count(request, account, rpps)
            if not self.passwords.is_right(account.password_hash, typed):
                self.audit.record(AuditEvent.PASSWORD_REFUSED, account_id=account.id, reason="wrong")
                raise PasswordRefused("new_password.current_wrong")

    def _count(self, request: Request, account: Account, rpps: str) -> None:
        """TH1: before the password is compared, as a step of its own. Raises PasswordRefused."""
        try:
            self.throttle.begin(rpps, self.devices.nonce(request, rpps), self.clock.now())
        except Wait as wait:
            self.audit.record(AuditEvent.PASSWORD_THROTTLED, account_id=account.id)
            raise PasswordRefused("password.wait", wait.delay) from wait
        except Closed as closed:
            self.audit.record(AuditEvent.PASSWORD_THROTTLED, account_id=account.id)
            raise PasswordRefused("password.closed") from closed
