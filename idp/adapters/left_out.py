"""What libraries bring along and no web worker runs is not loaded there: it would be a seventh of a worker's memory.

Contains the list, with who would load each. Not here: what this service loads late, at its own places.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

#: Each is an option of the library that looks for it.
ABSENT = {
    "charset_normalizer": "requests, to guess the charset of a text: we read octets",
    "greenlet": "SQLAlchemy, for asyncio; structlog, where there are greenlets",
    "pygments": "structlog, for colours on a terminal",
    "rich": "structlog, for stack traces on a terminal",
}
#: Imported without a question, by what never runs (docs/adr/0003 for pyjwkest).
STANDING_IN = {
    "Cryptodome": "pyjwkest, for its own signatures and encryption",
    "redis.asyncio": "redis, for asyncio",
    "redis.cluster": "redis, for a cluster",
    "redis.commands.cluster": "redis, for a cluster",
    "redis.commands.core": "redis, for the methods of its client: we write commands ourselves",
    "redis.commands.redismodules": "redis, for modules of the server",
    "redis.keyspace_notifications": "redis, for events",
}


class LeftOut(Exception):
    """Something of a library was used that this service promises never to run."""


class _Never:
    """Anything of a module that stands in."""

    def __init__(self, *_arguments: object, **_named: object) -> None:
        raise LeftOut(f"{type(self).__module__}.{type(self).__name__}")


class _StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not any(fullname == name or fullname.startswith(f"{name}.") for name in STANDING_IN):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        def never(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return type(name, (_Never,), {"__module__": module.__name__})

        module.__dict__["__getattr__"] = never


@contextmanager
def _absent(name: str) -> Iterator[None]:
    """For those who look for it meanwhile."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


def leave_out() -> None:
    """Call it before anything of them is imported; a second call changes nothing."""
    if any(isinstance(finder, _StandIn) for finder in sys.meta_path):
        return
    for name in ABSENT:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    sys.meta_path.insert(0, _StandIn())
    with _absent("opentelemetry"):
        # It would load it where it is installed; ours is for those who trace (`operations/traces`).
        importlib.import_module("redis")
    # requests has nothing to guess charsets with, as is meant.
    warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")
