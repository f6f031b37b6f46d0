"""Records as what JSON can hold, and back: the one converter of every dataclass that a store keeps.

Contains the wire format (times in ISO 8601, enums by value, tuples as lists) and how strictly it is read: unknown
members and values of another type are refused, members that have a default may be absent (a record of the version
before). Not here: JSON that others wrote; `ring.json`, which tells an operator the member at fault; records of a few
texts that are no dataclass, or whose members have other names (codes, access tokens), read where they are used.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from cattrs import Converter
from cattrs.errors import ForbiddenExtraKeysError

_Record = TypeVar("_Record")
_Hook = Callable[[Any, Any], Any]

# Without the path to each fault: it doubles the time of every read, and only we wrote these.
_converter = Converter(detailed_validation=False, forbid_extra_keys=True)


def to_plain(record: object) -> dict[str, Any]:
    """Returns the members of a dataclass as `json` writes them; `from_plain` is the way back."""
    value: dict[str, Any] = _converter.unstructure(record)
    return value


def from_plain(kind: type[_Record], value: Mapping[str, Any]) -> _Record:
    """Raises KeyError, ValueError and others for what `to_plain` did not write: a defect, or another version."""
    return _converter.structure(value, kind)


def read_if_known(kind: type[_Record], value: Mapping[str, Any]) -> _Record | None:
    """Returns it as `from_plain` does; None for what another version of this service wrote."""
    try:
        return from_plain(kind, value)
    except (ForbiddenExtraKeysError, KeyError, TypeError, ValueError):
        return None


def _exactly(value: Any, kind: type) -> Any:
    # The library's own hook converts: an absent name would be read as "None", "false" as True.
    if type(value) is kind:
        return value
    # An enum of texts is looked up as a text, here.
    if issubclass(kind, Enum):
        return kind(value)
    raise ValueError(f"expected {kind.__name__}")


def _maybe(kind: Any, converter: Converter) -> _Hook:
    (other,) = (one for one in get_args(kind) if one is not NoneType)
    read = converter.get_structure_hook(other)
    return lambda value, _: None if value is None else read(value, other)


def _many(kind: Any, converter: Converter) -> _Hook:
    item = get_args(kind)[0]
    read = converter.get_structure_hook(item)
    return lambda value, _: tuple([read(one, item) for one in value])


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind) and len(get_args(kind)) == 2


def _is_row(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[1:] == (...,)


_converter.register_unstructure_hook(datetime, datetime.isoformat)
_converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
_converter.register_structure_hook(str, _exactly)
_converter.register_structure_hook(int, _exactly)  # and bool, which is one
_converter.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)
# As the library does, with the hook of the inner type looked up once instead of at each read (a quarter of the time).
_converter.register_structure_hook_factory(_is_optional, _maybe)
_converter.register_structure_hook_factory(_is_row, _many)
