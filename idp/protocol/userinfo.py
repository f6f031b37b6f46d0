"""/userinfo: claims of the granted scopes, from the account row of this moment. Core §5.3, RFC 6750."""

import re
from dataclasses import dataclass

from pyop.exceptions import InvalidAccessToken
from werkzeug.wrappers import Request, Response

from idp.accounts.grants import is_living
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.clock import Clock
from idp.protocol.answers import json_response
from idp.protocol.claims import named_claims, released_claims
from idp.protocol.grants import GrantState, GrantStore
from idp.protocol.provider import OpenIDProvider


def _refused(challenge: str, status: int = 401) -> Response:
    """RFC 6750 §3: the reason is in the challenge; without any token, the bare scheme."""
    return json_response({}, status, {"WWW-Authenticate": challenge})


@dataclass(frozen=True, slots=True)
class UserinfoEndpoint:
    engine: OpenIDProvider
    accounts: AccountRepository
    grant_store: GrantStore
    clock: Clock

    def __call__(self, request: Request) -> Response:
        """GET and POST; the token in the Authorization header only (RFC 9700 §4.3.2)."""
        header = request.headers.get("Authorization")
        if header is None:
            return _refused('Bearer realm="userinfo"')
        # RFC 6750 §2.1: b64token.
        found = re.fullmatch(r"(?i:bearer) +([A-Za-z0-9._~+/-]+=*)", header)
        if found is None or len(found[1]) > 200:
            return _refused('Bearer realm="userinfo", error="invalid_request"', 400)
        try:
            return self._answer(found[1])
        except (InvalidAccessToken, AccountNotFound):
            return _refused('Bearer realm="userinfo", error="invalid_token"')

    def _answer(self, access_token: str) -> Response:
        state = GrantState(self.grant_store, self.clock.now())
        account_id, scopes, asked = state.account_of_token(access_token)
        account = self.accounts.get(account_id)
        if state.grant is None or not is_living(state.grant, account):
            raise InvalidAccessToken("account disabled, now or since the grant")
        state.released = released_claims(account, scopes) | named_claims(account, asked)
        engine = self.engine.for_request(state, {})
        answer = engine.handle_userinfo_request("", {"Authorization": f"Bearer {access_token}"})
        return json_response(answer.to_dict())
