"""Contains /token (RFC 6749 §4.1.3, Core §3.1.3): the order of its checks, and the gate. Not here: redeeming a code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.grants import Grant, GrantSpent
from idp.accounts.standing import Granted
from idp.clients.registry import Client
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.errors import ClientError, RuleBroken
from idp.core.origin import found_in_session
from idp.core.unit_of_work import UnitOfWork
from idp.interaction.gate import IssueRefused, MayNotIssue
from idp.protocol.client_auth.answers import json_response
from idp.protocol.client_auth.client_door import Call, ClientDoor
from idp.protocol.client_auth.possession import Binding, Possession
from idp.protocol.engine.engine import Engine
from idp.protocol.engine.grants import CodeReused, GrantStore, IssuedCode
from idp.protocol.jose.client_tokens import ClientTokens
from idp.protocol.rules import token_rules as rules
from idp.protocol.rules.checks import require
from idp.protocol.tokens.grant_gate import GrantGate
from idp.protocol.tokens.refresh import Refresh


class GateRefused(RuleBroken):
    """The gate lets no token through."""

    def __init__(self, reason: MayNotIssue) -> None:
        super().__init__(rules.CODE_AT_GATE)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint:
    door: ClientDoor
    work: UnitOfWork
    engine: Engine
    grant_store: GrantStore
    client_tokens: ClientTokens
    gate: GrantGate
    refresh: Refresh
    possession: Possession
    audit: Audit
    clock: Clock

    def __call__(self, request: Request) -> Response:
        return self.door.serve(request, self._answer)

    def _answer(self, call: Call) -> Response:
        require(rules.CHECKS, call.asked)
        answer = {"authorization_code": self._exchange, "refresh_token": self._refresh}[
            call.form["grant_type"]
        ]
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
        require(rules.CODE_CHECKS, call.asked)
        code = self.grant_store.find_code(form["code"])
        try:
            return self._exchanged(call, code, binding)
        except GrantSpent:
            raise self._spent(client, code) from None
        except ClientError as refused:
            # RFC 6749 §4.1.2: a code is used up when it is shown, also when it is refused.
            self._use_up(client, code, refused)
            raise

    def _exchanged(self, call: Call, code: IssuedCode, binding: Binding) -> dict[str, Any]:
        """Returns the token response. Raises GrantSpent, ClientError: nothing was written."""
        client, now = call.client, self.clock.now()
        granted = self.gate.find(code.grant.id, client)
        if granted is None:
            raise GrantSpent
        found_in_session(code.grant.sid)
        with self.work.together():
            self.grant_store.redeem(code)
            return self.engine.exchange(
                call.form,
                client,
                code,
                binding=binding,
                account=granted.standing.account,
                admit=lambda: self._admit_code(client, granted, code),
                first_refresh_token=lambda code: self.refresh.first(client, code, binding, now),
            )

    def _use_up(self, client: Client, code: IssuedCode, refused: ClientError) -> None:
        """Raises CodeRefused in its stead: another caller was first."""
        try:
            with self.work.together():
                self.grant_store.redeem(code)
                if isinstance(refused, GateRefused):
                    self._audit_refusal(client, code.grant, refused)
        except GrantSpent:
            raise self._spent(client, code) from None

    def _spent(self, client: Client, code: IssuedCode) -> ClientError:
        with self.work.together():
            refused = self.grant_store.refuse_spent(code)
            if isinstance(refused, CodeReused):
                self.audit.record(
                    AuditEvent.CODE_REUSED, account_id=code.grant.account_id, client_id=client.client_id
                )
        return refused

    def _admit_code(self, client: Client, granted: Granted, code: IssuedCode) -> None:
        """Pass the gate with this code, and audit that it is redeemed. Raises GateRefused."""
        account = self._admitted(client, granted, code.authentication)
        self.audit.record(AuditEvent.CODE_REDEEMED, account_id=account.id, client_id=client.client_id)

    def _admit(self, client: Client, granted: Granted, claims: Mapping[str, Any]) -> Account:
        """Returns the account of a refresh token's grant, through the gate. Raises GateRefused."""
        try:
            return self._admitted(client, granted, claims)
        except GateRefused as refused:
            self._audit_refusal(client, granted.grant, refused)
            raise

    def _admitted(self, client: Client, granted: Granted, claims: Mapping[str, Any]) -> Account:
        try:
            return self.gate.admit(client, granted, claims["acr"])
        except IssueRefused as error:
            raise GateRefused(error.reason) from error

    def _audit_refusal(self, client: Client, grant: Grant, refused: "GateRefused") -> None:
        self.audit.record(
            AuditEvent.ISSUE_REFUSED,
            account_id=grant.account_id,
            client_id=client.client_id,
            reason=str(refused.reason),
        )
