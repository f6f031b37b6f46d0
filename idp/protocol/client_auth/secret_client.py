"""Contains clients that prove themselves by a secret (RFC 6749 §2.3.1): one of at most two, each in its days.

Not here: how it is sent (`client_authentication`), which secrets may be registered (`clients/client_secrets`).
"""

from dataclasses import dataclass

import structlog

from idp.clients.client_secrets import MAKE_ONE, secret_among, secret_fault
from idp.clients.credential_uses import CredentialUses
from idp.clients.registry import Client
from idp.core.clock import Clock
from idp.protocol.client_auth.client_authentication import ClientRefused, PresentedCredentials
from idp.protocol.rules.client_rules import SECRET_OUTSIDE_ITS_DAYS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SecretAuthentication:
    uses: CredentialUses
    clock: Clock

    def has_secret(self, client: Client, presented: PresentedCredentials) -> bool:
        """Whether it presents a secret of the client that is one. Raises ClientRefused: not in its days."""
        for text in presented.secrets:
            registered = secret_among(client.secrets, text)
            if registered is None:
                continue
            if secret_fault(text) is not None:
                # The operator registered the digest of a secret that is none, and would look for another fault.
                log.error("client_secret_too_weak", client_id=client.client_id, action=MAKE_ONE)
                return False
            if not registered.days.hold(self.clock.now()):
                facts = {"credential": registered.label, "days": str(registered.days)}
                log.warning(
                    "client_credential_outside_its_days", client_id=client.client_id, kind="secret", **facts
                )
                raise ClientRefused(
                    SECRET_OUTSIDE_ITS_DAYS, used_basic=presented.used_basic, client=client, facts=facts
                )
            self.uses.of_secret(client, registered)
            return True
        return False
