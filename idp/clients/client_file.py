"""The registry in force, which follows clients.yaml while we run. Not here: what the file says (`registry`)."""

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import structlog

from idp.clients.located_yaml import BadYaml, compose, named_files
from idp.clients.registry import Client, ClientRegistry, registry_of
from idp.clients.rules import ClientRule
from idp.core.clock import Clock
from idp.settings.files import stamp_of

log = structlog.get_logger()

_LOOK_EVERY = timedelta(seconds=1)


class ClientFile:
    """The registry in force. A changed file replaces it completely, or not at all if it has a fault.

    The files that it names (`{file: …}`: secrets, keys) are part of it.
    """

    def __init__(
        self,
        path: Path,
        rules: tuple[ClientRule, ...] = (),
        *,
        clock: Clock,
        has_looked: Callable[[], object] = lambda: False,
        looked: Callable[[], None] = lambda: None,
    ) -> None:
        """`has_looked`: whether `looked` was called in the present request. Raises BadYaml, OSError."""
        self._path = path
        self._rules = rules
        self._clock = clock
        self._has_looked = has_looked
        self._looked = looked
        self._lock = threading.Lock()
        self._looked_at = clock.now()
        self._stamps: Mapping[Path, object] = {}
        self._registry = self._read()
        #: The fault of the files on disk. None: the registry in force is that of the files.
        self.fault: str | None = None

    def registry(self) -> ClientRegistry:
        # One request looks at the file once. One thread reads; the others go on with what was in force.
        if not self._has_looked():
            self._looked()
            self._look()
        return self._registry

    def _look(self) -> None:
        if self._is_changed() and self._lock.acquire(blocking=False):
            try:
                self._take()
            finally:
                self._lock.release()

    def get(self, client_id: str) -> Client | None:
        return self.registry().get(client_id)

    def _is_changed(self) -> bool:
        if stamp_of(self._path) != self._stamps[self._path]:
            return True
        now = self._clock.now()
        # There may be a file for each client: they are not looked at for each request.
        if self._looked_at <= now < self._looked_at + _LOOK_EVERY:
            return False
        self._looked_at = now
        return any(stamp_of(path) != stamp for path, stamp in self._stamps.items())

    def _take(self) -> None:
        try:
            self._registry = self._read()
        except (BadYaml, OSError) as error:
            if self.fault != str(error):
                log.error("clients_file_refused", reason=str(error))
            self.fault = str(error)
        else:
            self.fault = None
            log.info("clients_file_taken", clients=len(self._registry))

    def _read(self) -> ClientRegistry:
        """Raises BadYaml, OSError."""
        # Taken before reading: a change in between is seen next time.
        self._stamps = {self._path: stamp_of(self._path)}
        top = compose(self._path)
        self._stamps = {**self._stamps, **{path: stamp_of(path) for path in named_files(top)}}
        registry = registry_of(top, self._rules)
        for client in registry.values():
            if client.pkce != "required":
                log.warning("client_without_pkce", client_id=client.client_id, pkce=client.pkce)
        return registry
