"""The floor again, with the pieces that Caducée may not leave out: how fast it could be at most.

Contains what each piece adds: the stores (grants, refresh tokens and audit in PostgreSQL, committed before the answer;
the account asked for at each use), then the engine (pyop reads the requests and makes the answers). Not here: checks of
ours, pages, settings; it is no product either. Told by DATABASE too, and by PIECES which of the two.
"""

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from pyop.access_token import AccessToken
from pyop.message import AuthorizationRequest
from pyop.provider import Provider
from pyop.request_validator import requested_scope_is_supported
from pyop.userinfo import Userinfo

from bench.peers.minimal import Floor, floor_of

#: What ends a session or a person is found by an index, as in Caducée.
_TABLES = """
CREATE TABLE IF NOT EXISTS accounts (id text PRIMARY KEY, enabled boolean NOT NULL, generation int NOT NULL, name text);
CREATE TABLE IF NOT EXISTS grants (id text PRIMARY KEY, account_id text NOT NULL REFERENCES accounts, sid text NOT NULL,
  client_id text NOT NULL, granted_at bigint NOT NULL, redeemed_at bigint, revoked_at bigint, generation int NOT NULL);
CREATE INDEX IF NOT EXISTS grants_sid ON grants (sid);
CREATE INDEX IF NOT EXISTS grants_account ON grants (account_id);
CREATE TABLE IF NOT EXISTS refresh_tokens (grant_id text PRIMARY KEY REFERENCES grants, token text NOT NULL);
CREATE TABLE IF NOT EXISTS audit_events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL,
  event text NOT NULL, account_id text, client_id text, facts json NOT NULL);
CREATE INDEX IF NOT EXISTS audit_at ON audit_events (at);
CREATE INDEX IF NOT EXISTS audit_account ON audit_events (account_id);
"""
_GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
_EVENT = "event AS (INSERT INTO audit_events (at, event, account_id, client_id, facts) VALUES ($1, $2, $3, $4, $5))"
_STATEMENTS: Mapping[bytes, str] = {
    b"standing": "SELECT enabled, generation, name FROM accounts WHERE id = $1",
    b"granted": "SELECT a.enabled, a.generation, a.name, g.generation, g.revoked_at, g.sid"
    " FROM grants g JOIN accounts a ON a.id = g.account_id WHERE g.id = $1",
    b"grant": f"WITH {_EVENT} INSERT INTO grants (id, account_id, sid, client_id, granted_at, generation)"  # noqa: S608
    " VALUES ($6, $7, $8, $9, $10, $11)",
    b"redeem": f"WITH {_EVENT} UPDATE grants SET redeemed_at = $6"  # noqa: S608 no value in its text
    " WHERE id = $7 AND redeemed_at IS NULL AND revoked_at IS NULL",
    b"redeem first": f"WITH {_EVENT}, first AS (INSERT INTO refresh_tokens VALUES ($7, $8))"  # noqa: S608
    " UPDATE grants SET redeemed_at = $6 WHERE id = $7 AND redeemed_at IS NULL AND revoked_at IS NULL",
    b"rotate": f"WITH {_EVENT} UPDATE refresh_tokens SET token = $6 WHERE grant_id = $7 AND token = $8",  # noqa: S608
}


class WithStores(Floor):
    """Redis keeps what may be lost; the rest is committed by PostgreSQL before the answer."""

    def __init__(self, **told: Any) -> None:
        super().__init__(**told)
        self._connections = threading.local()
        with psycopg.connect(os.environ["DATABASE"]) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(1)")
            connection.execute(_TABLES)
            for name in self._hashes:
                person = (name, f"User {name}")
                connection.execute(
                    "INSERT INTO accounts VALUES (%s, true, 0, %s) ON CONFLICT DO NOTHING", person
                )

    def run(self, statement: bytes, *values: str | None) -> Any:
        """Run one prepared statement by libpq, a transaction of its own. Returns its result."""
        if not hasattr(self._connections, "one"):
            self._connections.one = psycopg.connect(os.environ["DATABASE"], autocommit=True)
            for name, text in _STATEMENTS.items():
                self._connections.one.pgconn.prepare(name, text.encode())
        given = [None if value is None else value.encode() for value in values]
        result = self._connections.one.pgconn.exec_prepared(statement, given)
        if result.status not in _GOOD:
            raise RuntimeError(result.error_message)
        return result

    def granted(self, record: dict[str, Any]) -> dict[str, Any]:
        standing = self.run(b"standing", record["user"])
        grant, event = os.urandom(24).hex(), _event("code:issue:accepted", record)
        if standing.get_value(0, 0) == b"t":
            row = (
                grant,
                record["user"],
                "sid",
                record["client_id"],
                event[0],
                standing.get_value(0, 1).decode(),
            )
            self.run(b"grant", *event, *row)
        return {**record, "grant": grant}

    def exchanged(self, form: Mapping[str, str], record: dict[str, Any]) -> dict[str, Any]:
        self.name_of(record)
        answer = self.tokens(record)
        grant, new = record["grant"], answer.get("refresh_token")
        if form["grant_type"] == "refresh_token":
            event = _event("token:refresh:accepted", record)
            written = self.run(b"rotate", *event, new, grant, form["refresh_token"])
        else:
            event = _event("code:redeem:accepted", record)
            first = (b"redeem first", *event, event[0], grant, new)
            written = self.run(*first) if new else self.run(b"redeem", *event, event[0], grant)
        return answer if written.command_tuples else {}

    def name_of(self, record: Mapping[str, Any]) -> str:
        """Returns the person's name, if the grant still holds (the gate)."""
        found = self.run(b"granted", record["grant"])
        is_enabled, generation, name, granted, revoked_at = (found.get_value(0, at) for at in range(5))
        return name.decode() if is_enabled == b"t" and generation == granted and revoked_at is None else ""

    def claims(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**super().claims(record), "name": self.name_of(record)}


