"""Contains the pages of the code by mail and of a passkey, in a sign-in."""

from dataclasses import fields, replace
from typing import Any

from idp.pages import sign_in as pages
from idp.pages.email import CodeEntry
from idp.pages.passkeys import PasskeyPage
from idp.pages.step import Step
from sandbox.style_guide.cast import ALL, ALL_AND_PASSKEY, NONE, PASSWORD_ONLY
from sandbox.style_guide.families.email import code_entry
from sandbox.style_guide.state import State


def otp(locale: str = "fr", **changes: Any) -> pages.EmailOtpPage:
    of_code = {field.name for field in fields(CodeEntry)}
    told = {name: value for name, value in changes.items() if name not in of_code}
    code = code_entry(locale, seconds_before_resend=0)
    page = pages.EmailOtpPage(
        purpose="login",
        sent_to="e•••••d@hopital-saint-louis.fr",
        code=replace(code, **{name: value for name, value in changes.items() if name in of_code}),
        doors=ALL,
    )
    return replace(page, **told)


def _email_otp(locale: str) -> list[State]:
    def wrong(notice: str, **changes: Any) -> pages.EmailOtpPage:
        return otp(locale, notice=f"email_otp.{notice}", notice_is_error=True, **changes)

    models = {
        "otp-login": otp(locale, seconds_before_resend=42),
        "otp-passkey": otp(locale, doors=ALL_AND_PASSKEY),
        "otp-lost-mailbox": otp(locale, may_change_address=True),
        "otp-lost-mailbox-password-only": otp(locale, doors=PASSWORD_ONLY, may_change_address=True),
        "otp-enrolment": otp(
            locale, purpose="enrolment", sent_to="elise.marchand@hopital-saint-louis.fr", step=Step(2, 3)
        ),
        "otp-last-minute": otp(locale, minutes_left=1, seconds_left=52, tries_left=1, doors=PASSWORD_ONLY),
        "otp-last-seconds": otp(locale, minutes_left=0, seconds_left=12),
        "otp-resent": otp(locale, notice="email_otp.resent", minutes_left=7, seconds_before_resend=60),
        "otp-renewed": otp(locale, notice="email_otp.renewed", seconds_before_resend=60),
        "otp-refused!": wrong("refused", tries_left=3),
        "otp-malformed!": wrong("malformed"),
        "otp-too-soon": otp(locale, notice="email_otp.too_soon", seconds_before_resend=42),
        "otp-quota!": wrong("quota"),
        "otp-quota-of-day!": wrong("quota_of_day"),
        "otp-closed-enrolment!": wrong("closed_enrolment", can_enter=False, purpose="enrolment"),
        "otp-nothing-sent!": wrong("quota", can_enter=False, purpose="enrolment"),
        "otp-network!": wrong("network", can_enter=False),
        "otp-nothing!": wrong("nothing", can_enter=False),
        "otp-expired!": wrong("expired", can_enter=False),
        "otp-used-up!": wrong("used_up", can_enter=False, tries_left=0),
        "otp-used!": wrong("used", can_enter=False),
        "otp-closed!": wrong("closed", can_enter=False),
        "otp-email-taken!": wrong("email_taken", can_enter=False, purpose="enrolment"),
    }
    states = [State(name, "email_otp.html", model) for name, model in models.items()]
    states.append(State("otp-late", "email_otp.html", otp(locale), mails_are_late=True))
    return [*states, State("otp-shared-station", "email_otp.html", otp(locale), is_shared_station=True)]


def passkey(**changes: Any) -> PasskeyPage:
    page = PasskeyPage(
        doors=ALL_AND_PASSKEY,
        options='{"challenge": "AbC", "rpId": "localhost"}',
        is_second=False,
        error=None,
    )
    return replace(page, **changes)


def _passkey() -> list[State]:
    models = {
        "passkey": passkey(),
        "passkey-alone": passkey(doors=replace(NONE, passkey=True)),
        "passkey-second": passkey(is_second=True),
        "passkey-second-alone": passkey(is_second=True, doors=PASSWORD_ONLY),
        "passkey-none": passkey(options="", is_second=True),
    }
    errors = ("refused", "stale", "not_verified", "other_person", "network", "counter", "identity_old")
    models |= {f"passkey-{error}!": passkey(error=f"passkey.{error}") for error in errors}
    return [State(name, "passkey.html", model) for name, model in models.items()]


def states(locale: str) -> list[State]:
    return [
        *_email_otp(locale),
        *_passkey(),
    ]
