"""HTTP towards URLs that relying parties registered: `jwks_uri`, `backchannel_logout_uri` (facts/security CF5, T41).

Contains a call to exactly the address that was checked, under the name of the host. Not here: which addresses are
allowed (`adapters/http/addresses`), what is read or sent.
"""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from idp.adapters.http.addresses import Resolve, Target, check_url
from idp.adapters.http.bounded import SafeHttp
from idp.adapters.http.deadline import (
    DeadlineAdapter,
    DeadlineHttpConnection,
    DeadlineHttpsConnection,
    ExchangeDeadline,
)
from idp.settings.files import require_file

#: A slower relying party would hold one of our threads that others need (facts/security LO5).
TOTAL_SECONDS = 5.0
#: Enough for twenty keys with their certificates.
BODY_BYTES = 256 * 1024


def resolve(host: str, port: int) -> Sequence[str]:
    """Returns the addresses from the system's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class OutboundHttp(SafeHttp):
    """`BoundedHttp` to the Internet and to `networks` (CIDR) only, no redirect followed; http on loopback only.

    A forbidden URL raises NoUsableAnswer, as one that does not answer: the relying party that registered it learns
    nothing about our network.
    """

    def __init__(
        self,
        networks: Sequence[str] = (),
        *,
        authority_files: Sequence[Path] = (),
        resolve: Resolve = resolve,
        total_seconds: float = TOTAL_SECONDS,
        body_bytes: int = BODY_BYTES,
    ) -> None:
        """`authority_files`: PEM roots of TLS beside the public ones. Raises ValueError, OSError for bad ones."""
        super().__init__(connect_seconds=total_seconds, total_seconds=total_seconds, body_bytes=body_bytes)
        self._networks = tuple(ipaddress.ip_network(text) for text in networks)
        self._resolve = resolve
        self._authority_files = authority_files
        if authority_files:  # One that cannot serve is told now.
            self._context  # noqa: B018

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """The public authorities are a megabyte, which a process that calls nobody does without."""
        context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
        for path in self._authority_files:
            context.load_verify_locations(require_file(path))
        return context

    def _adapter_for(self, request: requests.Request, deadline: ExchangeDeadline) -> DeadlineAdapter:
        target = check_url(str(request.url), self._networks, partial(_within, deadline, self._resolve))
        request.headers["Host"] = target.authority
        return _PinnedAdapter(deadline, target, self._context)


def _within(deadline: ExchangeDeadline, resolve: Resolve, host: str, port: int) -> Sequence[str]:
    """Returns `resolve` with a deadline, in a thread: a resolver itself has none. Raises OSError."""
    answers: list[Sequence[str]] = []
    faults: list[Exception] = []

    def ask() -> None:
        try:
            answers.append(resolve(host, port))
        except Exception as error:  # Raised again in the caller's thread.
            faults.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(deadline.remaining())
    if faults:
        raise OSError("no such name") from faults[0]
    if not answers:
        raise TimeoutError("too slow")
    return answers[0]


class _PinnedAdapter(DeadlineAdapter):
    """Connects to the checked addresses, whatever the name resolves to meanwhile (DNS rebinding)."""

    def __init__(self, deadline: ExchangeDeadline, target: Target, context: ssl.SSLContext) -> None:
        self._target = target
        self._context = context
        super().__init__(deadline)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Does nothing: the roots are already in the context, which all threads share."""

    def connection(self, scheme: str) -> Callable[..., Any]:
        target, deadline = self._target, self.deadline

        def connect(**kwargs: Any) -> Any:
            if scheme == "http":
                return _PinnedHttpConnection(target.addresses, deadline=deadline, **kwargs)
            # Set here: urllib3 would otherwise expect a certificate for the address.
            named = {**kwargs, "server_hostname": target.host}
            return _PinnedHttpsConnection(target.addresses, deadline=deadline, **named)

        return connect


def _try_each(
    connection: Any, addresses: Sequence[str], deadline: ExchangeDeadline, connect: Callable[[], None]
) -> None:
    """Try the addresses in turn: this machine may not reach one family of a dual-stack host."""
    for address in addresses:
        connection.host, connection.timeout = address, deadline.remaining()
        try:
            return connect()
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
            if address == addresses[-1]:
                raise
    return None


class _PinnedHttpConnection(DeadlineHttpConnection):
    def __init__(self, addresses: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._addresses = addresses

    def connect(self) -> None:
        _try_each(self, self._addresses, self._deadline, super().connect)


class _PinnedHttpsConnection(DeadlineHttpsConnection):
    def __init__(self, addresses: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._addresses = addresses

    def connect(self) -> None:
        _try_each(self, self._addresses, self._deadline, super().connect)
