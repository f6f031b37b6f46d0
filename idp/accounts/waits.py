"""Contains the end of what a person waits for after failures: passwords, and the closed door of the mail code.

A strong proof of the person ends it: the card, Pro Santé Connect, a new password; or the operator, who knows who asks.
Not here: counting (`throttle`, `email_otp`), how many mails a person gets.
"""

from dataclasses import dataclass

from idp.accounts.email_otp import MailCodes
from idp.accounts.throttle import PasswordThrottle


@dataclass(frozen=True, slots=True)
class Waits:
    throttle: PasswordThrottle
    codes: MailCodes

    def end(self, rpps: str) -> None:
        """Nobody but this person is let in by it: password and code are asked for as before."""
        self.throttle.reopen(rpps)
        self.codes.reopen(rpps)
