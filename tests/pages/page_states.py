"""Every page in every state a person can meet, as view-models; shared by the tests and the gallery."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from idp.accounts.history import TOLD, HistoryEntry
from idp.accounts.notices import Notice
from idp.accounts.open_sessions import Origin
from idp.adapters.sql.personal_data import HELD
from idp.cards.trust import CardRefusal
from idp.core.errors import Problem
from idp.flows.shared.charter_text import charter_html, charter_with_contents
from idp.flows.shared.kept_data import OF_NO_PERSON
from idp.flows.shared.psc_refusals import REFUSALS
from idp.interaction.authenticator import DOORS
from idp.pages import account as account_pages
from idp.pages import charters as charter_pages
from idp.pages import email as email_pages
from idp.pages import enrolment as enrolment_pages
from idp.pages import personal_data as data_pages
from idp.pages import sign_in as pages
from idp.pages.choice import ChoicePage
from idp.pages.closing import ClosingPage
from idp.pages.delay import Delay
from idp.pages.door import DoorPage
from idp.pages.form_post import FormPostPage
from idp.pages.frame import NO_HOUSE, Announcement, Deadline, Frame, House, OtherLanguage
from idp.pages.history import VARIANTS, DayView, EntryView, HistoryPage, ReportPage, is_doubtful, words_of
from idp.pages.mails import (
    CharterReceiptMail,
    CharterReminderMail,
    CodeMail,
    EmailChangedMail,
    NewBrowserMail,
    NoticeMail,
    SignInInMail,
)
from idp.pages.passkeys import PasskeyPage, PasskeysPage, PasskeyView
from idp.pages.professional_context import ContextChoice, ProfessionalContextPage
from idp.pages.sessions import SessionsPage, SessionView, origin_view
from idp.pages.step import Step
from tests.fakes import NOON
from tests.pages.house_states import ABOUT, INFORMED, LINE, PLAIN, POSTAL, SAID, STATEMENTS, WARNED
from tests.pages.operations_states import operations_states

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "idp" / "templates"

#: The pages that run one.
SCRIPTS = {
    "form_post.html": ["/static/form_post.js"],
    "passkey.html": ["/static/passkey.js"],
    "account/passkeys.html": ["/static/passkey.js"],
}

LOCALES = ("fr", "en")
FRENCH, ENGLISH = OtherLanguage(tag="fr", name="Français"), OtherLanguage(tag="en", name="English")
CPS_REASONS = (*(reason.value for reason in CardRefusal), "unavailable", "stale", "mismatch")
PSC_REASONS = tuple(REFUSALS)
ERROR_NAMES = tuple(problem.value for problem in Problem)

CLIENT_LOGO = "/logos/viatrajectoire"

ALL = pages.Doors(psc=True, cps=True, password=True)
PASSWORD_ONLY = pages.Doors(psc=False, cps=False, password=True)
CARD_ONLY = pages.Doors(psc=False, cps=True, password=False)
PSC_AND_PASSWORD = pages.Doors(psc=True, cps=False, password=True)
CARD_AND_PASSWORD = pages.Doors(psc=False, cps=True, password=True)
ALL_AND_PASSKEY = replace(ALL, passkey=True)
NONE = pages.Doors(psc=False, cps=False, password=False)

ELISE = pages.IdentityView(
    family_name="MARCHAND-LEFÈVRE",
    given_name="Élise",
    profession="Médecin",
    specialities=("Médecine générale", "Gériatrie"),
    rpps="99700218896",
)
SPECIALIST = replace(ELISE, specialities=("Gériatrie",))
NURSE = replace(ELISE, profession="", specialities=())


@dataclass(frozen=True)
class State:
    """One picture: `name` is unique, `template` is relative to idp/templates."""

    name: str
    template: str
    page: Any
    in_interaction: bool = True
    is_shared_station: bool = False
    deadline: Deadline | None = None
    #: Something was done just before.
    is_told: bool = False
    house: House = NO_HOUSE
    client_logo: str = ""
    announcement: Announcement | None = None

    @property
    def is_section(self) -> bool:
        return self.template.startswith("account/") and self.template != "account/home.html"

    @property
    def is_error(self) -> bool:
        return self.name.endswith("!")


_SAID = {"fr": "Votre adresse postale est enregistrée.", "en": "Your postal address is saved."}


def frame(state: State, locale: str) -> Frame:
    return Frame(
        locale=locale,
        other_languages=(ENGLISH if locale == "fr" else FRENCH,),
        language_path="/language",
        client_name="ViaTrajectoire" if state.in_interaction else None,
        base_path="/interaction/AbC" if state.in_interaction else "/account/email" if state.deadline else "",
        csrf="csrf-value",
        is_shared_station=state.is_shared_station,
        session="sid" if state.is_section else "",
        whose=ELISE.full_name if state.is_section else "",
        said=_SAID[locale] if state.is_told else None,
        deadline=state.deadline,
        reference="7KQM-2XBD" if state.in_interaction else "",
        house=state.house,
        client_logo=state.client_logo,
        announcement=state.announcement,
    )


def environment(*, is_trimmed: bool = True) -> Environment:
    """Trimmed is how the provider renders; the pages must not depend on it."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=is_trimmed,
        lstrip_blocks=is_trimmed,
    )


