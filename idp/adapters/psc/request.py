"""Contains the authorization request that a browser carries to Pro Santé Connect (facts/psc §2). Not here: its answer.

`oic.oic.Client` builds it; what it demands of the answer is kept beside it, on the server.
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from idp.adapters.psc.backchannel import fresh_client
from idp.settings.psc import PscSettings

#: For `idp psc check`, OpenID Connect Core §3.1.2.1: no page is shown.
SILENT: Mapping[str, object] = {"prompt": ["none"]}


@dataclass(frozen=True, slots=True)
class NewRequest:
    """One request, with its own state, nonce and verifier of 256 bits each (RFC 9700 §4.7)."""

    state: str
    #: What must be kept until the browser is back.
    pending: Mapping[str, str]
    #: The parameters, form-encoded: for the address, or to be pushed.
    query: str

    def address(self, endpoint: str) -> str:
        return _with_query(endpoint, self.query)


def wishes_of(settings: PscSettings, *, fresh: bool, broker: str | None) -> Mapping[str, object]:
    """Returns what is in the request beside what every one has. `fresh`: the person is to be identified anew, as on a
    shared workstation its own session may still be a colleague's (facts/psc §9). `broker`: the identity provider to
    which it delegates at once, a hospital's own (facts/psc §2); None: the person chooses.
    """
    # With `max_age`, Core §3.1.2.1 makes the `auth_time` mandatory that shows that it was done.
    max_age = {"max_age": 0} if settings.fresh_max_age else {}
    return {
        **({"prompt": ["login"], **max_age} if fresh else {}),
        **({} if broker is None else {"kc_idp_hint": broker}),
    }


def new_request(settings: PscSettings, redirect_uri: str, wishes: Mapping[str, object]) -> NewRequest:
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = hashlib.sha256(verifier.encode("ascii")).digest()
    arguments: dict[str, object] = {
        "response_type": "code",
        "scope": settings.scope.split(),
        **({"acr_values": settings.acr_values.split()} if settings.acr_values.split() else {}),
        "redirect_uri": redirect_uri,
        "state": state,
        "nonce": nonce,
        # RFC 7636 §4.2.
        "code_challenge": urlsafe_b64encode(challenge).rstrip(b"=").decode("ascii"),
        "code_challenge_method": "S256",
        **wishes,
    }
    request = fresh_client(settings.client_id).construct_AuthorizationRequest(request_args=arguments)
    return NewRequest(state, {"nonce": nonce, "code_verifier": verifier}, str(request.to_urlencoded()))


def pushed_address(endpoint: str, client_id: str, request_uri: str) -> str:
    """Returns where the browser goes with a request that was pushed (RFC 9126 §4)."""
    return _with_query(endpoint, urlencode({"client_id": client_id, "request_uri": request_uri}))


def _with_query(endpoint: str, query: str) -> str:
    # RFC 6749 §3.1: a query that the endpoint has already is kept.
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"
