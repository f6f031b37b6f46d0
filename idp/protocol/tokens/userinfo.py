"""Contains /userinfo (Core §5.3, RFC 6750, RFC 9449 §7): claims of the granted scopes, from the account row of now.

Not here: which claims there are (`claims`).
"""

from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.clients.members import CLIENT_SIGNING_ALGS
from idp.core.errors import ClientError, OAuthError, Rule, RuleBroken
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
from idp.protocol.engine.grants import AccessTokenRefused, GrantStore, OpenedToken
from idp.protocol.jose.client_tokens import ClientTokens
from idp.protocol.rules import use_rules as rules
from idp.protocol.rules.refusals import Refusals
from idp.protocol.tokens.grant_gate import GrantGate

#: RFC 6750 §3, RFC 9449 §7.1.
_CHALLENGES: dict[Scheme, str] = {
    "Bearer": 'Bearer realm="userinfo"',
    "DPoP": f'DPoP algs="{" ".join(CLIENT_SIGNING_ALGS)}"',
}


def _refused(error: ClientError, scheme: Scheme = "Bearer") -> Response:
    """Returns the refusal, its reason in the challenge of the scheme that was used (RFC 6750 §3), and in the body."""
    # RFC 9449 §7.2: the scheme that would do is named beside the one that was used.
    others = [name for name in _CHALLENGES if error.rule is rules.ACCESS_TOKEN_SCHEME and name != scheme]
    beside = [_CHALLENGES[name] for name in others]
    headers = {"WWW-Authenticate": ", ".join([f'{_CHALLENGES[scheme]}, error="{error.error}"', *beside])}
    if isinstance(error, ProofRefused):
        headers["DPoP-Nonce"] = error.fresh_nonce
    is_token = isinstance(error, ProofRefused) or error.error is OAuthError.INVALID_TOKEN
    value = {"error": str(error.error), "error_description": error.told}
    return json_response(value, 401 if is_token else 400, headers)


def _rule_of(refused: Exception) -> Rule:
    if isinstance(refused, OtherScheme):
        return rules.ACCESS_TOKEN_SCHEME
    return rules.ACCESS_TOKEN_HOLDER if isinstance(refused, HolderMismatch) else rules.ACCESS_TOKEN_REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class UserinfoEndpoint:
    engine: Engine
    client_tokens: ClientTokens
    gate: GrantGate
    grant_store: GrantStore
    possession: Possession
    refusals: Refusals

    def __call__(self, request: Request) -> Response:
        """Answer GET and POST; the token is in the header, or in the form of a POST."""
        try:
            token = read_token(request)
        except NoToken:
            self._tell(request, RuleBroken(rules.ACCESS_TOKEN_MISSING), None)
            # Challenges alone: RFC 6750 §3.1 gives no error code to a request without a token.
            return json_response({}, 401, {"WWW-Authenticate": ", ".join(_CHALLENGES.values())})
        except MalformedToken:
            return _refused(self._tell(request, RuleBroken(rules.ACCESS_TOKEN_MALFORMED), None))
        opened = None
        try:
            opened = self.grant_store.open(token.value)
            return self._answer(request, token, opened)
        except (ClientError, AccessTokenRefused, IssueRefused, HolderMismatch) as refused:
            error = refused if isinstance(refused, ClientError) else RuleBroken(_rule_of(refused))
            return _refused(self._tell(request, error, opened), token.scheme)

    def _tell(self, request: Request, error: ClientError, opened: OpenedToken | None) -> ClientError:
        client_id = opened.client.client_id if opened else None
        self.refusals.tell(request, error, endpoint="/userinfo", client_id=client_id)
        return error

    def _answer(self, request: Request, token: PresentedToken, opened: OpenedToken) -> Response:
        client = opened.client
        names_client(request, client)
        self.possession.verify_holder(request, token, opened.binding, client)
        # facts/security TK6: what would give no new token ends this one before it expires.
        account = self.gate.admit(client, opened.granted, opened.acr)
        told = upstream_claims(opened.granted.told, opened.names, opened.grant.context_key)
        claims = self.engine.claims(opened, {**named_claims(account, opened.names), **told})
        signed = self.client_tokens.userinfo(claims, client)
        headers = self.possession.next_nonce(request)
        return json_response(claims, headers=headers) if signed is None else jwt_response(signed, headers)
