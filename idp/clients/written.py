"""Values of a client as they are written: for `idp clients show` and `plan`. Never a secret."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import yaml

from idp.clients.reading import Entry
from idp.clients.values import ACR_BY_NAME
from idp.core.pictures import Picture
from idp.interaction.authenticator import Acr

MASK = "…"
_NAMES = {acr: name for name, acr in ACR_BY_NAME.items()}


def _public(jwk: Mapping[str, Any]) -> dict[str, Any]:
    return {name: jwk[name] for name in ("kid", "kty", "crv", "alg", "use") if name in jwk}


#: By type, as JSON.
_WRITTEN: Mapping[type, Callable[[Any], Any]] = {
    Acr: lambda acr: _NAMES[acr],
    timedelta: lambda life: int(life.total_seconds()),
    bytes: lambda _digest: MASK,
    Picture: lambda picture: picture.media_type,
    dict: _public,
    tuple: lambda items: [written(item) for item in items],
}


def written(value: Any) -> Any:
    """Returns the value as JSON. What is of no known type is masked."""
    write = _WRITTEN.get(type(value))
    if write is not None:
        return write(value)
    return value if value is None or isinstance(value, str | int) else MASK


def reference(entry: Entry, member: str) -> Any:
    """Returns where a secret comes from, with its days: `{"file": …}`, `{"env": …}`, or that a digest stands there."""
    at = entry.given.get(member)
    return None if at is None else _reference(at.node)


def _reference(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_reference(item) for item in node.value]
    return {name.value: MASK if name.value == "sha256" else value.value for name, value in node.value}