def charter_of(locale: str) -> str:
    return (ROOT / "charters" / f"2026-1.{locale}.md").read_text(encoding="utf-8")


def every_state(locale: str) -> list[State]:
    """A name that ends with "!" is a page whose title announces an error."""
    return [
        *_choice(),
        *_door(),
        *_password(),
        *_email_otp(),
        *_passkey(),
        *_enrolment(),
        *_already_enrolled(),
        *_charter(charter_of(locale)),
        *_accepted_charters(charter_of(locale)),
        *_closing(),
        *_personal_data(),
        *_doors_that_failed(),
        *_professional_context(),
        *_first_connection(),
        *_same_person(),
        *_account(),
        *_new_password(),
        *_passkeys(),
        *_sessions(),
        *_history(),
        *_email(),
        *_address(),
        *_identity(),
        *_signed_out(),
        *(
            State(name, "operations.html", page, in_interaction=False)
            for name, page in operations_states().items()
        ),
        State("form-post", "form_post.html", FormPostPage("https://rp.example/cb", (("code", "AbC"),))),
        *_errors(),
        *_house(),
    ]


def _house() -> list[State]:
    error = pages.ErrorPage(
        key="error.internal", incident="4f2a9c01", retry_path=None, return_url=None, return_name=None
    )
    refused = pages.PscPage(reason="refused", doors=ALL)
    return [
        *(State(name, "about.html", page, in_interaction=False, house=SAID) for name, page in ABOUT.items()),
        *(
            State(name, "accessibility.html", page, in_interaction=False, house=LINE if page.rate else PLAIN)
            for name, page in STATEMENTS.items()
        ),
        State("house-choice", "choice.html", ChoicePage(doors=ALL), house=SAID, client_logo=CLIENT_LOGO),
        State("house-error!", "error.html", error, in_interaction=False, house=SAID),
        State("house-error-postal!", "error.html", error, in_interaction=False, house=POSTAL),
        State("announced-choice", "choice.html", ChoicePage(doors=ALL), house=SAID, announcement=WARNED),
        State("announced-error!", "error.html", error, in_interaction=False, house=LINE, announcement=WARNED),
        State("psc-battery!", "psc.html", replace(refused, on_android=True)),
        State("house-psc!", "psc.html", refused, house=SAID),
    ]


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


def _password() -> list[State]:
    errors = ("refused", "malformed_rpps", "network", "closed", "busy", "identity_old")
    waits = {
        "minute": Delay(0, 1),
        "minutes": Delay(0, 17),
        "hour": Delay(1, 0),
        "hour-and-minutes": Delay(1, 6),
        "hours": Delay(3, 0),
    }
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
                pages.PasswordPage(doors=ALL, rpps="99700218896", error="password.wait", delay=delay),
            )
            for name, delay in waits.items()
        ]
        + [
            State(
                "password-slowed!",
                "password.html",
                pages.PasswordPage(doors=ALL, rpps="99700218896", error="password.slowed", delay=Delay(0, 1)),
            ),
            State(
                "password-alone!",
                "password.html",
                pages.PasswordPage(doors=PASSWORD_ONLY, rpps="", error="password.refused"),
            ),
        ]
    )


def otp(**changes: Any) -> pages.EmailOtpPage:
    page = pages.EmailOtpPage(
        purpose="login",
        sent_to="e•••••d@hopital-saint-louis.fr",
        expires_at_local="14 h 32",
        minutes_left=10,
        tries_left=5,
        notice=None,
        notice_is_error=False,
        can_enter=True,
        seconds_before_resend=0,
        doors=ALL,
    )
    return replace(page, **changes)