def _event(name: str, record: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    return str(int(time.time())), name, record["user"], record["client_id"], "{}"


class _State:
    """What pyop asks of its AuthorizationState, for one call."""

    def __init__(self, floor: "WithEngine", record: dict[str, Any]) -> None:
        self.floor, self.record, self.answer = floor, record, dict[str, Any]()
        self.subject_identifiers: dict[str, Any] = {}

    def create_authorization_code(self, *_of: Any, **_more: Any) -> str:
        return str(self.record["code"])

    def get_authorization_request_for_code(self, _code: str) -> AuthorizationRequest:
        return AuthorizationRequest().from_dict(_request_of(self.record))

    def get_subject_identifier_for_code(self, _code: str) -> str:
        return str(self.record["user"])

    def exchange_code_for_token(self, _code: str) -> AccessToken:
        self.answer = self.floor.kept(self.record["form"], self.record)
        return AccessToken(self.answer["access_token"], self.answer["expires_in"])

    def create_refresh_token(self, _token: str) -> str | None:
        return self.answer.get("refresh_token")

    def get_extra_id_token_claims_for_code(self, _code: str) -> dict[str, Any]:
        return {}

    def get_user_info_for_code(self, _code: str) -> dict[str, Any]:
        return {}

    def introspect_access_token(self, _token: str) -> dict[str, Any]:
        return {"active": True, "scope": self.record["scope"], "sub": self.record["user"]}

    def get_authorization_request_for_access_token(self, _token: str) -> AuthorizationRequest:
        return AuthorizationRequest()

    def get_user_info_for_access_token(self, _token: str) -> Mapping[str, Any]:
        return self.floor.told_of(self.record)


def _request_of(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("user", "grant", "form")}


class _Engine(Provider):  # type: ignore[misc]
    def reading(self, state: _State) -> "_Engine":
        provider = object.__new__(_Engine)
        provider.__dict__.update(self.__dict__, authz_state=state)
        return provider

    def _create_signed_id_token(self, *_of: Any) -> str:
        return str(self.authz_state.answer["id_token"])

    def _PKCE_verify(self, *_of: Any) -> bool:  # noqa: N802 pyop's name
        return True  # The floor has compared it.


class WithEngine(WithStores):
    """The stores, and pyop in between."""

    def __init__(self, **told: Any) -> None:
        super().__init__(**told)
        client, _, address = self._client
        at = "https://127.0.0.1"
        names = ("issuer", "authorization_endpoint", "jwks_uri", "token_endpoint")
        metadata = {**dict.fromkeys(names, at), "subject_types_supported": ["public"]}
        known = {client: {"redirect_uris": [address], "response_types": ["code"]}}
        users = Userinfo({name: {"sub": name} for name in self._hashes})
        self._engine = _Engine(None, {**metadata, "response_types_supported": ["code"]}, None, known, users)
        self._engine.stateless = True

    def parsed(self, query: str) -> dict[str, str]:
        asked = super().parsed(query)
        message = AuthorizationRequest().from_dict(asked)
        for validator in self._engine.authentication_request_validators:
            if getattr(validator, "func", None) is not requested_scope_is_supported:
                validator(message)
        return asked

    def answered(self, record: dict[str, Any], code: str) -> Mapping[str, str]:
        named = {name: record[name] for name in ("response_type", "client_id", "state") if name in record}
        state = _State(self, {**record, "code": code})
        message = AuthorizationRequest().from_dict(named)
        answer: Mapping[str, str] = self._engine.reading(state).authorize(message, record["user"])
        return answer

    def exchanged(self, form: Mapping[str, str], record: dict[str, Any]) -> dict[str, Any]:
        if form["grant_type"] == "refresh_token":
            return self.kept(form, record)
        state = _State(self, {**record, "form": form})
        exchange = self._engine.reading(state)._do_code_exchange
        return dict(exchange({**form, "client_id": record["client_id"]}))

    def kept(self, form: Mapping[str, str], record: dict[str, Any]) -> dict[str, Any]:
        return super().exchanged(form, record)

    def claims(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        provider = self._engine.reading(_State(self, dict(record)))
        told: Mapping[str, Any] = provider.handle_userinfo_request(
            "", {"Authorization": "Bearer known"}
        ).to_dict()
        return told

    def told_of(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        return super().claims(record)


def application() -> Floor:
    """Returns what granian serves (`--factory`)."""
    told = os.environ
    kind = {"stores": WithStores, "engine": WithEngine}[told["PIECES"]]
    issuer = f"http://127.0.0.1:{told['PORT']}"
    return floor_of(Path(told["KEYS"]), told["ALG"], issuer, int(told["REDIS_PORT"]), kind)
