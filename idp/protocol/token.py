"""/token: client authentication, one redemption, PKCE, the gate, an ID Token. RFC 6749 §4.1.3, Core §3.1.3."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from pyop.exceptions import InvalidAuthorizationCode
from pyop.exceptions import OAuthError as EngineError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account, AccountId
from idp.accounts.charter import CharterRepository
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.audit import Audit, AuditEvent
from idp.clients import Client, ClientFile
from idp.clock import Clock
from idp.ephemeral import StoreUnavailable
from idp.errors import OAuthError, Returned
from idp.interaction.gate import IssueRefused, MayNotIssue, may_issue
from idp.interaction.record import Acr
from idp.protocol.client_authentication import ClientRefused, authenticate
from idp.protocol.grants import CodeReused, GrantState, GrantStore
from idp.protocol.provider import OpenIDProvider
from idp.protocol.refresh import Refresh
from idp.protocol.refusals import ClientRefusals
from idp.signing.signer import SignerUnavailable
from idp.web import single_valued

log = structlog.get_logger()

_INVALID_GRANT = "the code is unknown, expired, used, or was issued to another request"


def json_response(
    value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """RFC 6749 §5.1: never cached."""
    return Response(
        json.dumps(value),
        status=status,
        mimetype="application/json",
        headers={"Cache-Control": "no-store", "Pragma": "no-cache", **(headers or {})},
    )


def error_response(error: Returned) -> Response:
    """RFC 6749 §5.2."""
    value = {"error": str(error.error), "error_description": error.description}
    if isinstance(error, ClientRefused):
        challenge = {"WWW-Authenticate": 'Basic realm="token"'} if error.used_basic else {}
        return json_response(value, 401, challenge)
    return json_response(value, 400)


def unavailable_response() -> Response:
    value = {"error": "temporarily_unavailable", "error_description": "try again in a moment"}
    return json_response(value, 503, {"Retry-After": "10"})


def read_form(request: Request, limit: int) -> dict[str, str]:
    """Single-valued `application/x-www-form-urlencoded` body. Raises Returned."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise Returned(OAuthError.INVALID_REQUEST, "the body must be application/x-www-form-urlencoded")
    try:
        return single_valued(request.form, limit)
    except RequestEntityTooLarge as error:
        raise Returned(OAuthError.INVALID_REQUEST, "the body is too large") from error
    except ValueError as error:
        raise Returned(OAuthError.INVALID_REQUEST, str(error)) from error


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    engine: OpenIDProvider
    clients: ClientFile
    accounts: AccountRepository
    charters: CharterRepository
    grant_store: GrantStore
    refresh: Refresh
    refusals: ClientRefusals
    audit: Audit
    clock: Clock
    parameter_bytes: int

    def __call__(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except ClientRefused as refused:
            self.refusals.witness(request, refused)
            return error_response(refused)
        except Returned as error:
            return error_response(error)
        except (StoreUnavailable, SignerUnavailable) as error:
            log.error("token_unavailable", exception=type(error).__name__)
            return unavailable_response()

    def _answer(self, request: Request) -> Response:
        form = read_form(request, self.parameter_bytes)
        client = authenticate(self.clients, form, request.headers.get("Authorization"))
        grant_type = form.get("grant_type")
        if grant_type is None:
            raise Returned(OAuthError.INVALID_REQUEST, "grant_type is required")
        answer = {"authorization_code": self._exchange, "refresh_token": self._refresh}.get(grant_type)
        if answer is None:
            raise Returned(OAuthError.UNSUPPORTED_GRANT_TYPE, "the grant type is not supported")
        return json_response(answer(client, form))

    def _refresh(self, client: Client, form: Mapping[str, str]) -> dict[str, Any]:
        return self.refresh.redeem(client, form, self._admit, self.clock.now())

    def _exchange(self, client: Client, form: Mapping[str, str]) -> dict[str, Any]:
        for name in ("code", "redirect_uri", "code_verifier"):
            if not form.get(name):
                raise Returned(OAuthError.INVALID_REQUEST, f"{name} is required")
        now = self.clock.now()
        state = GrantState(self.grant_store, now)
        state.admit = lambda record: self._admit_code(client, record)
        state.first_refresh_token = lambda record: self.refresh.first(client, record, state.scope, now)
        passed = {
            "grant_type": "authorization_code",
            "client_id": client.client_id,
            **{name: form[name] for name in ("code", "redirect_uri", "code_verifier")},
        }
        try:
            answer = self.engine.for_request(state, {})._do_code_exchange(passed)
        except CodeReused as error:
            self.audit.record(AuditEvent.CODE_REUSED, client_id=client.client_id)
            raise Returned(OAuthError.INVALID_GRANT, _INVALID_GRANT) from error
        except InvalidAuthorizationCode as error:
            raise Returned(OAuthError.INVALID_GRANT, _INVALID_GRANT) from error
        except EngineError as error:
            raise Returned(OAuthError.INVALID_REQUEST, "the token request is malformed") from error
        return {**answer.to_dict(), "scope": state.scope}

    def _admit_code(self, client: Client, record: Mapping[str, Any]) -> Account:
        granted_at = datetime.fromisoformat(record["granted_at"])
        account = self._admit(client, record["account_id"], record["extra"], granted_at)
        self.audit.record(AuditEvent.CODE_REDEEMED, account_id=account.id, client_id=client.client_id)
        return account

    def _admit(
        self, client: Client, account_id: str, claims: Mapping[str, Any], granted_at: datetime
    ) -> Account:
        """The gate, on the account row of this moment. Raises Returned."""
        try:
            account = self.accounts.get(AccountId(account_id))
            acr = Acr(claims["acr"])
            may_issue(account, client, acr=acr, authorized_at=granted_at, charters=self.charters)
        except (AccountNotFound, IssueRefused) as error:
            reason = error.reason if isinstance(error, IssueRefused) else MayNotIssue.DISABLED
            self.audit.record(
                AuditEvent.ISSUE_REFUSED,
                account_id=account_id,
                client_id=client.client_id,
                reason=str(reason),
            )
            raise Returned(OAuthError.INVALID_GRANT, _INVALID_GRANT) from error
        return account
