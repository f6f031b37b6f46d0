"""Contains the pages on which a person chooses: a door, whose session it is, a professional context."""

from dataclasses import replace

from idp.interaction.authenticator import DOORS
from idp.pages import enrolment as enrolment_pages
from idp.pages import sign_in as pages
from idp.pages.choice import ChoicePage
from idp.pages.door import DoorPage
from idp.pages.professional_context import ContextChoice, ProfessionalContextPage
from idp.pages.signed_out import SignedOutPage
from sandbox.style_guide.cast import (
    ALL,
    ALL_AND_PASSKEY,
    CARD_AND_PASSWORD,
    CARD_ONLY,
    ELISE,
    FRAMES,
    NONE,
    PASSWORD_ONLY,
    PSC_AND_PASSWORD,
    hour,
)
from sandbox.style_guide.state import State


def _choice() -> list[State]:
    doors = {
        "all": ALL,
        "password-only": PASSWORD_ONLY,
        "card-only": CARD_ONLY,
        "psc-and-password": PSC_AND_PASSWORD,
        "card-and-password": CARD_AND_PASSWORD,
        "none": NONE,
        "passkey": ALL_AND_PASSKEY,
        "passkey-only": replace(NONE, passkey=True),
        "passkey-follows": replace(ALL_AND_PASSKEY, passkey_follows=True),
        "psc-out-passkey": replace(NONE, psc=True, passkey=True, psc_out=True),
        "psc-misconfigured-passkey": replace(
            NONE, psc=True, passkey=True, psc_out=True, psc_misconfigured=True
        ),
        "psc-out": replace(ALL, psc_out=True),
        "picture": replace(ALL, psc_picture=True),
        "picture-hover": replace(ALL, psc_picture=True, psc_hover=True),
        "psc-out-card": replace(ALL, password=False, psc_out=True),
        "psc-out-password": replace(PSC_AND_PASSWORD, psc_out=True),
        "psc-out-alone": replace(NONE, psc=True, psc_out=True),
        "psc-misconfigured": replace(ALL, psc_out=True, psc_misconfigured=True),
        "psc-misconfigured-card": replace(ALL, password=False, psc_out=True, psc_misconfigured=True),
        "psc-misconfigured-password": replace(PSC_AND_PASSWORD, psc_out=True, psc_misconfigured=True),
        "psc-misconfigured-alone": replace(NONE, psc=True, psc_out=True, psc_misconfigured=True),
    }
    states = [
        State(f"choice-{name}", "choice.html", ChoicePage(doors=value)) for name, value in doors.items()
    ]
    enrols = ChoicePage(doors=ALL, enrolment_from_psc=True)
    models = {
        "enrols-all": enrols,
        "enrols-psc-and-password": replace(enrols, doors=PSC_AND_PASSWORD),
        "suggested": ChoicePage(doors=ALL, login_hint="99700218896"),
        **{f"last-{name}": ChoicePage(doors=ALL_AND_PASSKEY, last_door=name) for name in DOORS},
        "mobile": ChoicePage(doors=ALL_AND_PASSKEY, is_phone=True),
        "mobile-enrols": replace(enrols, is_phone=True),
        "mobile-card-only": ChoicePage(doors=CARD_ONLY, is_phone=True),
        "mobile-last-password": ChoicePage(doors=ALL, is_phone=True, last_door="password"),
    }
    states += [State(f"choice-{name}", "choice.html", model) for name, model in models.items()]
    for notice in (
        "choice.step_up",
        "choice.other_door",
        "choice.hinted",
        "choice.fresh",
        "choice.restarted",
        "choice.mailbox_shared",
    ):
        states.append(State(notice.replace(".", "-"), "choice.html", ChoicePage(doors=ALL, notice=notice)))
    return states


def _door() -> list[State]:
    models = {
        "cps": DoorPage(door="cps", doors=ALL),
        "cps-hinted": DoorPage(door="cps", doors=ALL, notice="choice.hinted"),
        "cps-alone": DoorPage(door="cps", doors=CARD_ONLY),
        "password": DoorPage(door="password", doors=ALL, login_hint="99700218896"),
        "password-hinted": DoorPage(door="password", doors=ALL, notice="choice.hinted"),
        "password-alone": DoorPage(door="password", doors=PASSWORD_ONLY),
    }
    return [State(f"door-{name}", "door.html", model) for name, model in models.items()]


def _first_connection() -> list[State]:
    open_page = enrolment_pages.FirstConnectionPage(
        name="Élise MARCHAND-LEFÈVRE", cps_open=True, psc_open=True
    )
    return [
        State("first-connection", "first_connection.html", open_page),
        State("first-connection-closed", "first_connection.html", replace(open_page, cps_open=False)),
        State("first-connection-no-psc", "first_connection.html", replace(open_page, psc_open=False)),
    ]


def _same_person(locale: str) -> list[State]:
    page = pages.SamePersonPage(ELISE, "sid-1", hour(locale, "14:02"))
    closed = SignedOutPage(
        state="other",
        identity=None,
        return_name=None,
        return_url=None,
        request="",
        told=("Trajectoire Grand Âge", "Dossier partagé"),
        frames=FRAMES,
        onward_url="/interaction/AbC",
        onward="sign_in",
    )
    return [
        State("same-person", "same_person.html", page, is_shared_station=True),
        State("choice-shared-station", "choice.html", ChoicePage(doors=ALL), is_shared_station=True),
        State("same-person-closed", "signed_out.html", closed),
    ]


def _professional_context() -> list[State]:
    choices = (
        ContextChoice(
            key="a" * 32,
            profession="Médecin",
            speciality="Médecine générale",
            mode="L",
            structure="CABINET MEDICAL DES LILAS",
            place="75019 PARIS",
            is_chosen=True,
        ),
        ContextChoice(
            key="b" * 32,
            profession="Médecin",
            speciality="Gériatrie",
            mode="S",
            structure="HOPITAL SAINT-LOUIS",
            place="75010",
            is_chosen=False,
        ),
        ContextChoice(
            key="c" * 32,
            profession="Médecin",
            speciality="",
            mode="B",
            structure="",
            place="",
            is_chosen=False,
        ),
        ContextChoice(
            key="d" * 32,
            profession="",
            speciality="",
            mode="",
            structure="",
            place="69001 LYON",
            is_chosen=False,
        ),
    )
    page = ProfessionalContextPage(choices, None)
    wrong = replace(page, error="professional_context.choose")
    return [
        State("professional-context", "professional_context.html", page),
        State("professional-context-none!", "professional_context.html", wrong),
    ]


def states(locale: str) -> list[State]:
    return [
        *_choice(),
        *_door(),
        *_first_connection(),
        *_same_person(locale),
        *_professional_context(),
    ]
