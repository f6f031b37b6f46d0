"""Contains /userinfo (Core §5.3, RFC 6750, RFC 9449 §7): claims of the granted scopes, from the account row of now.

Not here: which claims there are (`claims`).
"""

from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.clients.members import CLIENT_SIGNING_ALGS
from idp.core.errors import ClientError, OAuthError
from idp.interaction.gate import IssueRefused
from idp.protocol.claims.account_claims import named_claims
from idp.protocol.claims.upstream_claims import upstream_claims
from idp.protocol.client_auth.answers import json_response, jwt_response
from idp.protocol.client_auth.cross_origin import names_client
from idp.protocol.client_auth.dpop import ProofRefused
from idp.protocol.client_auth.possession import HolderMismatch, OtherScheme, Possession
from idp.protocol.client_auth.presented_token import (
    MalformedToken,
    NoToken,
    PresentedToken,
    Scheme,
    read_token,
)
from idp.protocol.engine.engine import Engine
from idp.protocol.engine.grants import AccessTokenRefused, GrantStore
from idp.protocol.jose.client_tokens import ClientTokens
from idp.protocol.tokens.grant_gate import GrantGate

#: RFC 6750 §3, RFC 9449 §7.1.
_CHALLENGES: dict[Scheme, str] = {
    "Bearer": 'Bearer realm="userinfo"',
    "DPoP": f'DPoP algs="{" ".join(CLIENT_SIGNING_ALGS)}"',
}


def _refused(
    error: OAuthError,
    scheme: Scheme = "Bearer",
    status: int = 401,
    nonce: str | None = None,
    *,
    others: bool = False,
) -> Response:
    """Returns the refusal, its reason in the challenge of the scheme that was used (RFC 6750 §3).

    `others`: the challenges of the other schemes stand beside it.
    """
    beside = [challenge for name, challenge in _CHALLENGES.items() if others and name != scheme]
    challenges = ", ".join([f'{_CHALLENGES[scheme]}, error="{error}"', *beside])
    headers = {"WWW-Authenticate": challenges}
    return json_response({}, status, headers if nonce is None else {**headers, "DPoP-Nonce": nonce})


@dataclass(frozen=True, slots=True, kw_only=True)
class UserinfoEndpoint:
    engine: Engine
    client_tokens: ClientTokens
    gate: GrantGate
    grant_store: GrantStore
    possession: Possession

    def __call__(self, request: Request) -> Response:
        """Answer GET and POST; the token is in the header, or in the form of a POST."""
        try:
            token = read_token(request)
        except NoToken:
            # Challenges alone: RFC 6750 §3.1 gives no error code to a request without a token.
            return json_response({}, 401, {"WWW-Authenticate": ", ".join(_CHALLENGES.values())})
        except MalformedToken:
            return _refused(OAuthError.INVALID_REQUEST, status=400)
        try:
            return self._answer(request, token)
        except ProofRefused as refused:
            return _refused(refused.error, token.scheme, nonce=refused.fresh_nonce)
        except ClientError as refused:
            return _refused(refused.error, token.scheme, 400)
        except OtherScheme:
            # RFC 9449 §7.2: the scheme that would do is named beside the one that was used.
            return _refused(OAuthError.INVALID_TOKEN, token.scheme, others=True)
        except (AccessTokenRefused, IssueRefused, HolderMismatch):
            return _refused(OAuthError.INVALID_TOKEN, token.scheme)

    def _answer(self, request: Request, token: PresentedToken) -> Response:
        opened = self.grant_store.open(token.value)
        client = opened.client
        names_client(request, client)
        self.possession.verify_holder(request, token, opened.binding, client)
        # facts/security TK6: what would give no new token ends this one before it expires.
        account = self.gate.admit(client, opened.granted, opened.acr)
        told = upstream_claims(opened.granted.told, opened.names)
        claims = self.engine.claims(opened, {**named_claims(account, opened.names), **told})
        signed = self.client_tokens.userinfo(claims, client)
        headers = self.possession.next_nonce(request)
        return json_response(claims, headers=headers) if signed is None else jwt_response(signed, headers)
