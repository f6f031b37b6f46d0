"""Contains the pages where a password is given, chosen or changed."""

from collections.abc import Iterator
from dataclasses import replace

from idp.pages import account as account_pages
from idp.pages import sign_in as pages
from idp.pages.delay import Delay
from idp.pages.frame import Deadline
from sandbox.style_guide.cast import ALL, ELISE, PASSWORD_NUMBERS, PASSWORD_ONLY, day, hour
from sandbox.style_guide.state import State


def _password(locale: str) -> list[State]:
    errors = ("refused", "malformed_rpps", "network", "closed", "busy", "identity_old")
    waits = {
        "minute": Delay(0, 1, 42),
        "minutes": Delay(0, 17, 1010),
        "hour": Delay(1, 0),
        "hour-and-minutes": Delay(1, 6),
        "hours": Delay(3, 0),
    }
    waiting = pages.PasswordPage(doors=ALL, rpps="99700218896", error="", again_at=hour(locale, "14:37"))
    return (
        [
            State(
                f"password-{error}!",
                "password.html",
                pages.PasswordPage(doors=ALL, rpps="99700218896", error=f"password.{error}"),
            )
            for error in errors
        ]
        + [
            State(
                f"password-wait-{name}!",
                "password.html",
                replace(waiting, error="password.wait", delay=delay),
                deadline=Deadline(time=hour(locale, "14:47"), seconds=720, may_prolong=True),
            )
            for name, delay in waits.items()
        ]
        + [
            State(
                "password-slowed!",
                "password.html",
                replace(waiting, error="password.slowed", delay=Delay(0, 1, 42)),
            ),
            State(
                "password-slowed-hours!",
                "password.html",
                replace(waiting, error="password.slowed", delay=Delay(2, 0)),
            ),
            State(
                "password-alone!",
                "password.html",
                pages.PasswordPage(doors=PASSWORD_ONLY, rpps="", error="password.refused"),
            ),
        ]
    )


def _password_renewal(locale: str) -> Iterator[State]:
    waiting = Deadline(time=hour(locale, "14:47"), seconds=720, may_prolong=True)
    page = pages.PasswordRenewalPage(rpps=ELISE.rpps, password_numbers=PASSWORD_NUMBERS)
    for name, error in (("leaked!", "enrolment.password_leaked"), ("busy!", "enrolment.busy"), ("", None)):
        named = f"password-renewal{'-' if name else ''}{name}"
        yield State(named, "password_renewal.html", replace(page, error=error), deadline=waiting)
    yield State("password-renewal-shared", "password_renewal.html", page, is_shared_station=True)


def _activation(locale: str) -> Iterator[State]:
    page = pages.ActivationPage(rpps="", password_numbers=PASSWORD_NUMBERS)
    waiting = Deadline(time=hour(locale, "14:47"), seconds=720, may_prolong=True)
    errors = {"refused": "activation.refused", "weak": "enrolment.password_weak"}
    errors |= {"network": "password.network", "busy": "enrolment.busy"}
    yield State("activation", "activation.html", page, deadline=waiting)
    for name, error in errors.items():
        yield State(f"activation-{name}!", "activation.html", replace(page, rpps=ELISE.rpps, error=error))


def _new_password(locale: str) -> list[State]:
    page = account_pages.PasswordPage(
        identity=ELISE,
        is_proved=False,
        is_first=False,
        password_numbers=PASSWORD_NUMBERS,
        minutes=10,
        changed_on=day(locale, "2026-03-03"),
    )
    proved, first = replace(page, is_proved=True), replace(page, is_first=True, changed_on="")
    models = {
        "new-password": page,
        "new-password-old": replace(page, changed_on=""),
        "new-password-disowned": replace(page, is_closed=True),
        "new-password-shared-mailbox": replace(page, is_closed=True, is_closed_by_sharing=True),
        "new-password-listed": replace(page, is_listed=True),
        "new-password-wrong!": replace(page, error="new_password.current_wrong"),
        "new-password-wait!": replace(page, error="password.wait", delay=Delay(0, 2)),
        "new-password-network!": replace(page, error="password.network", delay=Delay(0, 1)),
        "new-password-closed!": replace(page, error="password.closed"),
        "new-password-proved": proved,
        "new-password-weak!": replace(proved, error="enrolment.password_common"),
        "new-password-short!": replace(proved, error="enrolment.password_short"),
        "new-password-busy!": replace(proved, error="enrolment.busy"),
        "new-password-first": replace(first, is_proved=True),
        "new-password-first-unproved": first,
    }
    pictures = [
        State(name, "account/password.html", model, in_interaction=False) for name, model in models.items()
    ]
    done = [
        State(
            f"new-password{first}-done",
            "account/password_changed.html",
            account_pages.PasswordChangedPage(is_first=bool(first)),
            in_interaction=False,
        )
        for first in ("", "-first")
    ]
    shared = State(
        "new-password-shared", "account/password.html", page, in_interaction=False, is_shared_station=True
    )
    return [*pictures, *done, shared]


def states(locale: str) -> list[State]:
    return [
        *_password(locale),
        *_password_renewal(locale),
        *_activation(locale),
        *_new_password(locale),
    ]
