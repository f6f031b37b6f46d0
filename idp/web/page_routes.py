"""Contains how a page says at which address it is. Not here: finding it (`wiring/flask_app`, `page_front`)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from werkzeug.wrappers import Response

#: Called with the request, then with what stands in the path for each name in brackets.
Handler = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class PageRoute:
    method: Literal["GET", "POST"]
    #: Such as `/interaction/<interaction_id>/choice`.
    path: str
    handler: Handler


class Flow(Protocol):
    """What has pages."""

    def routes(self) -> Iterable[PageRoute]: ...
