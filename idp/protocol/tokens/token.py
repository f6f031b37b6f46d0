"""Contains /token (RFC 6749 §4.1.3, Core §3.1.3): the order of its checks, and the gate. Not here: redeeming a code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.grants import Grant
from idp.clients.registry import Client
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.errors import ClientError, OAuthError
from idp.interaction.gate import IssueRefused
from idp.protocol.client_auth.answers import json_response
from idp.protocol.client_auth.client_door import Call, ClientDoor
from idp.protocol.client_auth.possession import Binding, Possession
from idp.protocol.engine.engine import Engine
from idp.protocol.engine.grants import REFUSED_CODE, CodeReused, IssuedCode
from idp.protocol.jose.client_tokens import ClientTokens
from idp.protocol.tokens.grant_gate import GrantGate
from idp.protocol.tokens.refresh import Refresh


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint:
    door: ClientDoor
    engine: Engine
    client_tokens: ClientTokens
    gate: GrantGate
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
        # facts/security §4.2: 503 while the keys do not answer. Before the code or refresh token is used up: it stays
        # good for another try.
        self.client_tokens.require_signer(call.client)
        self.client_tokens.require_recipient(call.client)
        binding = self.possession.shown_to_token_endpoint(call)
        return json_response(answer(call, binding), headers=self.possession.next_nonce(call.request))

    def _refresh(self, call: Call, binding: Binding) -> dict[str, Any]:
        return self.refresh.redeem(call.client, call.form, binding, self._admit, self.clock.now())

    def _exchange(self, call: Call, binding: Binding) -> dict[str, Any]:
        client, form = call.client, call.form
        # A missing `code_verifier` is a code that does not fit (RFC 7636 §4.6), which only its request can tell.
        for name in ("code", "redirect_uri"):
            if not form.get(name):
                raise ClientError(OAuthError.INVALID_REQUEST, f"{name} is required")
        now = self.clock.now()
        try:
            return self.engine.redeem(
                form,
                client,
                binding=binding,
                admit=lambda code: self._admit_code(client, code),
                first_refresh_token=lambda code: self.refresh.first(client, code, binding, now),
            )
        except CodeReused:
            self.audit.record(AuditEvent.CODE_REUSED, client_id=client.client_id)
            raise

    def _admit_code(self, client: Client, code: IssuedCode) -> Account:
        """Returns the account of this code, through the gate. Raises ClientError."""
        grant = code.grant
        account = self._admit(client, grant, code.authentication)
        self.audit.record(AuditEvent.CODE_REDEEMED, account_id=account.id, client_id=client.client_id)
        return account

    def _admit(self, client: Client, grant: Grant, claims: Mapping[str, Any]) -> Account:
        """Returns the account, through the gate. Raises ClientError."""
        try:
            return self.gate.admit(client, grant, claims["acr"])
        except IssueRefused as error:
            self.audit.record(
                AuditEvent.ISSUE_REFUSED,
                account_id=grant.account_id,
                client_id=client.client_id,
                reason=str(error.reason),
            )
            raise ClientError(OAuthError.INVALID_GRANT, REFUSED_CODE) from error
