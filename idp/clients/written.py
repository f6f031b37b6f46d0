"""Values of a client as they are written: for `idp clients show` and `plan`. Never a secret."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

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


def reference(entry: Entry, member: str = "client_secret") -> Any:
    """Returns where the secret of an entry comes from: `{"file": …}`, `{"env": …}`, or that a digest stands there."""
    at = entry.given.get(member)
    return None if at is None else _masked(at.plain())


def _masked(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_masked(item) for item in plain]
    return {name: MASK if name == "sha256" else value for name, value in plain.items()}
