"""Contains the claims of an account, by name. An attribute that is not listed reaches no client (facts/security AZ14).

Not here: which scope releases which (`clients/scopes`).
"""

from collections.abc import Callable, Container, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from idp.accounts.account import Account
from idp.clients.registry import Client
from idp.clients.scopes import claims_of
from idp.interaction.assurance import Assurance
from idp.interaction.authenticator import Acr


def _coded(value: Any) -> dict[str, str]:
    return {"code": value.code, "label": value.label}


def _address(account: Account) -> dict[str, str]:
    """OpenID Connect Core §5.1.1, without the empty members."""
    address = account.address
    street = "\n".join(line for line in (address.line1, address.line2) if line)
    told = {
        "formatted": f"{street}\n{address.postal_code} {address.city}",
        "street_address": street,
        "postal_code": address.postal_code,
        "locality": address.city,
        "country": address.country,
    }
    return {member: text for member, text in told.items() if text}


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_VALUE_OF: Mapping[str, Callable[[Account], Any]] = {
    "name": lambda account: account.identity.full_name,
    # A person may have one name only. Core §5.3.2: absent rather than empty.
    "family_name": lambda account: account.identity.family_name or None,
    "given_name": lambda account: account.identity.given_name or None,
    "locale": lambda account: account.locale,
    "email": lambda account: account.email,
    "email_verified": lambda account: True,
    "address": _address,
    "rpps": lambda account: account.identity.rpps,
    "preferred_username": lambda account: account.identity.rpps,
    # PS_IdNat as in the card and in Pro Santé Connect: type 8, then the RPPS (facts/cps §3).
    "SubjectNameID": lambda account: f"8{account.identity.rpps}",
    "profession": lambda account: account.identity.profession and _coded(account.identity.profession),
    "specialities": lambda account: [_coded(value) for value in account.identity.specialities],
    "identity_source": lambda account: account.identity.source,
    "identity_verified_at": lambda account: _instant(account.identity.verified_at),
}


def released_names(scopes: Iterable[str], asked: Iterable[str], allowed: Container[str]) -> tuple[str, ...]:
    """Returns the claims of the granted scopes and single ones `asked` for, cut to what the client is `allowed` today.

    Some names may stand twice.
    """
    return tuple([name for name in (*claims_of(scopes), *asked) if name in allowed])


def id_token_names(client: Client, scope: str, asked: Iterable[str]) -> tuple[str, ...]:
    """Returns the claims of the person for an ID Token: those `asked` for, and those that the registration wants there.

    The latter as far as the granted `scope` (space-separated) would give them at userinfo.
    """
    granted = claims_of(scope.split())
    own = [name for name in client.id_token_claims if name in granted]
    return released_names((), (*own, *asked), client.releasable)


def named_claims(account: Account, names: Iterable[str]) -> dict[str, Any]:
    """Returns these claims of the account, without the empty ones (Core §5.3.2: absent rather than null).

    Other names are ignored, `sub` too, which is the relying party's own (`subject`).
    """
    known = {name: _VALUE_OF[name](account) for name in names if name in _VALUE_OF}
    return {name: value for name, value in known.items() if value is not None}


def authentication_claims(assurance: Assurance, sid: str) -> dict[str, Any]:
    """Returns what the ID Token says about this login (docs/adr/0005).

    Pro Santé Connect's own acr is only in `upstream_acr`.
    """
    claims: dict[str, Any] = {
        "acr": str(assurance.acr),
        "amr": list(assurance.amr),
        "auth_time": int(assurance.auth_time.timestamp()),
        "sid": sid,
    }
    if assurance.acr is Acr.PSC:
        claims |= {
            "idp": "psc",
            "upstream_acr": assurance.upstream_acr,
            "psc_auth_mode": assurance.upstream_auth_mode,
        }
    # When Pro Santé Connect asserts no `amr`, we invent none.
    return {name: value for name, value in claims.items() if value not in (None, [])}
