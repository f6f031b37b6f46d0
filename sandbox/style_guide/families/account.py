"""Contains the home of « Mon compte », and who the person is: identity, address, passkeys."""

from dataclasses import replace

from idp.pages import account as account_pages
from idp.pages import enrolment as enrolment_pages
from idp.pages.frame import Deadline
from idp.pages.passkeys import PasskeysPage, PasskeyView
from sandbox.style_guide.cast import ELISE, NURSE, SPECIALIST, day, hour
from sandbox.style_guide.houses import INFORMED, SAID
from sandbox.style_guide.state import State

#: Every section that there is.
SECTIONS = tuple(
    (name, f"/account/{name}")
    for name in "identity email address password passkeys sessions history charters data".split()
)


def _account(locale: str) -> list[State]:
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
            identity=ELISE,
            applications=applications,
            signed_in_since=hour(locale, "14:02"),
            sections=SECTIONS,
        ),
        "account-offers-passkey": account_pages.HomePage(
            identity=ELISE, applications=(), signed_in_since=hour(locale, "14:02"), offers_passkey=True
        ),
        "account-contexts": account_pages.HomePage(
            identity=ELISE,
            applications=applications,
            signed_in_since=hour(locale, "14:02"),
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
            identity=ELISE,
            applications=applications,
            signed_in_since=hour(locale, "14:02"),
            station="declared",
        ),
        "account-shared-network": account_pages.HomePage(
            identity=ELISE,
            applications=applications,
            signed_in_since=hour(locale, "14:02"),
            station="network",
        ),
        "account-one-speciality": account_pages.HomePage(
            identity=SPECIALIST, applications=(), signed_in_since=hour(locale, "14:02")
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


def _passkeys(locale: str) -> list[State]:
    phone = PasskeyView(
        id="AbC",
        name="Téléphone de garde",
        is_synced=True,
        created_on=day(locale, "2026-11-23"),
        last_used_on=day(locale, "2026-11-30"),
    )
    key = PasskeyView(
        id="DeF", name="", is_synced=False, created_on=day(locale, "2026-11-23"), last_used_on=None
    )
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


def _address(locale: str) -> list[State]:
    kept = {"address_line1": "12 rue des Lilas", "address_line2": "", "postal_code": "69001", "city": "Lyon"}
    wrong = account_pages.AddressPage(
        values={**kept, "postal_code": "!", "city": ""},
        errors=(
            enrolment_pages.FieldError("postal_code", "enrolment.postal_code_malformed"),
            enrolment_pages.FieldError("city", "enrolment.required"),
        ),
    )
    page = account_pages.AddressPage(values=kept)
    waiting = Deadline(time=hour(locale, "14:47"), seconds=720, may_prolong=True)
    last = replace(waiting, may_prolong=False)
    return [
        State("address", "account/address.html", page, in_interaction=False, deadline=waiting),
        State("address-last-minutes", "account/address.html", page, in_interaction=False, deadline=last),
        State("address-wrong!", "account/address.html", wrong, in_interaction=False, deadline=waiting),
    ]


def _identity(locale: str) -> list[State]:
    proofs = (
        account_pages.ProofView(
            source="cps",
            profession="Médecin",
            first_on=day(locale, "2025-03-03"),
            last_on=day(locale, "2026-11-23"),
        ),
        account_pages.ProofView(
            source="psc", profession="", first_on=day(locale, "2025-03-04"), last_on=day(locale, "2025-03-04")
        ),
    )
    page = account_pages.IdentityPage(
        identity=ELISE, source="cps", verified_on=day(locale, "2026-11-23"), proofs=proofs
    )
    by_psc = replace(page, source="psc", proofs=())
    return [
        State("identity", "account/identity.html", page, in_interaction=False),
        State("identity-psc", "account/identity.html", by_psc, in_interaction=False),
    ]


def states(locale: str) -> list[State]:
    return [
        *_account(locale),
        *_identity(locale),
        *_address(locale),
        *_passkeys(locale),
    ]
