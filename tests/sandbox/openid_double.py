"""A small real OpenID Provider that can be told to misbehave. It has no page and asks no user to sign in."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from urllib.parse import urlencode

from cheroot.wsgi import Server
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from werkzeug import Request, Response

PERSON = {
    "sub": "p-1",
    "name": "Claire <b>Martin</b>",
    "rpps": "10003456781",
    "profession": {"code": "10", "label": "Médecin"},
    "specialities": [{"code": "SM54", "label": "Médecine générale"}],
}


@dataclass
class OpenIdDouble:
    """Discovery, keys, authorize, token and userinfo; what it answers may be bent."""

    issuer: str
    rsa: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}))
    ec: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}))
    requests_by_code: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.behave()

    def behave(self) -> None:
        self.token_claims: dict[str, Any] = {}
        self.signs_with: dict[str, tuple[str, RSAKey | ECKey]] = {
            "viatrajectoire": ("RS256", self.rsa),
            "grand-age": ("ES256", self.ec),
        }
        self.person: dict[str, Any] = dict(PERSON)
        self.published = KeySet([self.rsa, self.ec])
        self.answers: dict[str, str] = {}
        self.authorizations: list[dict[str, str]] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        views = {
            "/.well-known/openid-configuration": self._discovery,
            "/jwks": lambda _: _json(self.published.as_dict(private=False)),
            "/authorize": self._authorize,
            "/token": self._token,
            "/userinfo": self._userinfo,
        }
        return views[request.path](request)(environ, start_response)

    def _discovery(self, _: Request) -> Response:
        endpoints = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "userinfo_endpoint": "userinfo",
            "jwks_uri": "jwks",
            "end_session_endpoint": "end_session?tenant=1",
        }
        return _json(
            {"issuer": self.issuer, **{key: f"{self.issuer}/{path}" for key, path in endpoints.items()}}
        )

    def _authorize(self, request: Request) -> Response:
        asked = request.args.to_dict()
        self.authorizations.append(asked)
        code = f"code-{len(self.requests_by_code)}"
        self.requests_by_code[code] = asked
        answer = {
            "state": asked["state"],
            "iss": self.issuer,
            **({} if "error" in self.answers else {"code": code}),
        }
        answer.update(self.answers)
        query = urlencode({name: value for name, value in answer.items() if value})
        return Response(status=303, headers={"Location": f"{asked['redirect_uri']}?{query}"})

    def _token(self, request: Request) -> Response:
        asked = self.requests_by_code.pop(request.form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(request.form["code_verifier"].encode()).digest())
        basic = request.authorization
        if (
            asked is None
            or request.form["redirect_uri"] != asked["redirect_uri"]
            or challenge.decode().rstrip("=") != asked["code_challenge"]
            or basic is None
            or (basic.username, basic.password) != (asked["client_id"], f"secret of {asked['client_id']}")
            or "client_secret" in request.form
        ):
            return _json({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": "p-1",
            "aud": asked["client_id"],
            "nonce": asked["nonce"],
        }
        claims |= {
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "acr": "urn:caducee:acr:cps",
            **self.token_claims,
        }
        alg, key = self.signs_with[asked["client_id"]]
        id_token = jwt.encode({"alg": alg, "kid": key.kid}, claims, key, algorithms=[alg])
        return _json({"access_token": "at-1", "token_type": "Bearer", "expires_in": 60, "id_token": id_token})

    def _userinfo(self, request: Request) -> Response:
        assert request.headers["Authorization"] == "Bearer at-1"
        return _json(self.person)


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")


@contextmanager
def listening(double: OpenIdDouble, port: int) -> Iterator[None]:
    server = Server(("127.0.0.1", port), double, numthreads=2)
    server.prepare()
    thread = Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join()
