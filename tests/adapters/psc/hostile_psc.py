"""An OpenID server on loopback that can lie: one honest login, and a `Lie` that says what to change in it.

Contains a real HTTP server, tokens signed by hand (to be wrong in any way), answers that are no answers.
Not here: anything of `idp`; what the double accepts and issues is written from the standards alone.
"""

import hashlib
import hmac
import json
import secrets
import ssl
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from tests.limits import within
from tests.made_once import rsa_key

# Both need form-encoding before they are joined by a colon (RFC 6749 §2.3.1).
CLIENT_ID = "caducée bas:1"
CLIENT_SECRET = "s3cr+t%:é&="
REDIRECT_URI = "https://caducee.example/psc/callback"
ACCESS_TOKEN = "an.access-token_of/PSC=="
CODE = "5b0b6c4e.the-code.of-this-login"
REQUEST_URI = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"
RPPS = "99700427885"
SID = "044b9c35-1d8f-4925-8ae8-22cf585e079c"
SUBJECT = f"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:8{RPPS}"

_REALM = "/auth/realms/esante-wallet"
_PATHS = {
    "discovery": f"{_REALM}/.well-known/wallet-openid-configuration",
    "jwks": f"{_REALM}/protocol/openid-connect/certs",
    "token": f"{_REALM}/protocol/openid-connect/token",
    "userinfo": f"{_REALM}/protocol/openid-connect/userinfo",
    "logout": f"{_REALM}/protocol/openid-connect/logout",
    "par": f"{_REALM}/protocol/openid-connect/ext/par/request",
    "wallet": "/auth",
    "trap": "/keys-of-somebody-else",
}

Reply = Callable[["Handler"], None]
Json = dict[str, Any]

_PSC_KEY = rsa_key("psc")
_STRANGER_KEY = rsa_key("stranger")


def b64u(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def public_jwk(key: rsa.RSAPrivateKey, **members: object) -> Json:
    numbers = key.public_key().public_numbers()
    modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)
    return {"kty": "RSA", "n": b64u(modulus), "e": "AQAB", **members}


STRANGER_JWK = public_jwk(_STRANGER_KEY, kid="stranger")


def _rsa_signer(
    key: rsa.RSAPrivateKey, algorithm: hashes.HashAlgorithm | None = None
) -> Callable[[bytes], bytes]:
    return lambda message: key.sign(message, padding.PKCS1v15(), algorithm or hashes.SHA256())


