"""What the rules of clients.yaml ask about the secrets of a client (`clients/rules`).

Contains conditions on the values of a client. Not here: their words and places.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from idp.clients.client_secrets import ClientSecret, is_guessed
from idp.clients.credential_days import days_between
from idp.clients.members import SECRET_MEMBERS, SECRET_METHODS


def secrets_of(
    values: Mapping[str, Any], members: Sequence[str] = SECRET_MEMBERS
) -> tuple[ClientSecret, ...]:
    found = [values[member] or () for member in members]
    return tuple(one for each in found for one in ((each,) if isinstance(each, ClientSecret) else each))


def takes_secret(values: Mapping[str, Any]) -> bool:
    return values["token_endpoint_auth_method"] in (None, *SECRET_METHODS)


def has_guessed(values: Mapping[str, Any], member: str) -> bool:
    known = values["client_id"], values["client_name"]
    return any(is_guessed(one.sha256, *known) for one in secrets_of(values, (member,)))


def share_no_day(values: Mapping[str, Any]) -> bool:
    """Whether the second of two secrets begins when the first is over."""
    days = [one.days for one in secrets_of(values, ("client_secrets",))]
    return len(days) > 1 and days_between(*days) is not None
