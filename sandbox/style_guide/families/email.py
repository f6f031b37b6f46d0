"""Contains the e-mail address in « Mon compte », asked for again in a sign-in, and taken back."""

from dataclasses import replace
from typing import Any

from idp.pages import email as email_pages
from idp.pages.frame import Deadline
from sandbox.style_guide.cast import day, hour, moment
from sandbox.style_guide.state import State


def code_entry(locale: str = "fr", **changes: Any) -> email_pages.CodeEntry:
    entry = email_pages.CodeEntry(
        sent_at_local=hour(locale, "14:22"),
        expires_at_local=hour(locale, "14:32"),
        minutes_left=10,
        seconds_left=583,
        tries_left=5,
        notice=None,
        notice_is_error=False,
        can_enter=True,
        seconds_before_resend=42,
        resend_at_local=hour(locale, "14:24"),
    )
    return replace(entry, **changes)


def waiting(locale: str, **changes: Any) -> email_pages.AddressEntry:
    address = "elise.marchand@cabinet-des-lilas.example"
    return email_pages.AddressEntry(typed=address, waiting=address, code=code_entry(locale, **changes))


def states(locale: str) -> list[State]:
    address = "elise.marchand-lefevre@hopital.example"
    typed = email_pages.AddressEntry(typed=address)
    wrong = {"notice_is_error": True, "seconds_before_resend": 0}
    section = email_pages.EmailPage(
        address=address, proved_on=day(locale, "2025-11-03"), is_proved=True, minutes=10, entry=typed
    )
    of_section = {
        "email": section,
        "email-unproved": replace(section, address="e•••@hopital.example", is_proved=False),
        "email-shared": replace(section, is_shared=True),
        "email-typed-before": replace(section, typed="elise@cabinet.example"),
        "email-malformed!": replace(section, entry=replace(typed, error="enrolment.email_malformed")),
        "email-taken!": replace(section, entry=replace(typed, error="enrolment.email_taken")),
        "email-quota!": replace(section, entry=replace(typed, error="email_otp.quota")),
        "email-code": replace(section, entry=waiting(locale)),
        "email-code-resent": replace(section, entry=waiting(locale, notice="email_otp.resent")),
        "email-code-refused!": replace(
            section, entry=waiting(locale, notice="email_otp.refused", tries_left=1, **wrong)
        ),
        "email-code-busy!": replace(section, entry=waiting(locale, notice="email_otp.busy", **wrong)),
        "email-code-expired!": replace(
            section, entry=waiting(locale, notice="email_otp.expired", can_enter=False, **wrong)
        ),
        "email-code-closed!": replace(
            section, entry=waiting(locale, notice="email_otp.closed_address", can_enter=False, **wrong)
        ),
    }
    proved_until = Deadline(
        time=hour(locale, "14:32"), seconds=540, may_prolong=True, by_proof=True, leaves=True
    )
    end_of_session = Deadline(time=hour(locale, "14:47"), seconds=1440, may_prolong=True)
    again = email_pages.EmailAgainPage(proved_on=day(locale, "2025-11-03"), may_put_off=True, entry=typed)
    of_stop = {
        "email-again": again,
        "email-again-offered": replace(
            again, offered="elise@cabinet.example", entry=replace(typed, typed="elise@cabinet.example")
        ),
        "email-again-last": replace(again, may_put_off=False),
        "email-again-malformed!": replace(again, entry=replace(typed, error="enrolment.required")),
        "email-again-code": replace(again, entry=waiting(locale)),
        "email-again-code-expired!": replace(
            again, entry=waiting(locale, notice="email_otp.expired", can_enter=False, **wrong)
        ),
    }
    ask = email_pages.EmailUndoPage(
        state="ask", token="t" * 43, changed_at=moment(locale, "2026-11-03 14:22"), help_desk=""
    )
    closed = email_pages.PasswordClosedPage(
        motive="email_disowned", closed_at=moment(locale, "2026-11-03 14:22"), help_desk="01 02 03 04 05"
    )
    return [
        *(
            State(
                name,
                "account/email.html",
                one,
                in_interaction=False,
                deadline=proved_until if one.is_proved else end_of_session,
            )
            for name, one in of_section.items()
        ),
        *(State(name, "email_again.html", one) for name, one in of_stop.items()),
        *(
            State(f"email-undo-{one.state}", "account/email_undo.html", one, in_interaction=False)
            for one in (
                ask,
                replace(ask, state="done", help_desk="01 02 03 04 05"),
                replace(ask, state="gone", changed_at=""),
            )
        ),
        State("password-closed-disowned", "password_closed.html", closed),
        State("password-closed-reported", "password_closed.html", replace(closed, motive="reported")),
    ]
