"""When the credentials of a client end: the last secret, key or certificate of it that is registered.

Contains finding them, and telling the log each day of those that end soon or have ended. One that another outlives is
not among them: its use is told instead (`clients/credential_uses`). Not here: the number and the check made of them.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from cryptography import x509

from idp.clients.client_file import ClientFile
from idp.clients.credential_days import days_of_key
from idp.clients.public_keys import PublicJwk, leaf_der
from idp.clients.registry import Client, ClientRegistry
from idp.core.clock import Clock

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialEnd:
    """`kind`: secret, key, certificate. `at`: from then on none of this kind proves the client."""

    client_id: str
    kind: str
    at: datetime


def credential_ends(registry: ClientRegistry) -> Iterator[CredentialEnd]:
    """Yields the end of each kind of credential that every one of it has."""
    for client in registry.values():
        for kind, ends in _kinds(client).items():
            last = _last(ends)
            if last is not None:
                yield CredentialEnd(client_id=client.client_id, kind=kind, at=last)


def _kinds(client: Client) -> dict[str, list[datetime | None]]:
    has_certificate = client.token_endpoint_auth_method == "self_signed_tls_client_auth"
    return {
        "secret": [secret.days.ends_at for secret in client.secrets],
        "certificate": [*_ends_of_certificates(client.jwks)] if has_certificate else [],
        "key": [] if has_certificate else [days_of_key(jwk).ends_at for jwk in client.jwks],
    }


def _ends_of_certificates(keys: Iterable[PublicJwk]) -> Iterator[datetime]:
    for jwk in keys:
        # One that cannot be read proves nothing.
        with suppress(ValueError):
            own = x509.load_der_x509_certificate(leaf_der(jwk) or b"").not_valid_after_utc
            yield min(own, days_of_key(jwk).ends_at or own)


def _last(ends: Iterable[datetime | None]) -> datetime | None:
    """Returns None also when one of them has no end."""
    found = [*ends]
    known = [end for end in found if end is not None]
    return max(known) if known and len(known) == len(found) else None


class CredentialWatch:
    """Tells the log of them: when it begins, and each day."""

    def __init__(self, clients: ClientFile, clock: Clock, warned: timedelta) -> None:
        """`warned`: how long before its end a credential is told of."""
        self._clients, self._clock, self._warned = clients, clock, warned
        self._told_on: date | None = None

    def look(self) -> None:
        now = self._clock.now()
        if self._told_on == now.date():
            return
        self._told_on = now.date()
        for end in credential_ends(self._clients.registry()):
            if end.at - now < self._warned:
                tell = log.warning if end.at > now else log.error
                tell(
                    "client_credential_ends",
                    client_id=end.client_id,
                    kind=end.kind,
                    ends_at=end.at.isoformat(),
                    action="docs/relying-party.md, « Changing a secret without a gap »",
                )
