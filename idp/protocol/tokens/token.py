"""/token: client authentication, one redemption, PKCE, the gate, an ID Token. RFC 6749 §4.1.3, Core §3.1.3."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyop.exceptions import InvalidAuthorizationCode
from pyop.exceptions import OAuthError as EngineError
from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account, AccountId
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.clients.registry import Client
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.errors import ClientError, OAuthError
from idp.interaction.gate import Gate, IssueRefused, MayNotIssue
from idp.interaction.record import Acr
from idp.protocol.client_auth.answers import json_response
from idp.protocol.client_auth.client_door import Call, ClientDoor
from idp.protocol.client_auth.possession import Binding, Possession
from idp.protocol.engine.grants import CodeReused, GrantState, GrantStore
from idp.protocol.engine.provider import OpenIDProvider
from idp.protocol.tokens.refresh import Refresh

_INVALID_GRANT = "the code is unknown, expired, used, or was issued to another request"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint:
    door: ClientDoor
    engine: OpenIDProvider
    accounts: AccountRepository
    gate: Gate
    grant_store: GrantStore
    refresh: Refresh
    possession: Possession
    audit: Audit
    clock: Clock

    def __call__(self, request: Request) -> Response:
        return self.door.serve(request, self._answer)

    def _answer(self, call: Call) -> Response:
        grant_type = call.form.get("grant_type")
        if grant_type is None:
            raise ClientError(OAuthError.INVALID_REQUEST, "grant_type is required")
        answer = {"authorization_code": self._exchange, "refresh_token": self._refresh}.get(grant_type)
        if answer is None:
            raise ClientError(OAuthError.UNSUPPORTED_GRANT_TYPE, "the grant type is not supported")
        # facts/security §4.2: 503 while the keys are away; the code or refresh token stays good for a later try.
        self.engine.require_signer(call.client)
        self.engine.require_recipient(call.client)
        binding = self.possession.shown_to_token_endpoint(call)
        return json_response(answer(call, binding), headers=self.possession.next_nonce(call.request))

    def _refresh(self, call: Call, binding: Binding) -> dict[str, Any]:
        return self.refresh.redeem(call.client, call.form, binding, self._admit, self.clock.now())

    def _exchange(self, call: Call, binding: Binding) -> dict[str, Any]:
        client, form = call.client, call.form
        for name in ("code", "redirect_uri", *(["code_verifier"] if client.pkce == "required" else [])):
            if not form.get(name):
                raise ClientError(OAuthError.INVALID_REQUEST, f"{name} is required")
        now = self.clock.now()
        state = GrantState(self.grant_store, now)
        state.admit = lambda record: self._admit_code(client, record)
        state.binding = binding
        state.first_refresh_token = lambda record: self.refresh.first(
            client, record, state.scope, binding, now
        )
        passed = {
            "grant_type": "authorization_code",
            "client_id": client.client_id,
            **{name: form[name] for name in ("code", "redirect_uri", "code_verifier") if form.get(name)},
        }
        try:
            answer = self.engine.for_request(state, {})._do_code_exchange(passed)
        except CodeReused as error:
            self.audit.record(AuditEvent.CODE_REUSED, client_id=client.client_id)
            raise ClientError(OAuthError.INVALID_GRANT, _INVALID_GRANT) from error
        except InvalidAuthorizationCode as error:
            raise ClientError(OAuthError.INVALID_GRANT, _INVALID_GRANT) from error
        except EngineError as error:
            raise ClientError(OAuthError.INVALID_REQUEST, "the token request is malformed") from error
        return {**answer.to_dict(), "scope": state.scope}

    def _admit_code(self, client: Client, record: Mapping[str, Any]) -> Account:
        granted_at = datetime.fromisoformat(record["granted_at"])
        account = self._admit(client, record["account_id"], record["extra"], granted_at)
        self.audit.record(AuditEvent.CODE_REDEEMED, account_id=account.id, client_id=client.client_id)
        return account

    def _admit(
        self, client: Client, account_id: str, claims: Mapping[str, Any], granted_at: datetime
    ) -> Account:
        """The gate, on the account row of this moment. Raises ClientError."""
        try:
            account = self.accounts.get(AccountId(account_id))
            acr = Acr(claims["acr"])
            self.gate.may_issue(account, client, acr=acr, authorized_at=granted_at)
        except (AccountNotFound, IssueRefused) as error:
            reason = error.reason if isinstance(error, IssueRefused) else MayNotIssue.DISABLED
            self.audit.record(
                AuditEvent.ISSUE_REFUSED,
                account_id=account_id,
                client_id=client.client_id,
                reason=str(reason),
            )
            raise ClientError(OAuthError.INVALID_GRANT, _INVALID_GRANT) from error
        return account