def _hmac_signer(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda message: hmac.new(secret, message, hashlib.sha256).digest()


_PUBLIC_PEM = _PSC_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
SIGNERS: Mapping[str, Callable[[bytes], bytes]] = {
    "psc": _rsa_signer(_PSC_KEY),
    "psc with SHA-512": _rsa_signer(_PSC_KEY, hashes.SHA512()),
    "a stranger": _rsa_signer(_STRANGER_KEY),
    "whoever knows our secret": _hmac_signer(CLIENT_SECRET.encode()),
    "whoever knows the public key": _hmac_signer(_PUBLIC_PEM),
    "nobody": lambda _message: b"",
}


@dataclass(frozen=True)
class Lie:
    """What differs from an honest login. In the mappings, a member set to `...` is left out."""

    header: Mapping[str, object] = field(default_factory=dict)
    claims: Mapping[str, object] = field(default_factory=dict)
    payload: Callable[[Json], bytes] = lambda claims: json.dumps(claims).encode()
    signed_by: str = "psc"
    tokens: Mapping[str, object] = field(default_factory=dict)
    userinfo: Mapping[str, object] = field(default_factory=dict)
    discovery: Mapping[str, object] = field(default_factory=dict)
    keys: Mapping[str, object] = field(default_factory=dict)
    #: Another reply altogether, by the name of the endpoint.
    instead: Mapping[str, Reply] = field(default_factory=dict)


HONEST = Lie()


@dataclass(frozen=True)
class Seen:
    endpoint: str
    headers: Mapping[str, str]
    #: The common name of the client certificate.
    peer: str | None = None
    method: str = "GET"


def changed(members: Json, changes: Mapping[str, object]) -> Json:
    return {name: value for name, value in {**members, **changes}.items() if value is not ...}


class HostilePsc:
    """`authorize` plays the wallet and the person; the rest is asked over HTTP."""

    def __init__(self, server: ThreadingHTTPServer, now: float) -> None:
        self.origin = f"http://127.0.0.1:{server.server_port}"
        self.issuer = self.origin + _REALM
        self.now = now
        self.lie = HONEST
        self.kid = "psc-1"
        self.seen: list[Seen] = []
        self.asked: Mapping[str, str] = {}
        self.pushed: list[Mapping[str, str]] = []
        self.redirect_uri = REDIRECT_URI
        self.client_authentication = "client_secret_basic"
        self.stopping = threading.Event()

    def authorize(self, url: str) -> dict[str, str]:
        """What the browser brings back from the authorization request `url`."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        if "request_uri" in self.asked:
            # RFC 9126 §4: the browser brings no more than these two.
            assert self.asked == {"client_id": CLIENT_ID, "request_uri": REQUEST_URI}
            self.asked = self.pushed.pop()
        return {"code": CODE, "state": self.asked["state"], "iss": self.issuer, "session_state": "1"}

    def calls(self, endpoint: str) -> int:
        return sum(one.endpoint == endpoint for one in self.seen)

    def jwks_url(self) -> str:
        return self.origin + _PATHS["jwks"]

    def discovery_url(self) -> str:
        return self.origin + _PATHS["discovery"]

    def discovery(self) -> Json:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": self.origin + _PATHS["wallet"],
            "token_endpoint": self.origin + _PATHS["token"],
            "userinfo_endpoint": self.origin + _PATHS["userinfo"],
            "jwks_uri": self.origin + _PATHS["jwks"],
            "end_session_endpoint": self.origin + _PATHS["logout"],
            "pushed_authorization_request_endpoint": self.origin + _PATHS["par"],
            "require_pushed_authorization_requests": False,
            "acr_values_supported": ["0", "0"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        return changed(document, self.lie.discovery)

    def jwks(self) -> Json:
        key = public_jwk(_PSC_KEY, kid=self.kid, use="sig", alg="RS256")
        # Keycloak publishes its encryption key in the same set; the rest must be survived.
        others: list[object] = [public_jwk(_STRANGER_KEY, kid="enc", use="enc"), {"kty": "EC"}, 7, {}]
        return changed({"keys": [*others, key]}, self.lie.keys)

    def id_token(self) -> str:
        header = changed({"alg": "RS256", "typ": "JWT", "kid": self.kid}, self.lie.header)
        half = hashlib.sha256(ACCESS_TOKEN.encode()).digest()[:16]
        # The members of facts/psc §4.5, T1.
        claims = {
            "exp": self.now + 120,
            "iat": self.now,
            "auth_time": self.now - 356,
            "jti": "85283206-5fd2-44b4-ab85-2eb5806eb034",
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": SUBJECT,
            "typ": "ID",
            "azp": CLIENT_ID,
            "nonce": self.asked["nonce"],
            "at_hash": b64u(half),
            "authMode": "CARD",
            "acr": "eidas1",
            "SubjectNameID": f"8{RPPS}",
        }
        payload = self.lie.payload(changed(claims, self.lie.claims))
        # Keycloak's serialisation has blanks around the colons (facts/psc §5.6).
        message = f"{b64u(json.dumps(header, separators=(',', ' : ')).encode())}.{b64u(payload)}"
        return f"{message}.{b64u(SIGNERS[self.lie.signed_by](message.encode()))}"

    def logout_token(self, lie: Lie = HONEST, **claims: object) -> str:
        """A back-channel logout token as Keycloak makes them; `claims` set to `...` are left out."""
        header = changed({"alg": "RS256", "typ": "JWT", "kid": self.kid}, lie.header)
        known = {
            "iat": self.now,
            "exp": self.now + 120,
            "jti": secrets.token_hex(8),
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": SUBJECT,
            "typ": "Logout",
            "sid": SID,
            "events": {
                "http://schemas.openid.net/event/backchannel-logout": {},
                "revoke_offline_access": True,
            },
        }
        payload = json.dumps(changed(known, claims)).encode()
        message = f"{b64u(json.dumps(header).encode())}.{b64u(payload)}"
        return f"{message}.{b64u(SIGNERS[lie.signed_by](message.encode()))}"

    def tokens(self) -> Json:
        document = {
            "access_token": ACCESS_TOKEN,
            "expires_in": 120,
            "refresh_expires_in": 1800,
            "refresh_token": "a-refresh-token",
            "token_type": "Bearer",
            "id_token": self.id_token(),
            "not-before-policy": 0,
            "session_state": "1",
            "scope": "openid profile scope_all identity",
        }
        return changed(document, self.lie.tokens)

    def userinfo(self) -> Json:
        document = {
            "sub": SUBJECT,
            "SubjectNameID": f"8{RPPS}",
            "given_name": "KIT",
            "family_name": "DOC0042788",
            "SubjectRefPro": {
                "exercices": [
                    {"codeProfession": "10", "codeCategorieProfessionnelle": "C", "codeSavoirFaire": "SM26"}
                ]
            },
        }
        return changed(document, self.lie.userinfo)


class Handler(BaseHTTPRequestHandler):
    psc: HostilePsc
    protocol_version = "HTTP/1.1"

    def peer(self) -> str | None:
        """The common name of the certificate that the client presented and the TLS layer verified."""
        if not isinstance(self.connection, ssl.SSLSocket):
            return None
        presented: Any = self.connection.getpeercert() or {}
        names = [value for rdn in presented.get("subject", ()) for kind, value in rdn if kind == "commonName"]
        return names[0] if names else None

    def do_GET(self) -> None:
        self._answer(
            {"discovery": _say_discovery, "jwks": _say_jwks, "userinfo": _say_userinfo, "wallet": _say_wallet}
        )

    def do_POST(self) -> None:
        self._answer({"token": _say_tokens, "par": _say_request_uri})

    def do_OPTIONS(self) -> None:
        self._answer({"wallet": say_status(200, Allow="GET, HEAD, OPTIONS, POST")})

    def _answer(self, replies: Mapping[str, Reply]) -> None:
        endpoint = next((name for name, path in _PATHS.items() if path == urlsplit(self.path).path), "none")
        self.psc.seen.append(Seen(endpoint, dict(self.headers.items()), self.peer(), self.command))
        if told := self.psc.lie.instead.get(endpoint):
            # A server that answers a form it did not read resets the connection.
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
        (told or replies.get(endpoint) or say_status(404))(self)

    def say(self, status: int, media_type: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "KEYCLOAK_IDENTITY=of-the-previous-colleague; Path=/")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the tests look at `seen`."""


def _say_discovery(handler: Handler) -> None:
    say_json(handler.psc.discovery())(handler)


def _say_jwks(handler: Handler) -> None:
    say_json(handler.psc.jwks())(handler)


def _say_userinfo(handler: Handler) -> None:
    if handler.headers["Authorization"] != f"Bearer {ACCESS_TOKEN}":
        return say_json({"error": "invalid_token"}, 401)(handler)
    return say_json(handler.psc.userinfo())(handler)


def _proves_by_basic(handler: Handler, form: Json) -> bool:
    scheme, _, credentials = handler.headers.get("Authorization", "").partition(" ")
    client = [unquote_plus(part) for part in b64decode(credentials).decode().split(":")]
    return scheme == "Basic" and client == [CLIENT_ID, CLIENT_SECRET] and "client_secret" not in form


def _proves_by_post(handler: Handler, form: Json) -> bool:
    given = (form.get("client_id"), form.get("client_secret"))
    return given == (CLIENT_ID, CLIENT_SECRET) and "Authorization" not in handler.headers


def _proves_by_certificate(handler: Handler, form: Json) -> bool:
    has_other = "client_secret" in form or "Authorization" in handler.headers
    return form.get("client_id") == CLIENT_ID and not has_other and handler.peer() == CLIENT_ID


_PROOFS: Mapping[str, Callable[[Handler, Json], bool]] = {
    "client_secret_basic": _proves_by_basic,
    "client_secret_post": _proves_by_post,
    "tls_client_auth": _proves_by_certificate,
}


def _say_wallet(handler: Handler) -> None:
    """A browser without session: Core §3.1.2.6 for `prompt=none`, else a page; no redirect to a stranger."""
    sent = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}
    if "request_uri" in sent:
        sent = dict(handler.psc.pushed.pop())
    if sent.get("client_id") != CLIENT_ID or sent.get("redirect_uri") != handler.psc.redirect_uri:
        return say_text("<html>Invalid parameter: redirect_uri", "text/html", 400)(handler)
    if sent.get("prompt") != "none":
        return say_text("<html>Connectez-vous", "text/html")(handler)
    told = urlencode({"error": "login_required", "state": sent["state"]})
    return say_status(302, Location=f"{handler.psc.redirect_uri}?{told}")(handler)


