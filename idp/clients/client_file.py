"""The registry in force, taken anew when its files change.

Contains watching. Not here: what the files say (`clients/reading`), what a client is (`clients/registry`).
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path

import structlog

from idp.clients.located_yaml import BadYaml, Noted, named_files
from idp.clients.reading import compose_each, files_of, read_entries
from idp.clients.registry import Client, ClientRegistry, registry_of
from idp.clients.rules import ClientRule
from idp.core.clock import Clock
from idp.settings.files import stamp_of

log = structlog.get_logger()

_LOOK_EVERY = timedelta(seconds=1)
#: Faults in one line of the log, beside the first.
_MOST_TOLD = 20


class ClientFile:
    """The registry in force. A changed file replaces it completely, or not at all if one has a fault.

    The files that they name (`{file: …}`: secrets, keys) are part of it.
    """

    def __init__(
        self,
        path: Path,
        rules: tuple[ClientRule, ...] = (),
        *,
        clock: Clock,
        directory: Path | None = None,
        has_looked: Callable[[], object] = lambda: False,
        looked: Callable[[], None] = lambda: None,
    ) -> None:
        """`directory`: of more files. `has_looked`: whether `looked` was called in the present request.

        Raises BadYaml, OSError.
        """
        self._path = path
        self._directory = directory
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

    def logo_path(self, client_id: str) -> str:
        """Returns the address of its logo here, "" for a client without one, and for none."""
        client = self.get(client_id)
        return f"/logos/{client_id}" if client and client.logo else ""

    def where(self) -> Mapping[str, str]:
        """Returns which files hold the clients, for the log of one that is not there; and why they are not in force."""
        paths = [self._path] if self._directory is None else [self._path, self._directory]
        return {"looked_in": " ".join(map(str, paths)), **({"fault": self.fault} if self.fault else {})}

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
                more = [str(fault) for fault in getattr(error, "beside", ())][:_MOST_TOLD]
                log.error("clients_file_refused", reason=str(error), **({"beside": more} if more else {}))
            self.fault = str(error)
        else:
            self.fault = None
            log.info("clients_file_taken", clients=len(self._registry))

    def _read(self) -> ClientRegistry:
        """Raises BadYaml, OSError."""
        # Taken before reading: a change in between is seen next time.
        known = {self._path: stamp_of(self._path)}
        if self._directory is not None:
            known[self._directory] = stamp_of(self._directory)
        self._stamps = known
        files = files_of(self._path, self._directory)
        self._stamps = known = {**_stamps(files), **known}
        noted = Noted()
        tops = compose_each(files, noted)
        named = {path for top in tops for path in named_files(top)}
        self._stamps = {**known, **_stamps(named)}
        registry = registry_of(read_entries(tops, noted, self._rules))
        for client in registry.values():
            if client.pkce != "required":
                log.warning("client_without_pkce", client_id=client.client_id, pkce=client.pkce)
        return registry


def _stamps(paths: Iterable[Path]) -> dict[Path, object]:
    return {path: stamp_of(path) for path in paths}
