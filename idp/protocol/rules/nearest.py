"""Contains which registered address an unregistered one comes nearest to, for the operator.

Not here: which address is registered. Of the address that was sent neither its query nor its fragment is told, nor a
name and password in it.
"""

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from urllib.parse import SplitResult, urlsplit

#: What is compared and told of an address that anybody may send.
_LONGEST = 200
#: Of a client with hundreds of addresses, the first ones.
_MOST = 50
_PARTS = ("scheme", "host", "port", "path", "query", "fragment")


def how_it_differs(given: Sequence[str], registered: Sequence[str]) -> Mapping[str, str]:
    """Returns `given` without what may be secret, the `nearest` registered address and the parts that differ.

    Nothing of it unless one address was sent, which is one.
    """
    found = _split(given[0]) if len(given) == 1 else None
    if found is None:
        return {}
    told = _told(found)
    if not registered:
        return {"given": told}
    nearest = max(registered[:_MOST], key=lambda address: _likeness(told, address))
    other = _split(nearest)
    differs = [] if other is None else [name for name in _PARTS if _part(found, name) != _part(other, name)]
    return {"given": told, "nearest": nearest, "differs": " ".join(differs) or "spelling"}


def _split(address: str) -> SplitResult | None:
    try:
        found = urlsplit(address)
        _ = found.port
    except ValueError:
        return None
    return found


def _part(address: SplitResult, name: str) -> object:
    return address.hostname if name == "host" else getattr(address, name)


def _told(address: SplitResult) -> str:
    place = address.netloc.rpartition("@")[2]
    text = f"{address.scheme}:" if address.scheme else ""
    text += f"//{place}" if place else ""
    return re.sub(r"[^!-~]", "?", f"{text}{address.path}"[:_LONGEST])


def _likeness(told: str, registered: str) -> float:
    # Linear in their lengths: anybody may make us compare.
    place = re.split(r"[?#]", registered, maxsplit=1)[0][:_LONGEST]
    return SequenceMatcher(None, told, place, autojunk=False).quick_ratio()
