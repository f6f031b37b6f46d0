"""Contains the values of every mail. Not here: which mail is made of them (`mails`)."""

from dataclasses import replace

from idp.accounts.notices import Notice
from idp.accounts.open_sessions import Origin
from idp.pages.mails import (
    CharterReceiptMail,
    CharterReminderMail,
    CodeMail,
    EmailChangedMail,
    NewBrowserMail,
    NoticeMail,
    SignInInMail,
)
from idp.pages.sessions import origin_view
from sandbox.style_guide.cast import ORIGINS, day, hour, moment


def mails(locale: str = "fr", client_name: str = "ViaTrajectoire") -> list[CodeMail]:
    login = CodeMail(
        code="48213907",
        minutes=10,
        until=hour(locale, "14:32"),
        purpose="login",
        client_name=client_name,
        requested_at=moment(locale, "2026-11-03 14:22"),
    )
    return [replace(login, purpose=purpose) for purpose in ("login", "enrolment", "address")]


def last_minute_mail(locale: str = "fr") -> CodeMail:
    """Of an installation where a code lives for a minute."""
    return replace(mails(locale)[0], minutes=1)


def new_browser_mails(*origins: Origin, locale: str = "fr") -> list[NewBrowserMail]:
    """`origins`: those of the first mail."""
    sign_ins = [
        SignInInMail(at=moment(locale, "2026-11-03 14:22"), door=door, origin=origin_view(origin))
        for door, origin in zip(
            ("cps", "psc", "password", "other", "passkey"), origins or ORIGINS, strict=False
        )
    ]
    return [
        NewBrowserMail(sign_ins=tuple(sign_ins), more=3, help_desk="03 20 00 00 00, poste 4242"),
        NewBrowserMail(sign_ins=(sign_ins[0],), more=0, help_desk=""),
    ]


def notices(locale: str = "fr") -> list[NoticeMail]:
    until = moment(locale, "2026-11-10 14:22")
    told = [
        NoticeMail(notice=str(notice), happened_at=moment(locale, "2026-11-03 14:22"), until=until)
        for notice in Notice
    ]
    disabled = next(mail for mail in told if mail.notice == Notice.ACCOUNT_DISABLED)
    return [
        *told,
        replace(disabled, motive="Départ de l'établissement"),
        replace(told[0], whose="Élise MARCHAND-LEFÈVRE"),
    ]


def receipts(locale: str = "fr") -> list[CharterReceiptMail]:
    of_house = CharterReceiptMail(
        client_name="",
        revision="2026-1",
        accepted_at=moment(locale, "2026-11-03 14:22"),
        text_sha256="4f" * 32,
        address="https://caducee.example/account/charters/3",
    )
    return [of_house, replace(of_house, client_name="Trajectoire Grand Âge")]


def reminders(locale: str = "fr") -> list[CharterReminderMail]:
    of_house = CharterReminderMail(
        applications=(),
        revision="2027-1",
        due_from=day(locale, "2026-12-15"),
        address="https://caducee.example/",
    )
    two = ("Trajectoire Grand Âge", "ViaTrajectoire")
    return [of_house, replace(of_house, applications=two, address="")]


def email_changed_mails(locale: str = "fr") -> list[EmailChangedMail]:
    mail = EmailChangedMail(
        happened_at=moment(locale, "2026-11-03 14:22"),
        link="https://idp.example/account/email/undo/" + "t" * 43,
        until=moment(locale, "2026-11-06 14:22"),
        help_desk="",
    )
    return [mail, replace(mail, help_desk="01 02 03 04 05")]
