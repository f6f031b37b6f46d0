"""What reads one value of clients.yaml, and the JSON Schema of what it reads.

Contains the pair, so that the schema given to editors (`clients/schema`) is that of the readers. A shape may let pass
what the reader refuses: files, dates and names of hosts are looked at by the reader alone. Not here: the readers
(`clients/values`), the members (`clients/members`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from idp.clients.located_yaml import At, Noted

T = TypeVar("T")
Shape = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reader(Generic[T]):
    """Called with the place of a value: returns what it means. Raises BadYaml."""

    read: Callable[[At], T]
    shape: Shape

    def __call__(self, at: At) -> T:
        return self.read(at)


def shaped(shape: Shape) -> Callable[[Callable[[At], T]], Reader[T]]:
    return lambda read: Reader(read, shape)


def list_of(read: Reader[T], least: int = 0) -> Reader[tuple[T, ...]]:
    """Returns a reader of lists, which tells the fault of each item."""
    shape: Shape = {"type": "array", "items": read.shape, **({"minItems": least} if least else {})}
    return Reader(lambda at: _each(at, read), shape)


def _each(at: At, read: Callable[[At], T]) -> tuple[T, ...]:
    noted, found = Noted(), []
    for item in at.items():
        with noted.going_on():
            found.append(read(item))
    noted.raise_all()
    return tuple(found)


#: `true` or `false`, and no other word for them.
flag = Reader(At.flag, {"type": "boolean"})
