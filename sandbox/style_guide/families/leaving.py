"""Contains what is kept of a person, the account that ends, and the sign-out."""

from collections.abc import Iterator
from dataclasses import replace

from idp.adapters.sql.personal_data import HELD
from idp.flows.shared.kept_data import OF_NO_PERSON
from idp.pages import closing as closing_pages
from idp.pages import personal_data as data_pages
from idp.pages.signed_out import SignedOutPage
from sandbox.style_guide.cast import ELISE, FRAMES, moment
from sandbox.style_guide.state import State


def _closing(locale: str) -> list[State]:
    ends_at = moment(locale, "2026-11-04 14:22")
    page = closing_pages.ClosingPage(ends_at=ends_at, may_keep=True)
    return [
        State("closing", "closing.html", page),
        State("closing-by-password", "closing.html", replace(page, may_keep=False)),
        *(State(name, template, model, in_interaction=False) for name, template, model in _close(ends_at)),
    ]


def _close(ends_at: str) -> Iterator[tuple[str, str, object]]:
    page = closing_pages.ClosePage(ends_at=ends_at)
    several = ("ViaTrajectoire", "Trajectoire Grand Âge")
    yield "close", "account/close.html", replace(page, told=several, untold=("Dossier partagé",))
    yield "close-nothing-open", "account/close.html", page
    yield "close-asked", "account/closing_asked.html", closing_pages.ClosingAskedPage(ends_at)


#: Of most people there is none of these.
_SELDOM = ("dead_mails", "outbox", "email_undos", "activations", "passkey_offers", "passkeys")


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
    return tuple(tables)


def _personal_data() -> list[State]:
    asked = data_pages.DataPage(minutes=10, is_proved=False)
    page = replace(asked, is_proved=True, kept=every_column())
    models = {
        "data-proof": asked,
        "data": page,
        "data-some-empty": replace(
            page,
            kept=tuple(one for one in page.kept if one.name not in _SELDOM),
            empty=_SELDOM,
        ),
        "data-busy!": replace(page, error="personal_data.busy"),
    }
    return [State(name, "account/data.html", model, in_interaction=False) for name, model in models.items()]


def _signed_out() -> list[State]:
    back = "https://viatrajectoire.example/"
    models = {
        "signed-out-confirm": SignedOutPage(
            state="confirm",
            identity=ELISE,
            return_name="ViaTrajectoire",
            return_url=back,
            request="opaque",
        ),
        "signed-out-confirm-nobody": SignedOutPage(
            state="confirm",
            identity=None,
            return_name=None,
            return_url=None,
            request="opaque",
        ),
        "signed-out-done": SignedOutPage(
            state="done", identity=None, return_name=None, return_url=None, request=""
        ),
        "signed-out-done-psc": SignedOutPage(
            state="done",
            identity=None,
            return_name="ViaTrajectoire",
            return_url=back,
            request="",
            psc_is_open=True,
        ),
        "signed-out-done-psc-alone": SignedOutPage(
            state="done", identity=None, return_name=None, return_url=None, request="", psc_is_open=True
        ),
        "signed-out-return-refused": SignedOutPage(
            state="done",
            identity=None,
            return_name="ViaTrajectoire",
            return_url=back,
            request="",
            return_refused=True,
        ),
        "signed-out-told": SignedOutPage(
            state="done",
            identity=None,
            return_name="ViaTrajectoire",
            return_url=back,
            request="",
            told=("Trajectoire Grand Âge", "Dossier partagé"),
            frames=FRAMES,
        ),
        "signed-out-on-the-way-back": SignedOutPage(
            state="done",
            identity=None,
            return_name="ViaTrajectoire",
            return_url=back,
            request="",
            told=("Trajectoire Grand Âge",),
            frames=FRAMES,
            onward_url="https://trajectoire.example/signed-out?state=a+b%26c",
        ),
        "signed-out-on-the-way-to-psc": SignedOutPage(
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


def states(locale: str) -> list[State]:
    return [
        *_personal_data(),
        *_closing(locale),
        *_signed_out(),
    ]
