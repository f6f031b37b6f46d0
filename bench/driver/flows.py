"""The workloads: each is one complete piece of work of a browser and a relying party.

Contains them by name (`WORKLOADS`), and what each prepares, not measured. Not here: how often, how long (`load`).
"""

import base64
import hashlib
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bench.driver.browser import AtPage, Browser, FlowFailed
from bench.driver.connection import Connect
from bench.driver.target import PASSWORD_INPUT, Endpoints, Target


@dataclass(frozen=True, slots=True)
class Proof:
    """What `id_token.verify` looks at, once a run."""

    answer: Mapping[str, Any]
    nonce: str
    userinfo: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Secrets:
    verifier: str
    challenge: str
    state: str
    nonce: str

    def on(self, address: str) -> str:
        return f"{address}&state={self.state}&nonce={self.nonce}&code_challenge={self.challenge}"


class Worker:
    """The browsers of some persons, who take turns, and the back channel of the relying party for them."""

    def __init__(self, connect: Connect, target: Target, endpoints: Endpoints, rank: int) -> None:
        self._target, self._endpoints = target, endpoints
        each = target.persons_each
        self._browsers = [Browser(connect, target, rank * each + one) for one in range(each)]
        self.browser = self._browsers[0]
        self.back = connect(*target.address)
        self._prefix = f"{base64.urlsafe_b64encode(os.urandom(9)).decode()}{rank}"
        self._rank = 0
        self._refresh_token: str | None = None
        self._authorize = endpoints.authorize(target.scope, {})
        self.proof: Proof | None = None

    def close(self) -> None:
        """After a failure: the next flow begins on new connections."""
        for browser in self._browsers:
            browser.channel.close()
        self.back.close()

    def _next(self) -> Browser:
        self.browser = self._browsers[self._rank % len(self._browsers)]
        return self.browser

    async def sign_in_all(self) -> None:
        for _ in self._browsers:
            await self._code_flow(self._next().type_password)

    async def single_sign_on(self) -> None:
        await self._code_flow(self._next().stay)

    async def first_login(self) -> None:
        self._next().restart()
        await self._code_flow(self.browser.type_password)

    async def card(self) -> None:
        self._next().restart()
        await self._code_flow(self.browser.press_card)

    async def begin_refreshing(self) -> None:
        target = self._target
        secrets = self._fresh()
        address = self._endpoints.authorize(target.refresh_scope, target.refresh_parameters)
        query = await self.browser.go(secrets.on(address), self.browser.type_password)
        answer = await self._json(self._endpoints.exchange(_code(query, secrets.state), secrets.verifier))
        self._refresh_token = answer.get("refresh_token")
        if not self._refresh_token:
            raise FlowFailed("no refresh token was issued")

    async def refresh(self) -> None:
        assert self._refresh_token is not None
        form = f"grant_type=refresh_token&refresh_token={quote(self._refresh_token, safe='')}"
        answer = await self._json(self._endpoints.token(form))
        if not answer.get("access_token"):
            raise FlowFailed("a refresh without access token")
        self._refresh_token = answer.get("refresh_token") or self._refresh_token

    async def metadata(self) -> None:
        for request in (self._endpoints.discovery, self._endpoints.key_set):
            answer = await self.back.request(request)
            if answer.status != 200 or answer.body[:1] not in b"{ \n":
                raise FlowFailed(f"metadata: HTTP {answer.status}")

    async def sign_in_page(self) -> None:
        self._next().restart()
        page = await self.browser.page(self._fresh().on(self._authorize))
        if not PASSWORD_INPUT.search(page):
            raise FlowFailed(f"no sign-in page: {page[:300]!r}")

    async def _code_flow(self, at_page: AtPage) -> None:
        secrets = self._fresh()
        query = await self.browser.go(secrets.on(self._authorize), at_page)
        request = self._endpoints.exchange(_code(query, secrets.state), secrets.verifier)
        answer = await self._json(request)
        if "id_token" not in answer:
            raise FlowFailed("no ID token")
        userinfo = await self._json(self._endpoints.userinfo(answer["access_token"]))
        if not userinfo.get("sub"):
            raise FlowFailed("userinfo without sub")
        self.proof = self.proof or Proof(answer, secrets.nonce, userinfo)

    async def _json(self, request: bytes) -> dict[str, Any]:
        answer = await self.back.request(request)
        if answer.status != 200:
            raise FlowFailed(f"{request[:40]!r}: HTTP {answer.status} {answer.body[:300]!r}")
        read: dict[str, Any] = json.loads(answer.body)
        return read

    def _fresh(self) -> _Secrets:
        self._rank += 1
        verifier = base64.urlsafe_b64encode(os.urandom(33)).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        return _Secrets(verifier, challenge, f"s{self._prefix}.{self._rank}", f"n{self._prefix}.{self._rank}")


def _code(query: str, state: str) -> str:
    """Returns the code, still percent-encoded. Raises FlowFailed."""
    got = dict(part.partition("=")[::2] for part in query.partition("#")[0].split("&"))
    if "code" not in got:
        raise FlowFailed(f"no code in {query[:300]!r}")
    if got.get("state") != state:
        raise FlowFailed("another state")
    return got["code"]


async def _nothing(worker: Worker) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """`first`: what is done once, not measured. `shows_id_token`: one is verified in each run."""

    title: str
    first: Callable[[Worker], Awaitable[None]] = _nothing
    flow: Callable[[Worker], Awaitable[None]]
    shows_id_token: bool = False


WORKLOADS: Mapping[str, Workload] = {
    "W1": Workload(
        title="authorize with a session, token, userinfo",
        first=Worker.sign_in_all,
        flow=Worker.single_sign_on,
        shows_id_token=True,
    ),
    "W2": Workload(title="first login of a new browser", flow=Worker.first_login, shows_id_token=True),
    "W3": Workload(title="refresh", first=Worker.begin_refreshing, flow=Worker.refresh),
    "W4": Workload(title="discovery and key set", flow=Worker.metadata),
    "W5": Workload(title="sign-in page of a new browser", flow=Worker.sign_in_page),
    "W6": Workload(title="sign-in by card, hand-over included", flow=Worker.card, shows_id_token=True),
}
