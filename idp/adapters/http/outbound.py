"""HTTP towards URLs that relying parties registered: `jwks_uri`, `backchannel_logout_uri` (facts/security CF5, T41).

Contains a call that goes to the very address that was checked, under the name of the host.
Not here: which addresses are allowed (`adapters/http/addresses`), what is read or sent.
"""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from idp.adapters.http.addresses import Resolve, Target, check_url
from idp.adapters.http.bounded import (
    DeadlineAdapter,
    DeadlineHttpConnection,
    DeadlineHttpsConnection,
    ExchangeDeadline,
    SafeHttp,
)

#: A relying party that is slower keeps one of our threads from somebody else (facts/security LO5).
TOTAL_SECONDS = 5.0
#: Twenty keys with their certificates.
BODY_BYTES = 256 * 1024


def resolve(host: str, port: int) -> Sequence[str]:
    """The system's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class OutboundHttp(SafeHttp):
    """`BoundedHttp` to the Internet and to `networks` (CIDR) only, no redirect followed; http on loopback only.

    What is forbidden raises NoUsableAnswer like what does not answer: who registered the URL learns nothing.
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
        self._context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
        for path in authority_files:
            self._context.load_verify_locations(path)

    def _adapter_for(self, request: requests.Request, deadline: ExchangeDeadline) -> DeadlineAdapter:
        target = check_url(str(request.url), self._networks, partial(_within, deadline, self._resolve))
        request.headers["Host"] = target.authority
        return _PinnedAdapter(deadline, target, self._context)


def _within(deadline: ExchangeDeadline, resolve: Resolve, host: str, port: int) -> Sequence[str]:
    """`resolve`, no longer than there is time: resolvers know no deadline. Raises OSError."""
    answers: list[Sequence[str]] = []
    faults: list[Exception] = []

    def ask() -> None:
        try:
            answers.append(resolve(host, port))
        except Exception as error:  # Told to the caller, in its thread.
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
    """Connects to the addresses of the target, whatever its name would resolve to by now."""

    def __init__(self, deadline: ExchangeDeadline, target: Target, context: ssl.SSLContext) -> None:
        self._target = target
        self._context = context
        super().__init__(deadline)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the roots are in the context already, and all threads share it."""

    def connection(self, scheme: str) -> Callable[..., Any]:
        target, deadline = self._target, self.deadline

        def connect(**kwargs: Any) -> Any:
            if scheme == "http":
                return _PinnedHttpConnection(target.addresses, deadline=deadline, **kwargs)
            # Said here: urllib3 would else ask for a certificate of the address.
            named = {**kwargs, "server_hostname": target.host}
            return _PinnedHttpsConnection(target.addresses, deadline=deadline, **named)

        return connect


def _try_each(
    connection: Any, addresses: Sequence[str], deadline: ExchangeDeadline, connect: Callable[[], None]
) -> None:
    """One after the other until one takes the connection: a dual-stack host may have a family we cannot reach."""
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
