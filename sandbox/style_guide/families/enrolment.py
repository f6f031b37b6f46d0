"""Contains the pages of a first connection."""

from dataclasses import replace
from typing import Any

from idp.pages import enrolment as enrolment_pages
from idp.pages.frame import Deadline
from idp.pages.step import Step
from sandbox.style_guide.cast import ELISE, NURSE, PASSWORD_NUMBERS, hour
from sandbox.style_guide.state import State


def enrolment(**changes: Any) -> enrolment_pages.EnrolmentPage:
    page = enrolment_pages.EnrolmentPage(
        identity=ELISE,
        values={},
        errors=(),
        password_numbers=PASSWORD_NUMBERS,
        source="cps",
        proof="ab" * 32,
        step=Step(1, 3),
    )
    return replace(page, **changes)


def _enrolment(locale: str) -> list[State]:
    typed = {"email": "elise.marchand@hopital", "address_line1": "12 rue de la Paix", "city": "Lyon"}
    errors = (
        enrolment_pages.FieldError("email", "enrolment.email_malformed"),
        enrolment_pages.FieldError("password", "enrolment.password_short"),
        enrolment_pages.FieldError("postal_code", "enrolment.required"),
    )
    rest = (
        enrolment_pages.FieldError("email", "enrolment.email_taken"),
        enrolment_pages.FieldError("password", "enrolment.password_long"),
        enrolment_pages.FieldError("address_line1", "enrolment.too_long"),
        enrolment_pages.FieldError("postal_code", "enrolment.postal_code_malformed"),
    )
    models = {
        "enrolment-empty": enrolment(),
        "enrolment-no-password": enrolment(password_numbers=None),
        "enrolment-typed-before": enrolment(values=typed, is_typed_before=True),
        "enrolment-typed-before-no-password": enrolment(
            values=typed, is_typed_before=True, password_numbers=None
        ),
        "enrolment-one-name": enrolment(identity=replace(ELISE, family_name="\u2019T HOOFT", given_name="")),
        "enrolment-psc-without-speciality": enrolment(source="psc", identity=NURSE),
        "enrolment-errors!": enrolment(values=typed, errors=errors),
        "enrolment-errors-2!": enrolment(values=typed | {"postal_code": "6900"}, errors=rest),
        "enrolment-common!": enrolment(
            values=typed, errors=(enrolment_pages.FieldError("password", "enrolment.password_common"),)
        ),
        "enrolment-personal!": enrolment(
            values=typed, errors=(enrolment_pages.FieldError("password", "enrolment.password_personal"),)
        ),
        "enrolment-weak!": enrolment(
            values=typed, errors=(enrolment_pages.FieldError("password", "enrolment.password_weak"),)
        ),
        "enrolment-other-identity!": enrolment(
            errors=(enrolment_pages.FieldError("email", "enrolment.other_identity"),)
        ),
        "enrolment-busy!": enrolment(
            values=typed, errors=(enrolment_pages.FieldError("password", "enrolment.busy"),)
        ),
    }
    waiting = Deadline(time=hour(locale, "14:47"), seconds=720, may_prolong=True)
    last = replace(waiting, may_prolong=False)
    return [
        *(State(name, "enrolment.html", model, deadline=waiting) for name, model in models.items()),
        State("enrolment-last-minutes", "enrolment.html", enrolment(), deadline=last),
        State("enrolment-shared-station", "enrolment.html", enrolment(), is_shared_station=True),
    ]


def _already_enrolled() -> list[State]:
    def page(typed_email: str) -> enrolment_pages.AlreadyEnrolledPage:
        mine = "elise.marchand@hopital-saint-louis.fr"
        return enrolment_pages.AlreadyEnrolledPage(
            masked_email="e•••@hopital-saint-louis.fr",
            typed_email=typed_email,
            is_same_email=typed_email == mine,
        )

    models = {
        "already-enrolled": page("e.marchand@cabinet-des-lilas.example"),
        "already-enrolled-same-address": page("elise.marchand@hopital-saint-louis.fr"),
        "already-enrolled-nothing-typed": page(""),
    }
    return [State(name, "already_enrolled.html", model) for name, model in models.items()]


def states(locale: str) -> list[State]:
    return [
        *_enrolment(locale),
        *_already_enrolled(),
    ]
