"""The floor: the least code that completes the flows. No product, and not safe enough to be one.

Contains what cannot be left out: session, client and redirect check, PKCE, codes good once, client authentication, one
signature, all state in Redis by one bare socket a thread. Not here: pages worth the name; accounts, audit, a gate and
pyop, which `promised` adds by the methods under « More ». Told by PORT, KEYS, ALG and REDIS_PORT.
"""

import base64
import hashlib
import hmac
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from argon2 import PasswordHasher
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from bench.peers.bare_redis import Redis

Headers = list[tuple[str, str]]
Answer = tuple[str, Headers, bytes]

_OK, _FOUND, _BAD, _DENIED, _NONE = (
    "200 OK",
    "302 Found",
    "400 Bad Request",
    "401 Unauthorized",
    "404 Not Found",
)
_JSON: Headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]


def signing(key: Any) -> tuple[Callable[[bytes], bytes], Mapping[str, str]]:
    """Returns how it signs, and its public JWK."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        jwk = {"kty": "RSA", "alg": "RS256", "n": _b64_number(numbers.n, 256), "e": _b64_number(numbers.e, 3)}
        return lambda octets: key.sign(octets, padding.PKCS1v15(), hashes.SHA256()), jwk
    point = key.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "alg": "ES256",
        "crv": "P-256",
        "x": _b64_number(point.x, 32),
        "y": _b64_number(point.y, 32),
    }

    def sign(octets: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(octets, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    return sign, jwk


def _b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _b64_number(number: int, length: int) -> str:
    return _b64(number.to_bytes(length))


class Floor:
    def __init__(
        self, *, issuer: str, alg: str, key: Any, fixture: Mapping[str, Any], redis_port: int
    ) -> None:
        self._issuer, self._redis_port, self._threads = issuer, redis_port, threading.local()
        self._hashes = {name: hashed for name, _password, hashed in fixture["users"]}
        self._client = (fixture["client_id"], fixture["client_secret"], fixture["redirect_uri"])
        self._sign, jwk = signing(key)
        self._head = _b64(json.dumps({"alg": alg, "kid": "k1"}).encode())
        at = issuer.__add__
        metadata = {
            "issuer": issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/jwks"),
        }
        self._metadata, self._jwks = (
            json.dumps(one).encode() for one in (metadata, {"keys": [{"kid": "k1", "use": "sig", **jwk}]})
        )
        self._routes: Mapping[str, Callable[[Mapping[str, Any]], Answer]] = {
            "/authorize": self.authorize,
            "/login": self.login,
            "/token": self.token,
            "/userinfo": self.userinfo,
            "/jwks": lambda _environ: (_OK, _JSON, self._jwks),
            "/.well-known/openid-configuration": lambda _environ: (_OK, _JSON, self._metadata),
        }

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        endpoint = self._routes.get(environ["PATH_INFO"])
        status, headers, body = endpoint(environ) if endpoint else (_NONE, _JSON, b"{}")
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]

    @property
    def redis(self) -> Redis:
        if not hasattr(self._threads, "redis"):
            self._threads.redis = Redis(self._redis_port)
        found: Redis = self._threads.redis
        return found

    def authorize(self, environ: Mapping[str, Any]) -> Answer:
        asked = self.parsed(environ["QUERY_STRING"])
        if (asked.get("client_id"), asked.get("redirect_uri")) != self._client[::2]:
            return _BAD, _JSON, b"{}"
        cookies = dict(part.strip().partition("=")[::2] for part in environ.get("HTTP_COOKIE", "").split(";"))
        found = self.redis.ask(("GET", f"session:{cookies.get('sid', '')}"))[0]
        if found is None:
            return _FOUND, [("Location", f"/login?{environ['QUERY_STRING']}")], b""
        code = _b64(os.urandom(24))
        record = self.granted({"user": found.decode(), **asked})
        self.redis.ask(("SET", f"code:{code}", json.dumps(record), "EX", "60"))
        answer = urlencode({**self.answered(record, code), "iss": self._issuer})
        return _FOUND, [("Location", f"{self._client[2]}?{answer}"), ("Cache-Control", "no-store")], b""

    def login(self, environ: Mapping[str, Any]) -> Answer:
        query = environ["QUERY_STRING"]
        if environ["REQUEST_METHOD"] != "POST":
            return _OK, [("Content-Type", "text/html")], _PAGE % quote(query, safe="=&%+").encode()
        form = _form(environ)
        PasswordHasher().verify(self._hashes[form["username"]], form["password"])
        sid = _b64(os.urandom(24))
        self.redis.ask(("SET", f"session:{sid}", form["username"], "EX", "86400"))
        cookie = f"sid={sid}; Path=/; HttpOnly; SameSite=Lax"
        return _FOUND, [("Location", f"/authorize?{query}"), ("Set-Cookie", cookie)], b""

    def token(self, environ: Mapping[str, Any]) -> Answer:
        basic = base64.b64decode(environ.get("HTTP_AUTHORIZATION", "")[6:]).decode()
        client, _, secret = (unquote(part) for part in basic.partition(":"))
        if client != self._client[0] or not hmac.compare_digest(secret, self._client[1]):
            return _DENIED, _JSON, b"{}"
        form = _form(environ)
        is_refresh = form.get("grant_type") == "refresh_token"
        key = f"refresh:{form.get('refresh_token')}" if is_refresh else f"code:{form.get('code')}"
        found = self.redis.ask(("GETDEL", key))[0]
        record = json.loads(found) if found else None
        if record is None or not (is_refresh or _is_proved(record, form)):
            return _BAD, _JSON, b'{"error": "invalid_grant"}'
        return _OK, _JSON, json.dumps(self.exchanged(form, record)).encode()

    def tokens(self, record: dict[str, Any]) -> dict[str, Any]:
        access_token = _b64(os.urandom(24))
        commands = [("SET", f"access:{access_token}", json.dumps(record), "EX", "3600")]
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 3600,
            "id_token": self.id_token(record["user"], access_token, record.get("nonce")),
        }
        if "offline_access" in record["scope"]:
            answer["refresh_token"] = _b64(os.urandom(24))
            commands.append(("SET", f"refresh:{answer['refresh_token']}", json.dumps(record), "EX", "86400"))
        self.redis.ask(*commands)
        return answer

    def id_token(self, user: str, access_token: str, nonce: str | None) -> str:
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "sub": user,
            "aud": self._client[0],
            "iat": now,
            "exp": now + 3600,
            "nonce": nonce,
            "at_hash": _b64(hashlib.sha256(access_token.encode()).digest()[:16]),
        }
        signed = f"{self._head}.{_b64(json.dumps(claims).encode())}"
        return f"{signed}.{_b64(self._sign(signed.encode()))}"

    def userinfo(self, environ: Mapping[str, Any]) -> Answer:
        found = self.redis.ask(("GET", f"access:{environ.get('HTTP_AUTHORIZATION', '')[7:]}"))[0]
        if found is None:
            return _DENIED, [*_JSON, ("WWW-Authenticate", "Bearer")], b"{}"
        return _OK, _JSON, json.dumps(self.claims(json.loads(found))).encode()

    # More.

    def parsed(self, query: str) -> dict[str, str]:
        """Returns an authorization request."""
        return dict(parse_qsl(query))

    def granted(self, record: dict[str, Any]) -> dict[str, Any]:
        """Returns what the code will stand for."""
        return record

    def answered(self, record: dict[str, Any], code: str) -> Mapping[str, str]:
        """Returns the answer to an authorization request."""
        return {"code": code, "state": record.get("state", "")}

    def exchanged(self, form: Mapping[str, str], record: dict[str, Any]) -> dict[str, Any]:
        """Returns the answer to a code or a refresh token that was found."""
        return self.tokens(record)

    def claims(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the answer of userinfo."""
        user = record["user"]
        return {"sub": user, "name": f"User {user}", "email": f"{user}@example.org", "email_verified": True}


