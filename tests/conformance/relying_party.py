"""The suite as relying party: what it asks, what it accepts as an answer, what it redeems. Written from the
specifications alone; it knows the provider by its discovery document.
"""

import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

from tests.conformance.receiver import Arrival, Receiver
from tests.conformance.suite import Suite
from tests.conformance.tokens import Token, check_id_token, check_key_set, read_token
from tests.conformance.visitor import Visitor

Json = dict[str, Any]
#: RFC 6749 §4.1.2.1, and `iss` of RFC 9207.
_ERROR_MEMBERS = {"error", "error_description", "error_uri", "state", "iss"}
_DESCRIPTION = r"[\x20-\x21\x23-\x5b\x5d-\x7e]*"


@dataclass(frozen=True)
class Answer:
    """What came to the redirect URI, and the request it answers."""

    sent: dict[str, str]
    arrival: Arrival
    parameters: dict[str, str]


@dataclass(frozen=True)
class Completed:
    """A whole code flow: every standard check passed."""

    answer: Answer
    tokens: Json
    id_token: Token
    userinfo: Json

    @property
    def access_token(self) -> str:
        return str(self.tokens["access_token"])


@dataclass
class RelyingParty:
    """One client of the suite's configuration. `mode`: how answers come, `query` or `form_post`."""

    suite: Suite
    receiver: Receiver
    role: str = "client"
    mode: str = "query"
    #: Core §3.1.2.1: of any length; the suite asks for 128 where an error must not cut it.
    state_length: int = 24
    client: Json = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = self.client or self.suite.client(self.role)
        self.metadata = self.metadata or self.suite.metadata()

    @property
    def redirect_uri(self) -> str:
        return str(self.client["redirect_uris"][0])

    def request(self, **changes: str | None) -> dict[str, str]:
        """An ordinary request: no PKCE, as the suite's; a change to None leaves one out."""
        ordinary = {
            "client_id": self.client["client_id"],
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": secrets.token_hex(self.state_length)[: self.state_length],
            "nonce": secrets.token_urlsafe(12),
            "response_type": "code",
            **({"response_mode": self.mode} if self.mode != "query" else {}),
        }
        return {name: value for name, value in {**ordinary, **changes}.items() if value is not None}

    def authorize(self, visitor: Visitor, sent: dict[str, str], *, by_post: bool = False) -> Answer:
        mark = self.receiver.mark()
        go = visitor.post if by_post else visitor.visit
        page = go(self.metadata["authorization_endpoint"], sent)
        arrived = self.receiver.since(mark, "/callback")
        assert len(arrived) == 1, f"{len(arrived)} answers came; the browser shows « {page.title} »"
        return self.read(sent, arrived[0])

    def read(self, sent: dict[str, str], arrival: Arrival) -> Answer:
        if sent.get("response_mode") == "form_post":
            # Form Post §2: POST, urlencoded, and nothing of the answer in the address.
            assert arrival.method == "POST"
            assert arrival.content_type.split(";")[0] == "application/x-www-form-urlencoded"
            assert not {"code", "error", "state"} & dict(arrival.query).keys()
            pairs = arrival.form
        else:
            assert arrival.method == "GET"
            pairs = arrival.query
        parameters = dict(pairs)
        assert len(parameters) == len(pairs), "a parameter is repeated"
        return Answer(sent, arrival, parameters)

    def granted(self, answer: Answer) -> str:
        """The code. RFC 6749 §4.1.2; RFC 9207 §2.4."""
        assert "error" not in answer.parameters, answer.parameters
        self._check_common(answer)
        return answer.parameters["code"]

    def refused(self, answer: Answer) -> str:
        """The error. Core §3.1.2.6, RFC 6749 §4.1.2.1."""
        assert answer.parameters.keys() <= _ERROR_MEMBERS
        self._check_common(answer)
        assert re.fullmatch(_DESCRIPTION, answer.parameters.get("error_description", ""))
        return answer.parameters["error"]

    def _check_common(self, answer: Answer) -> None:
        assert answer.parameters.get("state") == answer.sent.get("state")
        assert answer.parameters["iss"] == self.metadata["issuer"]

    # The token endpoint.

    def token_request(self, form: dict[str, str]) -> requests.Response:
        """With this client's own method (RFC 6749 §2.3.1: both parts urlencoded before Basic)."""
        client_id, secret = self.client["client_id"], self.client["client_secret"]
        basic: Json = {"auth": (quote(client_id, safe=""), quote(secret, safe=""))}
        body = {**form, "client_id": client_id, "client_secret": secret}
        methods: dict[str, Json] = {
            "client_secret_basic": {"data": form, **basic},
            "client_secret_post": {"data": body},
        }
        sent = methods[self.client["token_endpoint_auth_method"]]
        return self.suite.call("POST", self.metadata["token_endpoint"], **sent)

    def redeem(self, code: str, **more: str) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri}
        return self.token_request({**form, **more})

    def tokens_of(self, answer: requests.Response) -> Json:
        """RFC 6749 §5.1, Core §3.1.3.3."""
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].split(";")[0] == "application/json"
        assert "no-store" in answer.headers["Cache-Control"]
        tokens: Json = answer.json()
        assert tokens["token_type"].lower() == "bearer"
        assert type(tokens["expires_in"]) is int
        assert tokens["expires_in"] > 0
        # RFC 6749 appendix A.12, RFC 6750 §2.1.
        assert re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", tokens["access_token"])
        return tokens

    def refused_tokens(self, answer: requests.Response) -> str:
        """The error of RFC 6749 §5.2."""
        assert answer.status_code == 400
        assert answer.headers["Content-Type"].split(";")[0] == "application/json"
        body: Json = answer.json()
        assert body.keys() <= {"error", "error_description", "error_uri"}
        assert re.fullmatch(_DESCRIPTION, body.get("error_description", ""))
        return str(body["error"])

    def keys(self) -> Json:
        answer = self.suite.call("GET", self.metadata["jwks_uri"])
        assert answer.status_code == 200
        document: Json = answer.json()
        check_key_set(document)
        return document

    def id_token_of(self, tokens: Json, nonce: str | None, *, is_refreshed: bool = False) -> Token:
        token = read_token(tokens["id_token"], self.keys())
        if is_refreshed:
            # Core §12.2: better without a nonce, never with another one.
            assert token.claims.get("nonce", nonce) == nonce
            nonce = token.claims.get("nonce")
        check_id_token(token, issuer=self.metadata["issuer"], client_id=self.client["client_id"], nonce=nonce)
        return token

    # Userinfo.

    def userinfo(self, access_token: str) -> requests.Response:
        header = {"Authorization": f"Bearer {access_token}"}
        return self.suite.call("GET", self.metadata["userinfo_endpoint"], headers=header)

    def claims_of(self, answer: requests.Response, subject: str) -> Json:
        """Core §5.3.2: JSON, and of the person of the ID Token."""
        assert answer.status_code == 200, answer.headers
        assert answer.headers["Content-Type"].split(";")[0] == "application/json"
        claims: Json = answer.json()
        assert claims["sub"] == subject
        return claims

    # The whole.

    def complete(self, visitor: Visitor, *, by_post: bool = False, **changes: str | None) -> Completed:
        return self.finish(self.authorize(visitor, self.request(**changes), by_post=by_post))

    def finish(self, answer: Answer, **more: str) -> Completed:
        """Redeem, verify, ask for the claims; `more` goes to the token endpoint."""
        tokens = self.tokens_of(self.redeem(self.granted(answer), **more))
        id_token = self.id_token_of(tokens, answer.sent.get("nonce"))
        userinfo = self.claims_of(self.userinfo(tokens["access_token"]), id_token.claims["sub"])
        return Completed(answer, tokens, id_token, userinfo)