def _email_otp() -> list[State]:
    def wrong(notice: str, **changes: Any) -> pages.EmailOtpPage:
        return otp(notice=f"email_otp.{notice}", notice_is_error=True, **changes)

    models = {
        "otp-login": otp(seconds_before_resend=42),
        "otp-passkey": otp(doors=ALL_AND_PASSKEY),
        "otp-lost-mailbox": otp(may_change_address=True),
        "otp-lost-mailbox-password-only": otp(doors=PASSWORD_ONLY, may_change_address=True),
        "otp-enrolment": otp(
            purpose="enrolment", sent_to="elise.marchand@hopital-saint-louis.fr", step=Step(2, 3)
        ),
        "otp-last-minute": otp(minutes_left=1, tries_left=1, doors=PASSWORD_ONLY),
        "otp-last-seconds": otp(minutes_left=0),
        "otp-resent": otp(notice="email_otp.resent", minutes_left=7, seconds_before_resend=60),
        "otp-renewed": otp(notice="email_otp.renewed", seconds_before_resend=60),
        "otp-refused!": wrong("refused", tries_left=3),
        "otp-malformed!": wrong("malformed"),
        "otp-too-soon!": wrong("too_soon", seconds_before_resend=42),
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
    return [State(name, "email_otp.html", model) for name, model in models.items()]


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


PASSWORD_NUMBERS = {"minimum": 15, "maximum": 128, "own": 10, "millions": 100}


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


def _enrolment() -> list[State]:
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
    waiting = Deadline(time="14 h 47", seconds=720, may_prolong=True)
    last = replace(waiting, may_prolong=False)
    return [
        *(State(name, "enrolment.html", model, deadline=waiting) for name, model in models.items()),
        State("enrolment-last-minutes", "enrolment.html", enrolment(), deadline=last),
    ]


CHANGES = (
    charter_pages.CharterChange("<p>L'article 6 parle des <strong>postes partagés</strong>.</p>", "fr"),
    charter_pages.CharterChange("<ul><li>Records are kept for twelve months.</li></ul>", "en"),
)


def _accepted_charters(text: str) -> list[State]:
    text_html, contents = charter_with_contents(text)
    line = charter_pages.AcceptanceLine(
        address="/account/charters/3",
        of_client="",
        revision="2026-1",
        published_on="3 novembre 2026",
        accepted_at="4 novembre 2026, 9 h 05",
        doors=("password", "email_otp"),
        application="ViaTrajectoire",
    )
    old = replace(line, address="/account/charters/1", revision="2024-1", doors=())
    of_client = replace(
        line, address="/account/charters/2", of_client="Trajectoire Grand Âge", doors=("cps_unchecked",)
    )
    lines = (
        line,
        of_client,
        *(replace(old, doors=(door,)) for door in ("psc", "cps", "passkey", "password_passkey")),
        replace(old, doors=("activation", "activation_otp")),
        old,
    )
    page = charter_pages.AcceptancePage(
        line=line,
        identity=ELISE,
        text_sha256="4f" * 32,
        is_verified=True,
        text_locale="fr",
        text_html=text_html,
        contents=contents,
    )
    unknown = replace(page, line=old, is_verified=False)
    models = {
        "acceptance": page,
        "acceptance-of-client": replace(page, line=of_client),
        "acceptance-unknown": unknown,
    }
    lists = {"charters": lines, "charters-none": ()}
    return [
        *(State(name, "account/charter.html", model, in_interaction=False) for name, model in models.items()),
        *(
            State(
                name,
                "account/charters.html",
                charter_pages.ChartersPage(acceptances=them),
                in_interaction=False,
            )
            for name, them in lists.items()
        ),
    ]


def _closing() -> list[State]:
    page = ClosingPage(ends_at="4 novembre 2026, 14 h 22", may_keep=True)
    return [
        State("closing", "closing.html", page),
        State("closing-by-password", "closing.html", replace(page, may_keep=False)),
    ]


def every_column() -> tuple[data_pages.KeptTable, ...]:
    """Of each table a row with all that a column may hold."""
    shown = (("text", ""), (None, "none"), (None, "yes"), (None, "no"), (None, "withheld"))
    columns = {
        held.table.name: [name for name in held.table.c.keys() if name not in OF_NO_PERSON]  # noqa: SIM118
        for held in reversed(HELD)
    }
    sessions = ("sid", "account_id", "started_at", "last_seen_at", "proofs", "secrets", "upstream_id_token")
    tables = [
        data_pages.KeptTable(
            name=name,
            rows=(
                tuple(
                    data_pages.KeptValue(column, *shown[number % len(shown)])
                    for number, column in enumerate(names)
                ),
            ),
            left_out=950 if name == "audit_events" else 0,
        )
        for name, names in {**columns, "browser_sessions": sessions}.items()
    ]
    return (*tables, data_pages.KeptTable(name="logout_notices", rows=()))


def _personal_data() -> list[State]:
    asked = data_pages.DataPage(minutes=10, hours=24, is_proved=False)
    page = replace(asked, is_proved=True, kept=every_column())
    models = {
        "data-proof": asked,
        "data": page,
        "data-busy!": replace(page, error="personal_data.busy"),
        "data-closed": replace(asked, is_proved=True, closes_at="4 novembre 2026, 14 h 22"),
    }
    return [State(name, "account/data.html", model, in_interaction=False) for name, model in models.items()]


def _charter(text: str) -> list[State]:
    text_html, contents = charter_with_contents(text)
    first = charter_pages.CharterPage(
        charter="house",
        of_client=False,
        still_due=1,
        text_html=text_html,
        contents=contents,
        text_locale="fr",
        text_sha256="0" * 64,
        revision="2026-1",
        published_on="3 novembre 2026",
        is_new_revision=False,
        error=None,
    )
    second = replace(first, charter="viatrajectoire", of_client=True)
    later = replace(first, is_new_revision=True, due_from="15 décembre 2026", may_wait=True)
    models = {
        "charter-first": replace(first, step=Step(3, 3)),
        "charter-last": first,
        "charter-first-of-two": replace(first, still_due=2, step=Step(3, 4)),
        "charter-new-revision": replace(first, is_new_revision=True),
        "charter-what-changed": replace(first, is_new_revision=True, changes=CHANGES),
        "charter-tick-needed!": replace(first, error="charter.tick_needed"),
        "charter-short": replace(first, text_html=charter_html("Vous gardez le secret."), contents=()),
        "charter-of-two": replace(first, still_due=2),
        "charter-of-client": second,
        "charter-of-client-new-revision": replace(second, is_new_revision=True),
        "charter-of-client-tick-needed!": replace(second, error="charter.tick_needed"),
        "charter-revision-changed!": replace(first, error="charter.revision_changed"),
        "charter-announced": replace(first, due_from="15 décembre 2026"),
        "charter-announced-later": replace(later, changes=CHANGES),
        "charter-announced-later-tick-needed!": replace(later, error="charter.tick_needed"),
        "charter-announced-later-of-client": replace(later, charter="viatrajectoire", of_client=True),
    }
    waiting = Deadline(time="14 h 47", seconds=720, may_prolong=True)
    return [
        *(State(name, "charter.html", model, deadline=waiting) for name, model in models.items()),
        State("charter-last-minutes", "charter.html", first, deadline=replace(waiting, may_prolong=False)),
    ]


def _doors_that_failed() -> list[State]:
    states = [State(f"cps-{reason}!", "cps.html", pages.CpsPage(reason, ALL)) for reason in CPS_REASONS]
    states.append(State("cps-card-only!", "cps.html", pages.CpsPage("none", CARD_ONLY)))
    for reason in PSC_REASONS:
        mark = "" if reason == "cancelled" else "!"
        states.append(State(f"psc-{reason}{mark}", "psc.html", pages.PscPage(reason=reason, doors=ALL)))
    alone = pages.PscPage(reason="misconfigured", doors=replace(NONE, psc=True))
    states.append(State("psc-misconfigured-alone!", "psc.html", alone))
    for reason in ("not_fresh", "no_auth_time"):
        leave = pages.PscPage(reason=reason, doors=ALL, leave="token")
        states.append(State(f"psc-{reason}-leave!", "psc.html", leave))
    states.append(
        State(
            "psc-and-password-only!", "psc.html", pages.PscPage(reason="unavailable", doors=PSC_AND_PASSWORD)
        )
    )
    return states


def _first_connection() -> list[State]:
    open_page = enrolment_pages.FirstConnectionPage(
        name="Élise MARCHAND-LEFÈVRE", cps_open=True, psc_open=True
    )
    return [
        State("first-connection", "first_connection.html", open_page),
        State("first-connection-closed", "first_connection.html", replace(open_page, cps_open=False)),
        State("first-connection-no-psc", "first_connection.html", replace(open_page, psc_open=False)),
    ]


def _same_person() -> list[State]:
    page = pages.SamePersonPage(ELISE, "sid-1", "14 h 02")
    closed = pages.SignedOutPage(
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
        State("enrolment-shared-station", "enrolment.html", enrolment(), is_shared_station=True),
        State("otp-shared-station", "email_otp.html", otp(), is_shared_station=True),
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


#: Every section that there is.
SECTIONS = tuple(
    (name, f"/account/{name}")
    for name in "identity email address password passkeys sessions history charters data".split()
)


def _account() -> list[State]:
    applications = (
        account_pages.Application(
            name="ViaTrajectoire",
            home="https://viatrajectoire.example/",
            logo="/logos/viatrajectoire",
            doors=("psc", "cps", "passkey", "password"),
        ),
        account_pages.Application(name="Orion", home="https://orion.example/", doors=("psc", "cps")),
    )
    models = {
        "account": account_pages.HomePage(
            identity=ELISE, applications=applications, signed_in_since="14 h 02", sections=SECTIONS
        ),
        "account-offers-passkey": account_pages.HomePage(
            identity=ELISE, applications=(), signed_in_since="14 h 02", offers_passkey=True
        ),
        "account-contexts": account_pages.HomePage(
            identity=ELISE,
            applications=applications,
            signed_in_since="14 h 02",
            contexts=(
                account_pages.RememberedContext(
                    client_id="via",
                    application="ViaTrajectoire",
                    structure="CABINET MEDICAL DES LILAS",
                    place="75019 PARIS",
                ),
                account_pages.RememberedContext(
                    client_id="orion", application="Orion", structure="", place=""
                ),
            ),
        ),
        "account-nobody": account_pages.HomePage(
            identity=None,
            applications=tuple(replace(one, doors=()) for one in applications),
            signed_in_since=None,
        ),
        "account-shared-station": account_pages.HomePage(
            identity=ELISE, applications=applications, signed_in_since="14 h 02", station="declared"
        ),
        "account-shared-network": account_pages.HomePage(
            identity=ELISE, applications=applications, signed_in_since="14 h 02", station="network"
        ),
        "account-one-speciality": account_pages.HomePage(
            identity=SPECIALIST, applications=(), signed_in_since="14 h 02"
        ),
        "account-bare": account_pages.HomePage(identity=NURSE, applications=(), signed_in_since=None),
    }
    told = State("account-said", "account/home.html", models["account"], in_interaction=False, is_told=True)
    announced = State(
        *("account-announced", "account/home.html", models["account"]),
        in_interaction=False,
        house=SAID,
        announcement=INFORMED,
    )
    return [
        announced,
        *(State(name, "account/home.html", model, in_interaction=False) for name, model in models.items()),
        told,
    ]


def _passkeys() -> list[State]:
    phone = PasskeyView(
        id="AbC",
        name="Téléphone de garde",
        is_synced=True,
        created_on="23 novembre 2026",
        last_used_on="30 novembre 2026",
    )
    key = PasskeyView(id="DeF", name="", is_synced=False, created_on="23 novembre 2026", last_used_on=None)
    page = PasskeysPage(passkeys=(phone, key), is_proved=True, minutes=10, options='{"user": {}}')
    models = {
        "passkeys": page,
        "passkeys-none": replace(page, passkeys=()),
        "passkeys-unproved": replace(page, is_proved=False, options=""),
        "passkeys-enough": replace(page, options=""),
    }
    errors = ("refused", "stale", "known", "too_many")
    models |= {f"passkeys-{error}!": replace(page, error=f"passkeys.{error}") for error in errors}
    states = [
        State(name, "account/passkeys.html", model, in_interaction=False) for name, model in models.items()
    ]
    shared = State(
        "passkeys-shared", "account/passkeys.html", page, in_interaction=False, is_shared_station=True
    )
    return [*states, shared]


def _new_password() -> list[State]:
    page = account_pages.PasswordPage(
        identity=ELISE,
        is_proved=False,
        is_first=False,
        password_numbers=PASSWORD_NUMBERS,
        minutes=10,
        changed_on="3 mars 2026",
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
        "new-password-done": replace(page, is_done=True),
        "new-password-first": replace(first, is_proved=True),
        "new-password-first-unproved": first,
        "new-password-first-done": replace(first, is_done=True),
    }
    pictures = [
        State(name, "account/password.html", model, in_interaction=False) for name, model in models.items()
    ]
    shared = State(
        "new-password-shared", "account/password.html", page, in_interaction=False, is_shared_station=True
    )
    return [*pictures, shared]


def _address() -> list[State]:
    kept = {"address_line1": "12 rue des Lilas", "address_line2": "", "postal_code": "69001", "city": "Lyon"}
    wrong = account_pages.AddressPage(
        values={**kept, "postal_code": "!", "city": ""},
        errors=(
            enrolment_pages.FieldError("city", "enrolment.required"),
            enrolment_pages.FieldError("postal_code", "enrolment.postal_code_malformed"),
        ),
    )
    page = account_pages.AddressPage(values=kept)
    waiting = Deadline(time="14 h 47", seconds=720, may_prolong=True)
    last = replace(waiting, may_prolong=False)
    return [
        State("address", "account/address.html", page, in_interaction=False, deadline=waiting),
        State("address-last-minutes", "account/address.html", page, in_interaction=False, deadline=last),
        State("address-wrong!", "account/address.html", wrong, in_interaction=False, deadline=waiting),
    ]


def _identity() -> list[State]:
    proofs = (
        account_pages.ProofView(
            source="cps", profession="Médecin", first_on="3 mars 2025", last_on="23 novembre 2026"
        ),
        account_pages.ProofView(source="psc", profession="", first_on="4 mars 2025", last_on="4 mars 2025"),
    )
    page = account_pages.IdentityPage(
        identity=ELISE, source="cps", verified_on="23 novembre 2026", proofs=proofs
    )
    by_psc = replace(page, source="psc", proofs=())
    return [
        State("identity", "account/identity.html", page, in_interaction=False),
        State("identity-psc", "account/identity.html", by_psc, in_interaction=False),
    ]


def _session(number: int, door: str, origin: Origin, *applications: str) -> SessionView:
    is_here = number == 0
    return SessionView(
        sid=f"sid-{number}",
        door=door,
        origin=origin_view(origin),
        applications=applications,
        since="30 novembre 2026, 8 h 41",
        seen="" if is_here else "30 novembre 2026, 9 h 12",
        is_here=is_here,
    )


#: All that may be known of where a session began.
ORIGINS = (
    Origin(browser="Firefox", system="Windows", network="CHU de Lille", is_of_house=True),
    Origin(browser="Safari", system="iPhone", network="2001:db8:5::/48"),
    Origin(system="Linux", network="203.0.113.x"),
    Origin(browser="Chrome", is_of_house=True),
    Origin(),
)


def _sessions() -> list[State]:
    named = zip(("cps", "psc", "password", "other", "passkey"), ORIGINS, strict=True)
    several = [_session(number, door, origin) for number, (door, origin) in enumerate(named)]
    several[0] = replace(several[0], applications=("ViaTrajectoire", "Trajectoire Grand Âge"))
    models = {"sessions": SessionsPage(tuple(several)), "sessions-alone": SessionsPage((several[0],))}
    return [
        State(name, "account/sessions.html", model, in_interaction=False) for name, model in models.items()
    ]


#: Every event that is told, with every fact by which its words differ.
ENTRIES = [
    HistoryEntry(id=number, at=NOON, event=event, client_id=None, facts={TOLD[event] or "none": fact})
    for number, (event, fact) in enumerate(
        (event, fact) for event in TOLD for fact in ("", *sorted(VARIANTS.get(event, ())))
    )
]


def _history() -> list[State]:
    views = [
        EntryView(
            id=entry.id,
            hour="14 h 02",
            words=words_of(entry),
            application="ViaTrajectoire" if entry.id % 3 else "",
            is_doubtful=is_doubtful(entry),
        )
        for entry in ENTRIES
    ]
    days = (DayView("30 novembre 2026", tuple(views[:4])), DayView("29 novembre 2026", tuple(views[4:])))
    report = ReportPage(
        entry=views[0], day="30 novembre 2026", closes_password=True, help_desk="03 20 00 00 00, poste 4242"
    )
    pages_of_history = {
        "history": HistoryPage(days=days, older="/account/history?before=12", is_older=False),
        "history-older": HistoryPage(days=days[:1], older=None, is_older=True),
        "history-nothing": HistoryPage(days=(), older=None, is_older=False),
    }
    reports = {
        "report": report,
        "report-no-password": replace(report, closes_password=False),
        "report-passkey": replace(report, closes_password=False, removes_passkey=True),
        "report-passkey-added": replace(
            report, closes_password=False, removes_passkey=True, was_passkey_added=True
        ),
        "report-done": replace(report, is_done=True),
        "report-done-passkey": replace(report, closes_password=False, removes_passkey=True, is_done=True),
        "report-done-no-password": replace(report, closes_password=False, help_desk="", is_done=True),
    }
    return [
        State(name, f"account/{template}.html", model, in_interaction=False)
        for template, models in (("history", pages_of_history), ("report", reports))
        for name, model in models.items()
    ]


def code_entry(**changes: Any) -> email_pages.CodeEntry:
    entry = email_pages.CodeEntry(
        expires_at_local="14 h 32",
        minutes_left=10,
        tries_left=5,
        notice=None,
        notice_is_error=False,
        can_enter=True,
        seconds_before_resend=42,
    )
    return replace(entry, **changes)


def waiting(**changes: Any) -> email_pages.AddressEntry:
    address = "elise.marchand@cabinet-des-lilas.example"
    return email_pages.AddressEntry(typed=address, waiting=address, code=code_entry(**changes))


def _email() -> list[State]:
    address = "elise.marchand-lefevre@hopital.example"
    typed = email_pages.AddressEntry(typed=address)
    wrong = {"notice_is_error": True, "seconds_before_resend": 0}
    section = email_pages.EmailPage(
        address=address, proved_on="3 novembre 2025", is_proved=True, minutes=10, entry=typed
    )
    of_section = {
        "email": section,
        "email-unproved": replace(section, address="e•••@hopital.example", is_proved=False),
        "email-shared": replace(section, is_shared=True),
        "email-typed-before": replace(section, typed="elise@cabinet.example"),
        "email-malformed!": replace(section, entry=replace(typed, error="enrolment.email_malformed")),
        "email-taken!": replace(section, entry=replace(typed, error="enrolment.email_taken")),
        "email-quota!": replace(section, entry=replace(typed, error="email_otp.quota")),
        "email-code": replace(section, entry=waiting()),
        "email-code-resent": replace(section, entry=waiting(notice="email_otp.resent")),
        "email-code-refused!": replace(
            section, entry=waiting(notice="email_otp.refused", tries_left=1, **wrong)
        ),
        "email-code-busy!": replace(section, entry=waiting(notice="email_otp.busy", **wrong)),
        "email-code-expired!": replace(
            section, entry=waiting(notice="email_otp.expired", can_enter=False, **wrong)
        ),
        "email-code-closed!": replace(
            section, entry=waiting(notice="email_otp.closed_address", can_enter=False, **wrong)
        ),
    }
    proved_until = Deadline(time="14 h 32", seconds=540, may_prolong=True, by_proof=True, leaves=True)
    again = email_pages.EmailAgainPage(proved_on="3 novembre 2025", may_put_off=True, entry=typed)
    of_stop = {
        "email-again": again,
        "email-again-offered": replace(
            again, offered="elise@cabinet.example", entry=replace(typed, typed="elise@cabinet.example")
        ),
        "email-again-last": replace(again, may_put_off=False),
        "email-again-malformed!": replace(again, entry=replace(typed, error="enrolment.required")),
        "email-again-code": replace(again, entry=waiting()),
        "email-again-code-expired!": replace(
            again, entry=waiting(notice="email_otp.expired", can_enter=False, **wrong)
        ),
    }
    ask = email_pages.EmailUndoPage(
        state="ask", token="t" * 43, changed_at="3 novembre 2026, 14 h 22", help_desk=""
    )
    closed = email_pages.PasswordClosedPage(
        motive="email_disowned", closed_at="3 novembre 2026, 14 h 22", help_desk="01 02 03 04 05"
    )
    return [
        *(
            State(name, "account/email.html", one, in_interaction=False, deadline=proved_until)
            for name, one in of_section.items()
        ),
        *_password_renewal(),
        *_activation(),
        *(State(name, "email_again.html", one) for name, one in of_stop.items()),
        *(
            State(f"email-undo-{one.state}", "account/email_undo.html", one, in_interaction=False)
            for one in (
                ask,
                replace(ask, state="done", help_desk="01 02 03 04 05"),
                replace(ask, state="gone", changed_at=""),
            )
        ),
        State("password-closed", "password_closed.html", closed),
        State("password-closed-reported", "password_closed.html", replace(closed, motive="reported")),
    ]


def _password_renewal() -> Iterator[State]:
    waiting = Deadline(time="14 h 47", seconds=720, may_prolong=True)
    page = pages.PasswordRenewalPage(rpps=ELISE.rpps, password_numbers=PASSWORD_NUMBERS)
    for name, error in (("leaked!", "enrolment.password_leaked"), ("busy!", "enrolment.busy"), ("", None)):
        named = f"password-renewal{'-' if name else ''}{name}"
        yield State(named, "password_renewal.html", replace(page, error=error), deadline=waiting)
    yield State("password-renewal-shared", "password_renewal.html", page, is_shared_station=True)


def _activation() -> Iterator[State]:
    page = pages.ActivationPage(rpps="", password_numbers=PASSWORD_NUMBERS)
    waiting = Deadline(time="14 h 47", seconds=720, may_prolong=True)
    errors = {"refused": "activation.refused", "weak": "enrolment.password_weak"}
    errors |= {"network": "password.network", "busy": "enrolment.busy"}
    yield State("activation", "activation.html", page, deadline=waiting)
    for name, error in errors.items():
        yield State(f"activation-{name}!", "activation.html", replace(page, rpps=ELISE.rpps, error=error))


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


FRAMES = (pages.LogoutFrame("Trajectoire Grand Âge", "https://grand-age.example/out?iss=i&sid=s"),)


def _signed_out() -> list[State]:
    back = "https://viatrajectoire.example/"
    models = {
        "signed-out-confirm": pages.SignedOutPage(
            state="confirm",
            identity=ELISE,
            return_name="ViaTrajectoire",
            return_url=back,
            request="opaque",
        ),
        "signed-out-confirm-nobody": pages.SignedOutPage(
            state="confirm",
            identity=None,
            return_name=None,
            return_url=None,
            request="opaque",
        ),
        "signed-out-done": pages.SignedOutPage(
            state="done", identity=None, return_name=None, return_url=None, request=""
        ),
        "signed-out-done-psc": pages.SignedOutPage(
            state="done",
            identity=None,
            return_name="ViaTrajectoire",
            return_url=back,
            request="",
            psc_is_open=True,
        ),
        "signed-out-done-psc-alone": pages.SignedOutPage(
            state="done", identity=None, return_name=None, return_url=None, request="", psc_is_open=True
        ),
        "signed-out-return-refused": pages.SignedOutPage(
            state="done",
            identity=None,
            return_name="ViaTrajectoire",
            return_url=back,
            request="",
            return_refused=True,
        ),
        "signed-out-told": pages.SignedOutPage(
            state="done",
            identity=None,
            return_name="ViaTrajectoire",
            return_url=back,
            request="",
            told=("Trajectoire Grand Âge", "Dossier partagé"),
            frames=FRAMES,
        ),
        "signed-out-on-the-way-back": pages.SignedOutPage(
            state="done",
            identity=None,
            return_name="ViaTrajectoire",
            return_url=back,
            request="",
            told=("Trajectoire Grand Âge",),
            frames=FRAMES,
            onward_url="https://trajectoire.example/signed-out?state=a+b%26c",
        ),
        "signed-out-on-the-way-to-psc": pages.SignedOutPage(
            state="done",
            identity=None,
            return_name=None,
            return_url=None,
            request="",
            told=("Trajectoire Grand Âge",),
            frames=FRAMES,
            onward_url="https://psc.example/logout?state=x&id_token_hint=y",
            onward="psc",
        ),
    }
    return [
        State(name, "signed_out.html", model, in_interaction="nobody" not in name)
        for name, model in models.items()
    ]


def _errors() -> list[State]:
    states = [
        State(
            f"error-{name}!",
            "error.html",
            pages.ErrorPage(
                key=f"error.{name}", incident="K7QF-2M9D", retry_path=None, return_url=None, return_name=None
            ),
            in_interaction=False,
        )
        for name in ERROR_NAMES
    ]
    with_ways_on = pages.ErrorPage(
        key="error.interaction_expired",
        incident=None,
        retry_path="/interaction/AbC/restart",
        return_url="https://viatrajectoire.example/",
        return_name="ViaTrajectoire",
    )
    nameless = replace(with_ways_on, return_name=None, retry_path=None)
    passing = replace(
        nameless, key="error.unavailable", return_url=None, incident="K7QF-2M9D", again="/interaction/AbC"
    )
    crowded = replace(nameless, key="error.rate_limited", return_name="ViaTrajectoire", again="")
    disabled = replace(nameless, key="error.account_disabled", motive="Départ de l'établissement")
    return [
        *states,
        State("error-with-ways-on!", "error.html", with_ways_on),
        State("error-nameless-return!", "error.html", nameless),
        State("error-passing!", "error.html", passing),
        State("error-crowded!", "error.html", crowded, in_interaction=False),
        State("error-disabled-with-motive!", "error.html", disabled),
    ]


def mails(client_name: str = "ViaTrajectoire") -> list[CodeMail]:
    login = CodeMail(
        code="48213907",
        minutes=10,
        until="14 h 32",
        purpose="login",
        client_name=client_name,
        requested_at="3 novembre 2026 à 14 h 22",
    )
    return [replace(login, purpose=purpose) for purpose in ("login", "enrolment", "address")]


def last_minute_mail() -> CodeMail:
    """Of an installation where a code lives for a minute."""
    return replace(mails()[0], minutes=1)


def new_browser_mails(*origins: Origin) -> list[NewBrowserMail]:
    """`origins`: those of the first mail."""
    sign_ins = [
        SignInInMail(at="3 novembre 2026, 14 h 22", door=door, origin=origin_view(origin))
        for door, origin in zip(
            ("cps", "psc", "password", "other", "passkey"), origins or ORIGINS, strict=False
        )
    ]
    return [
        NewBrowserMail(sign_ins=tuple(sign_ins), more=3, help_desk="03 20 00 00 00, poste 4242"),
        NewBrowserMail(sign_ins=(sign_ins[0],), more=0, help_desk=""),
    ]


def notices() -> list[NoticeMail]:
    told = [NoticeMail(notice=str(notice), happened_at="3 novembre 2026, 14 h 22") for notice in Notice]
    disabled = next(mail for mail in told if mail.notice == Notice.ACCOUNT_DISABLED)
    return [
        *told,
        replace(disabled, motive="Départ de l'établissement"),
        replace(told[0], whose="Élise MARCHAND-LEFÈVRE"),
    ]


def receipts() -> list[CharterReceiptMail]:
    of_house = CharterReceiptMail(
        client_name="",
        revision="2026-1",
        accepted_at="3 novembre 2026, 14 h 22",
        text_sha256="4f" * 32,
        address="https://caducee.example/account/charters/3",
    )
    return [of_house, replace(of_house, client_name="Trajectoire Grand Âge")]


def reminders() -> list[CharterReminderMail]:
    of_house = CharterReminderMail(
        applications=(),
        revision="2027-1",
        due_from="15 décembre 2026",
        address="https://caducee.example/",
    )
    two = ("Trajectoire Grand Âge", "ViaTrajectoire")
    return [of_house, replace(of_house, applications=two, address="")]


def email_changed_mails() -> list[EmailChangedMail]:
    mail = EmailChangedMail(
        happened_at="3 novembre 2026, 14 h 22",
        link="https://idp.example/account/email/undo/" + "t" * 43,
        until="6 novembre 2026, 14 h 22",
        help_desk="",
    )
    return [mail, replace(mail, help_desk="01 02 03 04 05")]