_PAGE = (
    b"<!doctype html><title>Sign in</title><form method='post' action='/login?%b'>"
    b"<input name='username'><input name='password' type='password'><button>Continue</button></form>"
)


def _form(environ: Mapping[str, Any]) -> dict[str, str]:
    return dict(parse_qsl(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()))


def _is_proved(record: Mapping[str, str], form: Mapping[str, str]) -> bool:
    """RFC 6749 §4.1.3 and RFC 7636 §4.6."""
    challenge = _b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
    return record["redirect_uri"] == form.get("redirect_uri") and hmac.compare_digest(
        challenge, record["code_challenge"]
    )


def floor_of(keys: Path, alg: str, issuer: str, redis_port: int, kind: type[Floor] = Floor) -> Floor:
    pem = (keys / {"RS256": "rsa.pem", "ES256": "ec.pem"}[alg]).read_bytes()
    key = serialization.load_pem_private_key(pem, None)
    fixture = json.loads((keys / "fixture.json").read_text())
    return kind(issuer=issuer, alg=alg, key=key, fixture=fixture, redis_port=redis_port)


def application() -> Floor:
    """Returns what granian serves (`--factory`)."""
    told = os.environ
    issuer = f"http://127.0.0.1:{told['PORT']}"
    return floor_of(Path(told["KEYS"]), told["ALG"], issuer, int(told["REDIS_PORT"]))
