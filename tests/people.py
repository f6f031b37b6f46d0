"""Accounts, identities and interactions the tests of the reasoning rooms are played with. All invented."""

import dataclasses
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from idp.accounts.account import Account, AccountId, PostalAddress, ProvedIdentity
from idp.accounts.standing import Standing
from idp.cards.nomenclature import CodedLabel
from idp.interaction.authenticator import DOORS, Acr, AuthenticatorId, Doors, house_doors
from idp.interaction.record import AuthenticationEvent, Interaction
from tests.fakes import NOON

ALICE = AccountId("account-alice")
BOB = AccountId("account-bob")
ALICE_RPPS = "10000000017"


def an_identity(**changes: Any) -> ProvedIdentity:
    identity = ProvedIdentity(
        rpps=ALICE_RPPS,
        family_name="DUPONT-NŒL",
        given_name="Aïcha",
        profession=CodedLabel("10", "Médecin"),
        specialities=(CodedLabel("SM26", "Qualifié en médecine générale"),),
        source="cps",
        verified_at=NOON,
        evidence="ab" * 32,
    )
    return dataclasses.replace(identity, **changes)


def an_account(**changes: Any) -> Account:
    account = Account(
        id=ALICE,
        subject="subject-alice",
        identity=an_identity(),
        email="aicha.dupont@hopital.example",
        email_verified_at=NOON,
        password_hash="",
        address=PostalAddress(line1="1 rue de l'Église", line2="", postal_code="75001", city="Paris"),
        created_at=NOON,
    )
    return dataclasses.replace(account, **changes)


def a_standing(account: Account | None = None, **changes: Any) -> Standing:
    """Nothing is due."""
    return dataclasses.replace(Standing(account=account or an_account(), due=()), **changes)


def an_interaction(**changes: Any) -> Interaction:
    interaction = Interaction(
        id="interaction-1",
        client_id="viatrajectoire",
        request={"redirect_uri": "https://rp.test/cb", "state": "s"},
        needed=Acr.PWD_OTP,
        silent=False,
        browser="f" * 64,
        locale="fr",
        started_at=NOON,
        expires_at=NOON + timedelta(minutes=15),
    )
    return dataclasses.replace(interaction, **changes)


_AMR: dict[AuthenticatorId, tuple[str, ...]] = {
    "psc": ("sc", "pin"),
    "cps": ("sc", "pin", "hwk", "mfa"),
    "cps_unchecked": ("sc", "pin", "hwk", "mfa"),
    "passkey": ("hwk", "user", "mfa"),
    "password_passkey": ("swk", "user", "mfa"),
    "password": ("pwd",),
    "email_otp": ("otp",),
}


def an_event(authenticator: AuthenticatorId, minutes: float = 0, **changes: Any) -> AuthenticationEvent:
    """`minutes` after noon."""
    event = AuthenticationEvent(
        authenticator=authenticator, amr=_AMR[authenticator], at=NOON + timedelta(minutes=minutes)
    )
    return dataclasses.replace(event, **changes)


def doors(open_doors: Iterable[str], *, is_passkey_demanded: bool = False) -> Doors:
    """The house's doors, these ones open to every client."""
    opened = {door: door in open_doors for door in DOORS}
    return house_doors(
        opened,
        has_bypass=True,
        is_passkey_demanded=is_passkey_demanded,
        allowed_for=lambda client: DOORS,
    )


#: Nothing of it is seen: control, surrogate, separator, format.
_UNSEEN = ("Cc", "Cs", "Cf", "Zl", "Zp")


def written_names() -> SearchStrategy[str]:
    """Every name that can be printed, in any script and form, without outer spaces."""
    letters = st.characters(exclude_categories=("Zs", *_UNSEEN))
    inside = st.text(st.characters(exclude_categories=_UNSEEN), max_size=58)
    return st.builds("{}{}{}".format, letters, inside, letters)