def _form(handler: Handler) -> dict[str, str]:
    length = int(handler.headers["Content-Length"])
    return {name: values[0] for name, values in parse_qs(handler.rfile.read(length).decode()).items()}


def _say_request_uri(handler: Handler) -> None:
    form = _form(handler)
    if not _PROOFS[handler.psc.client_authentication](handler, form):
        return say_json({"error": "invalid_client"}, 401)(handler)
    handler.psc.pushed.append(form)
    return say_json({"request_uri": REQUEST_URI, "expires_in": 60}, 201)(handler)


def _say_tokens(handler: Handler) -> None:
    form = _form(handler)
    if not _PROOFS[handler.psc.client_authentication](handler, form):
        return say_json({"error": "invalid_client"}, 401)(handler)
    if "code_verifier" not in form:
        return say_json({"error": "invalid_grant"}, 400)(handler)
    # RFC 7636 §4.6, RFC 6749 §4.1.3.
    challenge = b64u(hashlib.sha256(form["code_verifier"].encode()).digest())
    given = (form["grant_type"], form["code"], form["redirect_uri"], challenge)
    if given != (
        "authorization_code",
        CODE,
        handler.psc.redirect_uri,
        handler.psc.asked.get("code_challenge"),
    ):
        return say_json({"error": "invalid_grant", "error_description": "Code not valid"}, 400)(handler)
    return say_json(handler.psc.tokens())(handler)


