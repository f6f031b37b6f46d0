"""Contains the one table of authenticators, and the doors by which this service opens them to a client.

Every other use is derived from the row: paths, acr and rank (`assurance`), the page in the middle of a path
(`next_stop`), amr (`record.event_of`), the names that clients.yaml may use. Not here: the pages due (`stop`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Literal

from idp.accounts.account import Account
from idp.interaction.stop import Stop

#: For the type checker. A test holds that the rows below have the same names.
AuthenticatorId = Literal[
    "psc",
    "cps",
    "passkey",
    "password_passkey",
    "cps_unchecked",
    "password",
    "email_otp",
    "activation",
    "activation_otp",
]
Path = tuple[AuthenticatorId, ...]
Paths = tuple[Path, ...]


class Acr(StrEnum):
    """Our own values (docs/adr/0005). We never send an `eidasN` string (facts/security D1)."""

    PWD_OTP = "urn:caducee:acr:pwd-otp"
    CPS_UNCHECKED = "urn:caducee:acr:cps-unchecked"
    PASSKEY = "urn:caducee:acr:passkey"
    CPS = "urn:caducee:acr:cps"
    PSC = "urn:caducee:acr:psc"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatorRow:
    """All that the routing of a login knows about one authenticator."""

    id: AuthenticatorId
    #: The name under which settings and clients.yaml open and close it.
    door: str
    #: RFC 8176 §2 values only. Empty: each event has its own, from the upstream or of the passkey.
    amr: tuple[str, ...] = ()
    #: What is proved before it on its path. Empty: the path begins here.
    after: Path = ()
    #: Its page; an authenticator that begins a path is on the choice page. It decides also which error a silent request
    #: gets (`SILENT_ERROR`).
    stop: Stop = Stop.CHOICE
    #: What the path that ends here earns. None: another authenticator must follow.
    acr: Acr | None = None
    #: Of that acr: where it is asked for, an acr of the same rank or a higher one is accepted.
    rank: int = 0
    #: A proof of the person's identity: on it alone a new password may be chosen (facts/security D2).
    identifies: bool = False
    #: Open only while the operator's bypass lasts (docs/adr/0017).
    is_bypass: bool = False
    #: Open only where a passkey is demanded after the password, by the operator or of a person whose mailbox others
    #: read too (True), or only where not (False).
    if_passkey_demanded: bool | None = None


_CARD_AMR = ("sc", "pin", "hwk", "mfa")

#: Strongest first; `cps` and `psc` are of one rank (docs/adr/0005).
_ROWS = (
    AuthenticatorRow(id="psc", door="psc", acr=Acr.PSC, rank=3, identifies=True),
    AuthenticatorRow(id="cps", door="cps", amr=_CARD_AMR, acr=Acr.CPS, rank=3, identifies=True),
    # Two factors by itself, and no proof of identity: the card or Pro Santé Connect came before it (docs/adr/0040).
    AuthenticatorRow(id="passkey", door="passkey", acr=Acr.PASSKEY, rank=2),
    # The same passkey in place of the mail code: goes by the password's name, as that does.
    AuthenticatorRow(
        id="password_passkey",
        door="password",
        after=("password",),
        stop=Stop.PASSKEY,
        acr=Acr.PASSKEY,
        rank=2,
        if_passkey_demanded=True,
    ),
    # A card let in under the operator's bypass, its revocation status unknown: worth no more than a password.
    AuthenticatorRow(
        id="cps_unchecked", door="cps", amr=_CARD_AMR, acr=Acr.CPS_UNCHECKED, rank=1, is_bypass=True
    ),
    AuthenticatorRow(id="password", door="password", amr=("pwd",)),
    AuthenticatorRow(
        id="email_otp",
        door="password",
        amr=("otp",),
        after=("password",),
        stop=Stop.EMAIL_OTP,
        acr=Acr.PWD_OTP,
        rank=1,
        if_passkey_demanded=False,
    ),
    # A code that an administrator handed over, in place of the password (docs/adr/0044), and the code by mail after it:
    # two codes that count once, so never `pwd`, though a password is chosen. Worth the least there is.
    AuthenticatorRow(id="activation", door="password", amr=("otp",)),
    AuthenticatorRow(
        id="activation_otp",
        door="password",
        amr=("otp",),
        after=("activation",),
        stop=Stop.EMAIL_OTP,
        acr=Acr.PWD_OTP,
        rank=1,
        if_passkey_demanded=False,
    ),
)
AUTHENTICATORS: Mapping[AuthenticatorId, AuthenticatorRow] = {row.id: row for row in _ROWS}

#: What settings and clients.yaml may open and close, in the order of the rows.
DOORS = tuple(dict.fromkeys(row.door for row in _ROWS))


@dataclass(frozen=True, slots=True)
class Doors:
    """The authenticators that the operator opened; each client may close some for itself."""

    opened: frozenset[AuthenticatorId]
    #: What this client's configuration allows: names of doors. The mail code has that of the password.
    allowed_for: Callable[[str], tuple[str, ...]]
    #: In place of `opened` for a person whose mailbox others read too: no mail code, and a passkey after the password.
    opened_to_sharers: frozenset[AuthenticatorId] = frozenset()

    def usable(self, client_id: str, account: Account | None = None) -> frozenset[AuthenticatorId]:
        """Returns what neither the operator nor this client closed, nor the mailbox of this person, if one is known."""
        is_sharing = account is not None and account.is_mailbox_shared
        opened = self.opened_to_sharers if is_sharing else self.opened
        return _usable(opened, self.allowed_for(client_id))


def house_doors(
    opened: Mapping[str, bool],
    *,
    has_bypass: bool,
    is_passkey_demanded: bool,
    allowed_for: Callable[[str], tuple[str, ...]],
) -> Doors:
    """Returns the doors of this service. `opened`: what the operator's settings say, by the name of the door.

    `is_passkey_demanded`: after the password, in place of the mail code.
    """

    def ids(is_demanded: bool) -> frozenset[AuthenticatorId]:
        return frozenset(
            row.id
            for row in _ROWS
            if opened[row.door]
            and (has_bypass or not row.is_bypass)
            and row.if_passkey_demanded in (None, is_demanded)
        )

    own = ids(is_passkey_demanded)
    # No code by mail, whatever it would complete: without passkeys nothing follows such a person's password.
    codes = frozenset(row.id for row in _ROWS if row.if_passkey_demanded is False)
    to_sharers = ids(True) if opened["passkey"] else own - codes
    return Doors(own, allowed_for, to_sharers)


#: RFC 8176 §2, by whether the passkey may leave its device: what it says of itself, attested by nobody (docs/adr/0040).
_PASSKEY_AMR = {False: ("hwk", "user", "mfa"), True: ("swk", "user", "mfa")}


def passkey_amr(*, is_synced: bool) -> tuple[str, ...]:
    """Returns what a use of this passkey proves: possession, presence, and the person verified by its device."""
    return _PASSKEY_AMR[is_synced]


# There are as many answers as combinations of doors that settings and clients name, and each request asks thrice.
@lru_cache(maxsize=256)
def _usable(opened: frozenset[AuthenticatorId], allowed: tuple[str, ...]) -> frozenset[AuthenticatorId]:
    return frozenset(id for id in opened if AUTHENTICATORS[id].door in allowed)


@lru_cache(maxsize=256)
def usable_paths(usable: frozenset[AuthenticatorId], paths: Paths) -> Paths:
    """Returns those of `paths` whose every door is among the usable ones."""
    return tuple(path for path in paths if usable.issuperset(path))
