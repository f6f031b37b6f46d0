"""From records to what pages show of them; shared by flows and endpoints."""

from idp.accounts.account import ProvedIdentity
from idp.pages import IdentityView


def identity_view(identity: ProvedIdentity) -> IdentityView:
    return IdentityView(
        family_name=identity.family_name,
        given_name=identity.given_name,
        profession=identity.profession.label if identity.profession else "",
        specialities=tuple(speciality.label for speciality in identity.specialities),
        rpps=identity.rpps,
    )
