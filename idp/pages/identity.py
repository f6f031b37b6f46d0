"""From records to what pages show of them. Shared by flows and endpoints."""

from idp.accounts.account import ProvedIdentity
from idp.accounts.practice import Practice
from idp.pages.sign_in import IdentityView


def identity_view(identity: ProvedIdentity) -> IdentityView:
    return IdentityView(
        family_name=identity.family_name,
        given_name=identity.given_name,
        profession=identity.profession.label if identity.profession else "",
        specialities=tuple(speciality.label for speciality in identity.specialities),
        rpps=identity.rpps,
    )


def place_of(practice: Practice) -> str:
    """`bureauCedex` is "75009 PARIS" in some samples, "PARIS" in others (facts/psc §4)."""
    city = practice.city.removeprefix(practice.postal_code).strip()
    return " ".join(part for part in (practice.postal_code, city) if part)
