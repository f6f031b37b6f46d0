"""The real application of a provider, put together by `idp.app`, with a port of the test's own.

Contains ports that fall silent, or see what comes between two statements. Not here: an assertion.
"""

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.accounts.account import Account, AccountId
from idp.accounts.refresh import RefreshToken, RefreshTokens
from idp.accounts.repository import AccountNotFound
from idp.accounts.standing import Granted, Standing
from idp.app import assemble
from idp.protocol.published.dispatcher import PlainEndpoints, Route
from idp.signing.key_ring import Keys
from idp.signing.signer import Alg, SignerUnavailable
from idp.wiring.endpoints import build_endpoints
from idp.wiring.parts import build_parts
from idp.wiring.protocol import build_protocol
from idp.wiring.readiness import build_readiness
from idp.wiring.resources import build_clock_watch
from tests.provider import Provider


@dataclass
class SilentKeys:
    """`Keys` that are published and do not answer, until told."""

    keys: Keys
    is_silent: bool = False

    @property
    def fault(self) -> str | None:
        return self.keys.fault

    def jwks(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        return self.keys.jwks()

    def sign_jwt(self, claims: Mapping[str, Any], *, alg: Alg, typ: str = "JWT") -> str:
        self.require_ready(alg)
        return self.keys.sign_jwt(claims, alg=alg, typ=typ)

    def require_ready(self, alg: Alg) -> None:
        if self.is_silent:
            raise SignerUnavailable("silent")
        self.keys.require_ready(alg)

    def is_alive(self) -> bool:
        return not self.is_silent and self.keys.is_alive()


@dataclass(frozen=True)
class Nobody:
    """`Standings` and `AccountRepository` of a house that the person left."""

    def get(self, account_id: AccountId) -> Account:
        raise AccountNotFound

    def of(self, account_id: AccountId, demanded: tuple[str, ...], *, told_to: str | None = None) -> Standing:
        raise AccountNotFound

    def of_grant(
        self, grant_id: str, demanded: tuple[str, ...], *, told_to: str | None = None
    ) -> Granted | None:
        return None

    def of_refresh_token(self, grant_id: str, demanded: tuple[str, ...]) -> Granted | None:
        return None


@dataclass
class OvertakenTokens:
    """`RefreshTokens` of one request, which another overtakes before its own is swapped."""

    tokens: RefreshTokens
    meanwhile: Callable[[], object]

    def add(self, token: RefreshToken) -> None:
        self.tokens.add(token)

    def get(self, grant_id: str) -> RefreshToken | None:
        return self.tokens.get(grant_id)

    def swap(self, presented_sha256: str, following: RefreshToken) -> None:
        # Another request has a thread of its own.
        other = threading.Thread(target=self.meanwhile)
        other.start()
        other.join()
        self.tokens.swap(presented_sha256, following)


def with_keys(provider: Provider) -> tuple[Provider, SilentKeys]:
    """The same provider with keys that can fall silent."""
    parts = build_parts(provider.settings)
    keys = SilentKeys(parts.keys)
    return dataclasses.replace(provider, app=assemble(dataclasses.replace(parts, keys=keys))), keys


def endpoint_of(provider: Provider, path: str) -> Any:
    """The endpoint at this address, to have a port replaced."""
    parts = build_parts(provider.settings)
    readiness = build_readiness(parts, build_clock_watch(parts.resources))
    return build_endpoints(parts, build_protocol(parts), readiness).routes[path].endpoint


def serving(provider: Provider, path: str, endpoint: Any) -> Provider:
    """The same provider, where this endpoint answers at that address."""
    settings = provider.settings
    plain = PlainEndpoints(
        routes={path: Route(("POST",), endpoint)},
        where=settings.where,
        body_bytes=settings.bounds.body_bytes,
    )
    return dataclasses.replace(provider, app=plain.in_front_of(provider.app))
