"""Contains the five verbs that the endpoints ask of pyop. Not here: HTTP, the session, what a client may have.

No type of pyop leaves this module: requests and answers are mappings, refusals are our own.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pyop.exceptions import InvalidAuthenticationRequest

from idp.accounts.account import Account
from idp.accounts.grants import Grant
from idp.clients.client_file import ClientFile
from idp.clients.registry import Client
from idp.clients.scopes import OFFLINE_ACCESS
from idp.core.clock import Clock
from idp.core.errors import ClientError, OAuthError, RuleBroken
from idp.protocol.claims.claims_request import ClaimsRequest
from idp.protocol.client_auth.possession import Binding
from idp.protocol.engine.grants import GrantStore, IssuedCode, OpenedToken, session_state
from idp.protocol.engine.provider import OpenIDProvider, message_of
from idp.protocol.engine.states import CodeIssue, Redemption, TokenUse
from idp.protocol.jose.client_tokens import ClientTokens, access_token_hash
from idp.protocol.rules.form_rules import UNREADABLE

#: The parameters of an authorization request that pyop may see; never `claims`, `request`, `id_token_hint`, `prompt`.
PARAMETERS = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "max_age",
    "ui_locales",
    "acr_values",
    "display",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
)
#: Those of a token request. The client was proved before, and we name it.
_OF_TOKEN_REQUEST = ("code", "redirect_uri", "code_verifier")


class Engine:
    """One per process. `id_token_life`: for clients without a life of their own."""

    def __init__(
        self,
        *,
        issuer: str,
        clients: ClientFile,
        grants: GrantStore,
        client_tokens: ClientTokens,
        id_token_life: timedelta,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._grants = grants
        self._client_tokens = client_tokens
        self._id_token_life = id_token_life
        self._clock = clock
        self._provider = OpenIDProvider(issuer, clients, self.id_token)

    def parse(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Returns those of the parameters that pyop read and found valid. Raises ClientError."""
        passed = _passed(parameters, PARAMETERS)
        try:
            self._provider.verify(message_of({**passed, "scope": _for_oic(passed.get("scope", ""))}))
        except InvalidAuthenticationRequest as error:
            code = OAuthError(error.oauth_error or "invalid_request")
            raise ClientError(code, UNREADABLE.description, rule=UNREADABLE) from error
        except Exception as error:
            # Any input on which a parser fails came from the client: no fault of the server (docs/adr/0003; TK9).
            raise RuleBroken(UNREADABLE) from error
        return passed

    def code_for(
        self,
        parameters: Mapping[str, str],
        *,
        grant: Grant,
        subject: str,
        asked: ClaimsRequest,
        authentication: Mapping[str, Any],
    ) -> str:
        """Returns a code for a request that was parsed before, written with the present unit of work.

        `authentication`: what its ID Token will say of the sign-in.
        """
        request = _passed(parameters, PARAMETERS)
        state = CodeIssue(store=self._grants, grant=grant, request=request, asked=asked)
        provider = self._provider.reading(state, {grant.account_id: {"sub": subject}})
        # Verified before, by a message of oic; of what decides pyop's answer this is all.
        asked_for = {"response_type": request["response_type"].split()}
        answer = provider.authorize(asked_for, grant.account_id, extra_id_token_claims=authentication)
        return str(answer["code"])

    def exchange(
        self,
        form: Mapping[str, str],
        client: Client,
        code: IssuedCode,
        *,
        binding: Binding,
        account: Account,
        admit: Callable[[], None],
        first_refresh_token: Callable[[IssuedCode], str | None],
    ) -> dict[str, Any]:
        """Returns the token response. Raises CodeRefused, ClientError, SignerUnavailable.

        `form`: has a `code` and a `redirect_uri`. `code`: what its code stands for. `binding`: see `possession`.
        `account`: that of its grant. `admit`: the gate, called once the code is known to be this client's; raises
        ClientError.
        """
        state = Redemption(
            client=client,
            code=code,
            store=self._grants,
            binding=binding,
            account=account,
            admit=admit,
            first_refresh_token=first_refresh_token,
        )
        named = {"grant_type": "authorization_code", "client_id": client.client_id}
        answer = self._provider.reading(state).exchange({**named, **_passed(form, _OF_TOKEN_REQUEST)})
        return {**answer, "scope": code.scope, **session_state(client, code.grant)}

    def claims(self, token: OpenedToken, released: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the answer of userinfo to this token: its `sub`, and of the claims `released` those of its scopes."""
        provider = self._provider.reading(TokenUse(token, released))
        answer = provider.handle_userinfo_request("", {"Authorization": f"Bearer {token.value}"})
        # The names are pyop's answer; its message would be written out as the values that it was made of.
        return {name: released.get(name, value) for name, value in answer.items()}

    def id_token(
        self,
        client: Client,
        subject: str,
        claims: Mapping[str, Any],
        *,
        access_token: str,
        nonce: str | None = None,
    ) -> str:
        """Returns an ID Token (Core §2), signed by our keys, and encrypted where the client registered for it.

        pyop calls this too. Raises SignerUnavailable, KeyMissing, ClientError.
        """
        now, own_life = int(self._clock.now().timestamp()), client.id_token_life
        life = self._id_token_life if own_life is None else own_life
        written = {
            # First: a claim that was asked for cannot replace one below (facts/security L5).
            **claims,
            "iss": self._issuer,
            "sub": subject,
            "aud": client.client_id,
            "iat": now,
            "exp": now + int(life.total_seconds()),
            **({"nonce": nonce} if nonce else {}),
            "at_hash": access_token_hash(access_token),
        }
        return self._client_tokens.id_token(written, client)


def _for_oic(scope: str) -> str:
    """Returns the scopes without `offline_access`: oic would demand `prompt=consent` (Core §11), and no page of ours
    asks for it, as the registration decides."""
    return " ".join([name for name in scope.split() if name != OFFLINE_ACCESS])


def _passed(parameters: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: parameters[name] for name in names if parameters.get(name)}
