"""Which credential a client used: of several, or of those that end, so that an administrator knows when one may go.

Contains counting each use, and a line of the log once a day and process. No secret, and nothing that a caller chose:
a credential is named as clients.yaml has it. Not here: whether it proves the client.
"""

from datetime import datetime, timedelta

import structlog

from idp.clients.client_secrets import ClientSecret
from idp.clients.credential_days import days_of_key
from idp.clients.public_keys import label_of
from idp.clients.registry import Client
from idp.core.clock import Clock
from idp.core.measures import CLIENT_CREDENTIALS

log = structlog.get_logger()


class CredentialUses:
    def __init__(self, clock: Clock, warned: timedelta) -> None:
        """`warned`: how long before its end a credential in use is told of."""
        self._clock, self._warned = clock, warned
        self._day = clock.now().date()
        #: Those told of on this day.
        self._told: set[tuple[str, str, str]] = set()

    def of_secret(self, client: Client, secret: ClientSecret) -> None:
        if len(client.secrets) > 1 or secret.days.ends_at is not None:
            self._count(client, "secret", secret.label, secret.days.ends_at)

    def of_key(self, client: Client, kid: str | None) -> None:
        """Of a key that is registered inline: behind a `jwks_uri` the client itself knows which it uses."""
        for jwk in client.jwks:
            ends_at = days_of_key(jwk).ends_at
            if jwk.get("kid") == kid and (len(client.jwks) > 1 or ends_at is not None):
                self._count(client, "key", label_of(jwk), ends_at)

    def of_certificate(self, client: Client, thumbprint: str, ends_at: datetime) -> None:
        self._count(client, "certificate", thumbprint[:8], ends_at)

    def _count(self, client: Client, kind: str, credential: str, ends_at: datetime | None) -> None:
        now = self._clock.now()
        is_ending = ends_at is not None and ends_at - now < self._warned
        CLIENT_CREDENTIALS.of(client.client_id, kind, credential, "soon" if is_ending else "later").add()
        if self._day != now.date():
            self._day, self._told = now.date(), set()
        use = (client.client_id, kind, credential)
        if use not in self._told:
            self._told.add(use)
            tell = log.warning if is_ending else log.info
            tell(
                "client_credential_used",
                client_id=client.client_id,
                kind=kind,
                credential=credential,
                ends_at=None if ends_at is None else ends_at.isoformat(),
            )
