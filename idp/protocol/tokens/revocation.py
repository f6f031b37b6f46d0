"""Contains /revoke (RFC 7009) and /introspect (RFC 7662): each client's own tokens, and those that it may be shown.

Not here: storing them.
"""

from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from idp.accounts.grants import GrantRepository
from idp.accounts.refresh import RefreshToken, digest, grant_of
from idp.accounts.standing import Granted
from idp.clients.client_file import ClientFile
from idp.clients.registry import Client
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.errors import RuleBroken
from idp.core.unit_of_work import UnitOfWork
from idp.interaction.gate import IssueRefused
from idp.protocol.claims.subject import Subjects
from idp.protocol.client_auth.answers import json_response
from idp.protocol.client_auth.client_authentication import ClientRefused
from idp.protocol.client_auth.client_door import Call, ClientDoor
from idp.protocol.client_auth.possession import token_type
from idp.protocol.rules.client_rules import PUBLIC_CLIENT
from idp.protocol.rules.use_rules import TOKEN_PARAMETER_MISSING
from idp.protocol.tokens.grant_gate import GrantGate


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTokens:
    """What both endpoints need: the client that calls, and which token it means."""

    door: ClientDoor
    store: EphemeralStore
    gate: GrantGate

    def serve(self, request: Request, answer: Callable[[Client, str], Response]) -> Response:
        """Returns `answer` to the authenticated client and the token in its form, or the refusal."""

        def with_token(call: Call) -> Response:
            if not call.form.get("token"):
                raise RuleBroken(TOKEN_PARAMETER_MISSING)
            return answer(call.client, call.form["token"])

        return self.door.serve(request, with_token)

    def access_token(self, client: Client, token: str) -> Mapping[str, Any] | None:
        """Returns the record of this access token, None when it is unknown or another client's (TK15)."""
        return self.access_token_of((client.client_id,), token)

    def access_token_of(self, client_ids: Container[str], token: str) -> Mapping[str, Any] | None:
        """Returns the record of this access token, None when it is unknown or of no such client."""
        stored = self.store.get(Kind.ACCESS_TOKEN, token)
        return stored.value if stored and stored.value["client_id"] in client_ids else None

    def refresh_token(self, client: Client, token: str) -> tuple[RefreshToken, Granted] | None:
        """Returns the refresh token in force of the grant that this one names, which may be a later one of its family,
        and that grant; None when it is another client's."""
        granted = self.gate.find_refreshable(grant_of(token), client)
        known = None if granted is None else granted.refresh_token
        if granted is None or known is None or granted.grant.client_id != client.client_id:
            return None
        return known, granted

    def living_grant(self, client: Client, grant_id: str, acr: str | None) -> Granted | None:
        """Returns the grant of a token of this client with its account; None: nothing would be given for it now."""
        granted = self.gate.find(grant_id, client)
        return granted if granted is not None and self.is_living(client, granted, acr) else None

    def is_living(self, client: Client, granted: Granted, acr: str | None) -> bool:
        """Whether the grant is not revoked, and the gate would let it pass now."""
        with suppress(IssueRefused):
            return granted.grant.revoked_at is None and bool(self.gate.admit(client, granted, acr))
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationEndpoint:
    own: OwnTokens
    work: UnitOfWork
    store: EphemeralStore
    grants: GrantRepository
    audit: Audit
    clock: Clock

    def __call__(self, request: Request) -> Response:
        """Returns 200 for any token, known or not (RFC 7009 §2.2); another client's is left alone (TK15)."""
        return self.own.serve(request, self._revoke)

    def _revoke(self, client: Client, token: str) -> Response:
        if self.own.access_token(client, token) is not None:
            self.store.take(Kind.ACCESS_TOKEN, token)
        else:
            self._revoke_family(client, token)
        return Response(status=200, headers={"Cache-Control": "no-store"})

    def _revoke_family(self, client: Client, token: str) -> None:
        """Revoke the grant of a refresh token, and with it all its tokens (RFC 7009 §2.1)."""
        found = self.own.refresh_token(client, token)
        if found is None:
            return
        known, grant = found[0], found[1].grant
        # Only the token in force: an older one of the family, which a thief may hold, ends nothing here.
        if known.token_sha256 == digest(token):
            with self.work.together():
                self.grants.revoke(grant.id, self.clock.now())
                self.audit.record(
                    AuditEvent.GRANT_REVOKED, account_id=grant.account_id, client_id=client.client_id
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectionEndpoint:
    own: OwnTokens
    clients: ClientFile
    subjects: Subjects
    clock: Clock
    issuer: str

    def __call__(self, request: Request) -> Response:
        """Returns what the token is good for; for any other reason only `{"active": false}` (RFC 7662 §2.2)."""
        return self.own.serve(request, self._introspect)

    def _introspect(self, client: Client, token: str) -> Response:
        if client.is_public:
            # RFC 7662 §2.1: only for authenticated clients, or any caller could probe for tokens.
            raise ClientRefused(PUBLIC_CLIENT, used_basic=False)
        return json_response(self._describe(client, token) or {"active": False})

    def _describe(self, client: Client, token: str) -> dict[str, Any] | None:
        record = self.own.access_token_of((client.client_id, *client.introspects), token)
        if record is None:
            # A refresh token is never shown to an API: nobody has it but its client.
            return self._describe_refresh(client, token)
        # What the gate asks is what the token's own client demands.
        of = self.clients.get(record["client_id"])
        granted = of and self.own.living_grant(of, record["grant_id"], record.get("acr"))
        if not granted:
            return None
        binding = record.get("cnf", {})
        return {
            "active": True,
            "iss": self.issuer,
            "client_id": record["client_id"],
            # RFC 7662 §2.2: who may go by it. The registration says that this caller may.
            "aud": client.client_id,
            **self._person(client, record, granted),
            "scope": record["scope"],
            "token_type": token_type(binding),
            "iat": record["iat"],
            "exp": record["exp"],
            # RFC 8705 §3.2, RFC 9449 §6.2: the resource server must verify the holder.
            **({"cnf": binding} if binding else {}),
        }

    def _person(self, client: Client, record: Mapping[str, Any], granted: Granted) -> dict[str, str]:
        """Returns the person as the caller knows them. To an API by the `sub` of its own sector (Core §8.1), without a
        session that it did not begin."""
        if record["client_id"] == client.client_id:
            return {"sub": record["sub"], "sid": granted.grant.sid}
        return {"sub": self.subjects.of(granted.standing.account, client)}

    def _describe_refresh(self, client: Client, token: str) -> dict[str, Any] | None:
        found = self.own.refresh_token(client, token)
        if found is None:
            return None
        known, granted = found
        is_current = known.token_sha256 == digest(token) and known.is_alive(self.clock.now())
        if not is_current or not self.own.is_living(client, granted, known.claims["acr"]):
            return None
        return {
            "active": True,
            "iss": self.issuer,
            "client_id": granted.grant.client_id,
            "scope": known.scope,
            "token_type": "refresh_token",
            "exp": int(min(known.idle_until, known.ends_at).timestamp()),
            "sid": granted.grant.sid,
        }
