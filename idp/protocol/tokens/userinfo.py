"""/userinfo: claims of the granted scopes, from the account row of this moment. Core §5.3, RFC 6750, RFC 9449 §7."""

from dataclasses import dataclass

from pyop.exceptions import InvalidAccessToken
from werkzeug.wrappers import Request, Response

from idp.accounts.grants import is_living
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.clients.members import CLIENT_SIGNING_ALGS
from idp.clients.registry import ClientFile
from idp.clients.scopes import claims_of
from idp.core.clock import Clock
from idp.core.errors import ClientError, OAuthError
from idp.protocol.claims.account_claims import released_claims
from idp.protocol.claims.upstream_claims import UpstreamClaims
from idp.protocol.client_auth.answers import json_response, jwt_response
from idp.protocol.client_auth.dpop import ProofRefused
from idp.protocol.client_auth.possession import NotTheHolder, Possession
from idp.protocol.client_auth.presented_token import (
    MalformedToken,
    NoToken,
    PresentedToken,
    Scheme,
    read_token,
)
from idp.protocol.engine.grants import GrantState, GrantStore
from idp.protocol.engine.provider import OpenIDProvider

#: RFC 6750 §3, RFC 9449 §7.1.
_CHALLENGES: dict[Scheme, str] = {
    "Bearer": 'Bearer realm="userinfo"',
    "DPoP": f'DPoP algs="{" ".join(CLIENT_SIGNING_ALGS)}"',
}


def _refused(
    error: OAuthError, scheme: Scheme = "Bearer", status: int = 401, nonce: str | None = None
) -> Response:
    """The reason is in the challenge of the scheme that was used."""
    headers = {"WWW-Authenticate": f'{_CHALLENGES[scheme]}, error="{error}"'}
    return json_response({}, status, headers if nonce is None else {**headers, "DPoP-Nonce": nonce})


@dataclass(frozen=True, slots=True, kw_only=True)
class UserinfoEndpoint:
    engine: OpenIDProvider
    accounts: AccountRepository
    clients: ClientFile
    grant_store: GrantStore
    possession: Possession
    upstream: UpstreamClaims
    clock: Clock

    def __call__(self, request: Request) -> Response:
        """GET and POST; the token in the header, or in the form of a POST."""
        try:
            token = read_token(request)
        except NoToken:
            # Bare: RFC 6750 §3.1 has no error for it.
            return json_response({}, 401, {"WWW-Authenticate": ", ".join(_CHALLENGES.values())})
        except MalformedToken:
            return _refused(OAuthError.INVALID_REQUEST, status=400)
        try:
            return self._answer(request, token)
        except ProofRefused as refused:
            return _refused(refused.error, token.scheme, nonce=refused.fresh_nonce)
        except ClientError as refused:
            return _refused(refused.error, token.scheme, 400)
        except (InvalidAccessToken, AccountNotFound, NotTheHolder):
            return _refused(OAuthError.INVALID_TOKEN, token.scheme)

    def _answer(self, request: Request, token: PresentedToken) -> Response:
        state = GrantState(self.grant_store, self.clock.now())
        account_id, scopes, asked = state.account_of_token(token.value)
        grant = state.grant
        client = self.clients.get(grant.client_id) if grant else None
        if grant is None or client is None:
            raise InvalidAccessToken("the client is registered no more")
        self.possession.verify_holder(request, token, state.binding_of_token(token.value), client)
        account = self.accounts.get(account_id)
        if not is_living(grant, account):
            raise InvalidAccessToken("account disabled, now or since the grant")
        state.released = released_claims(account, scopes, asked, client.releasable)
        names = set(claims_of(scopes)).union(asked)
        allowed = {name for name in names if name in client.releasable}
        state.released |= self.upstream.of(account_id, client.client_id, allowed)
        engine = self.engine.for_request(state, {})
        answer = engine.handle_userinfo_request("", {"Authorization": f"Bearer {token.value}"})
        signed = self.engine.signed_userinfo(grant.client_id, answer.to_dict())
        headers = self.possession.next_nonce(request)
        return (
            json_response(answer.to_dict(), headers=headers)
            if signed is None
            else jwt_response(signed, headers)
        )