def say_json(document: object, status: int = 200) -> Reply:
    return lambda handler: handler.say(status, "application/json", json.dumps(document).encode())


def say_text(text: str, media_type: str = "application/json", status: int = 200, **headers: str) -> Reply:
    return lambda handler: handler.say(status, media_type, text.encode(), **headers)


def say_status(status: int, **headers: str) -> Reply:
    return lambda handler: handler.say(status, "application/json", b"", **headers)


def hang_up(handler: Handler) -> None:
    handler.close_connection = True


def stop_in_the_middle(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "4000")
    handler.end_headers()
    handler.wfile.write(b'{"issuer":')
    handler.close_connection = True


def stay_silent(handler: Handler) -> None:
    handler.psc.stopping.wait(4)
    handler.close_connection = True


def _drip(handler: Handler, start: bytes, drop: bytes) -> None:
    handler.close_connection = True
    with suppress(OSError):
        handler.wfile.write(start)
        # Four seconds: a client without a deadline must fail its test, not hang it.
        for _ in range(80):
            if handler.psc.stopping.wait(0.05):
                return
            handler.wfile.write(drop)


def drip_headers(handler: Handler) -> None:
    _drip(handler, b"HTTP/1.1 200 OK\r\nX-Slow: ", b"z")


def drip_body(handler: Handler) -> None:
    _drip(handler, b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"a":"', b"z")


def drip_chunks(handler: Handler) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    _drip(handler, head, b"1\r\n \r\n")


def redirect_without_end(handler: Handler) -> None:
    head = f"HTTP/1.1 302 Found\r\nLocation: {handler.psc.origin}{_PATHS['trap']}\r\n\r\n"
    _drip(handler, head.encode(), b"z")


def redirect_to_trap(handler: Handler) -> None:
    say_status(302, Location=handler.psc.origin + _PATHS["trap"])(handler)


OUTAGES: Mapping[str, Reply] = {
    "an HTML page": say_text("<html>Maintenance</html>", "text/html"),
    "an HTML page with status 400": say_text("<html>Refused by the firewall</html>", "text/html", 400),
    "an HTML page under the name of JSON": say_text("<html>"),
    "status 503": say_status(503),
    "status 500 in JSON": say_json({"error": "server_error"}, 500),
    "status 429": say_json({"error": "slow_down"}, 429),
    "status 204": say_status(204),
    "five megabytes": say_text('{"a":"' + "z" * 5_000_000 + '"}'),
    "absurd nesting": say_text("[" * 200_000),
    "an absurd number": say_text("1" * 50_000),
    "a compressed body": say_text("{}", Content_Encoding="gzip"),
    "a connection closed at once": hang_up,
    "a connection closed in the middle": stop_in_the_middle,
    "silence": stay_silent,
    "headers one byte at a time": drip_headers,
    "a body one byte at a time": drip_body,
    "chunks of one byte": drip_chunks,
    "a redirect": redirect_to_trap,
    "a redirect whose body never ends": redirect_without_end,
}


def self_signed_certificate(directory: Path) -> Path:
    """Returns a PEM file: key and certificate of 127.0.0.1, signed by no known authority."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.now(UTC) - timedelta(hours=1)
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, _STRANGER_KEY.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(_STRANGER_KEY, hashes.SHA256())
    )
    path = directory / "self-signed.pem"
    path.write_bytes(
        _STRANGER_KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Ten browsers at once: beyond the default backlog of five the kernel makes a caller wait one second.
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: clients that leave early are what these tests are about."""


@dataclass(frozen=True)
class TlsFiles:
    """PEM files: an authority, a server of this machine and the organisation CLIENT_ID, both vouched for by it."""

    ca: Path
    server: Path
    client: Path
    client_key: Path


def tls_files(directory: Path) -> TlsFiles:
    authority = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    begin = datetime.now(UTC) - timedelta(hours=1)

    def signed(common_name: str, key: rsa.RSAPrivateKey, *extensions: x509.ExtensionType) -> bytes:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = (
            x509.CertificateBuilder(name, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(days=30))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, isinstance(extension, x509.BasicConstraints))
        return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def pem(key: rsa.RSAPrivateKey) -> bytes:
        return key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    server, client = _STRANGER_KEY, rsa.generate_private_key(65537, 2048)
    address = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
    )
    contents = {
        "ca.pem": signed("Test authority", authority, x509.BasicConstraints(True, None)),
        "server.pem": pem(server) + signed("127.0.0.1", server, address),
        "client.pem": signed(CLIENT_ID, client),
        "client.key": pem(client),
    }
    for file, content in contents.items():
        (directory / file).write_bytes(content)
    return TlsFiles(*(directory / file for file in contents))


@contextmanager
def hostile_psc(
    now: float, certificate: Path | None = None, client_ca: Path | None = None
) -> Iterator[HostilePsc]:
    """A server of its own, on a free port; `now` is the time it writes into tokens, in seconds.

    With `client_ca`, a caller without a certificate of that authority gets no answer.
    """
    handler = type("BoundHandler", (Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_ca)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    psc = handler.psc = HostilePsc(server, now)  # type: ignore[attr-defined]
    serving = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    serving.start()
    try:
        yield psc
    finally:
        psc.stopping.set()
        server.shutdown()
        server.server_close()
        serving.join(within(5))
