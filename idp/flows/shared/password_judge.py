"""What the server says of a new password, posted or still being typed: by one rule.

Contains the answer to the script of a page. Nothing of what is typed is kept, counted to a person, or logged. Not
here: the rule (`accounts/password_rules`), whose password it is, and that one is due (the flows that ask for one).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.password_rules import JudgeBusy, KnownPerson, PasswordPolicy
from idp.web.network_quota import NetworkQuota
from idp.web.ready import ReadyResponse
from idp.web.rendering import Rendering

_JSON = ("Content-Type", "application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordJudge:
    policy: PasswordPolicy
    #: Of its own: who types a long password uses up nobody's sign-ins.
    quota: NetworkQuota
    rendering: Rendering

    @property
    def numbers(self) -> Mapping[str, int]:
        """The numbers that the rule and its messages name."""
        return self.policy.numbers

    def fault(self, person: KnownPerson, password: str) -> str | None:
        """Returns why a posted one is refused, as a catalogue key, or None."""
        return self.policy.fault(person, password)

    def answer(
        self, request: Request, person: KnownPerson, password: str, *, browser: str, locale: str
    ) -> Response:
        """Returns `accepted` and `said`, in words, as JSON; nothing when it is not the moment. `browser`: as for
        `NetworkQuota.claim`."""
        if not self.quota.claim(request, browser):
            return ReadyResponse(429, (_JSON,))
        try:
            # A thread that waits for another's verdict would be missing where people sign in.
            fault = self.policy.fault(person, password, may_wait=False)
        except JudgeBusy:
            return ReadyResponse(503, (_JSON,))
        said = self.rendering.words(fault or "enrolment.password_good", locale, **self.numbers)
        told = {"accepted": fault is None, "said": said[:1].upper() + said[1:]}
        return ReadyResponse(200, (_JSON,), json.dumps(told).encode())
