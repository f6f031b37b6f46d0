"""What each page of an interaction shows.

Contains one frozen view-model per template, of the same name. Not here: logic, look-ups, the choice of doors
(`pages/choice`), the first connection (`pages/enrolment`), mails (`pages/mails`), « Mon compte » (`pages/account`),
the sign-out (`pages/signed_out`), what every page shares (`pages/frame`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from idp.cards.person_name import full_name
from idp.core.errors import NO_ERROR
from idp.pages.delay import Delay
from idp.pages.email import CodeEntry
from idp.pages.step import Step

_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The authenticators that this client lets this person use, in the order to show them."""

    psc: bool
    cps: bool
    password: bool
    passkey: bool = False
    #: The password wants one, in place of a mail code.
    passkey_follows: bool = False
    #: Pro Santé Connect is down: it is shown last, and the page says so.
    psc_out: bool = False
    #: It is down for a setting of ours or theirs: « panne… quelques minutes » would be untrue.
    psc_misconfigured: bool = False
    #: The operator supplied the official button and its hover picture: /psc/picture/bouton, /bouton-survol.
    psc_picture: bool = False
    psc_hover: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage:
    """The form again after a refusal, with the POST of the choice page. `rpps`: as read, or as typed if it is none."""

    doors: Doors
    rpps: str
    #: "password." and "refused", "malformed_rpps", "wait", "network", "closed" or "busy"
    error: str
    delay: Delay = field(default_factory=Delay)
    #: When that is over, not before.
    again_at: str = ""

    @property
    def is_watched(self) -> bool:
        """Whether the end of the wait is known, and so near that it is waited for on the page."""
        return self.error in ("password.wait", "password.slowed") and 0 < self.delay.seconds <= _HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRenewalPage:
    """POST base_path/password_renewal: new_password. `rpps`: whose it is. `error`: a key of `accounts/password_rules`,
    "enrolment.busy", or None."""

    rpps: str
    #: What the words of a password's rules name: minimum, maximum, own, millions.
    password_numbers: Mapping[str, int]
    error: str | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether there is something to mend in the field."""
        return self.error not in (None, "enrolment.busy")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationPage:
    """POST base_path/activation: rpps, code, new_password. `rpps`: as typed. `error`: "activation.refused",
    "password.network", "enrolment.busy", a key of `accounts/password_rules`, or None."""

    rpps: str
    #: What the words of a password's rules name: minimum, maximum, own, millions.
    password_numbers: Mapping[str, int]
    error: str | None = None

    @property
    def wrong(self) -> str | None:
        """Returns the field to mend, "code" for it and the number; None when nothing in the form is wrong."""
        if self.error in (None, "password.network", "enrolment.busy"):
            return None
        return "code" if self.error == "activation.refused" else "new_password"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailOtpPage:
    """POST base_path/email_otp (code), base_path/email_otp/resend; `purpose` "login" or "enrolment".

    For an enrolment, POST base_path/enrolment/back returns to the form with the values typed.
    """

    purpose: str
    #: Masked, unless the person just typed it here: at an enrolment.
    sent_to: str
    code: CodeEntry
    doors: Doors
    #: Of an enrolment.
    step: Step | None = None
    #: /account/email leads a person who lost the mailbox to another address.
    may_change_address: bool = False

    @property
    def is_error(self) -> bool:
        return self.code.notice_is_error


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityView:
    """One of the two names may be ""."""

    family_name: str
    given_name: str
    profession: str
    specialities: tuple[str, ...]
    rpps: str

    @property
    def full_name(self) -> str:
        return full_name(self.given_name, self.family_name)


@dataclass(frozen=True, slots=True)
class CpsPage:
    """Why the card was refused; `reason` is a CardRefusal value, or "unavailable", "stale", "mismatch".

    Text: catalogue keys "cps.<reason>.title" and "cps.<reason>.text". POST base_path/cps tries again.
    """

    reason: str
    doors: Doors
    is_error: bool = True


@dataclass(frozen=True, slots=True)
class PscWaitingPage:
    """The answer of Pro Santé Connect is being verified for another click of this browser. A header of the page has
    its address loaded again; so does `again`, "": this very address."""

    again: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PscPage:
    """Pro Santé Connect did not sign the person in.

    `reason` in "unavailable", "misconfigured", "cancelled", "refused", "refused_again", "expired", "stale", "no_rpps",
    "two_rpps", "conflict", "not_fresh", "no_auth_time"; keys "psc.<reason>.title" and ".text", or ".leave" with a way
    out. POST base_path/psc tries again, with `fresh` "1" to be identified anew. `leave`: POST base_path/psc/leave with
    it ends the session there first.
    """

    reason: str
    doors: Doors
    leave: str | None = None
    on_android: bool = False

    @property
    def is_error(self) -> bool:
        """Whether it is more than an identification that was given up, or ended elsewhere."""
        return self.reason not in ("cancelled", "expired")

    @property
    def is_battery(self) -> bool:
        """Whether the phone's saving of battery may have cut the way back from the e-CPS app."""
        return self.on_android and self.reason in ("cancelled", "expired", "refused")

    @property
    def text(self) -> str:
        return f"psc.{self.reason}.{'leave' if self.leave else 'text'}"

    @property
    def is_another_account_needed(self) -> bool:
        """Whether only another Pro Santé Connect account could help."""
        return self.reason in ("no_rpps", "two_rpps", "conflict")

    @property
    def may_help_to_retry(self) -> bool:
        """Whether Pro Santé Connect, asked once more, may answer otherwise."""
        return not self.leave and self.reason not in ("refused_again", "misconfigured", "no_auth_time")


@dataclass(frozen=True, slots=True)
class SamePersonPage:
    """« Vous êtes Paul MARTIN ? ». POST base_path/same_person, base_path/same_person/leave, both with `session`;
    base_path/cancel."""

    identity: IdentityView
    #: Names the session that the question is about.
    session: str
    #: When that session began.
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """`key`: "error.<name>" with .title and .text. `incident`: shown for the help desk, None when of no use.

    `retry_path`: POST target of the button « Reprendre la connexion » (None: no button). `again`: where « Réessayer »
    leads by a GET, "" for this address (None: no link).
    `return_url`/`return_name`: link to the relying party, once it is proved.
    """

    key: str
    incident: str | None
    retry_path: str | None
    return_url: str | None
    return_name: str | None
    again: str | None = None
    #: Of whoever decided so; "": none was given.
    motive: str = ""

    @property
    def is_error(self) -> bool:
        return self.key.removeprefix("error.") not in NO_ERROR
