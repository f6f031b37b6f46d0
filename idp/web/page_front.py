"""Contains the pages as they are found in front of Flask, whose request cycle costs more than most of them.

Not here: static files, addresses that no page has, methods that a page does not answer (`wiring/flask_app`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.web.page_answers import PageAnswers
from idp.web.page_routes import Handler, PageRoute
from idp.web.request import ReadRequest
from idp.web.sending import Environ, StartResponse, Wsgi, send

_OF_INTERACTION = "/interaction/<interaction_id>"
_PREFIX = "/interaction/"
#: Of `random_token`. Whatever else stands there is no interaction of ours, and Flask finds its page.
_ID_CHARACTERS = 43
_ID_END = len(_PREFIX) + _ID_CHARACTERS

#: By method and path: what follows the id, of the pages of an interaction.
Handlers = Mapping[tuple[str, str], Handler]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFront:
    exact: Handlers
    of_interaction: Handlers
    answers: PageAnswers
    body_bytes: int
    form_parts: int

    def in_front_of(self, pages: Wsgi) -> Wsgi:
        def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            handler = self._find(environ["REQUEST_METHOD"], environ["PATH_INFO"])
            if handler is None:
                return pages(environ, start_response)
            return send(self._answer(handler, environ), self.answers.where, environ, start_response)

        return application

    def _find(self, method: str, path: str) -> Callable[[Request], Response] | None:
        exact = self.exact.get((method, path))
        if exact is not None or not path.startswith(_PREFIX):
            return exact
        handler = self.of_interaction.get((method, path[_ID_END:]))
        interaction_id = path[len(_PREFIX) : _ID_END]
        if handler is None or len(interaction_id) != _ID_CHARACTERS or "/" in interaction_id:
            return None
        return lambda request: handler(request, interaction_id)

    def _answer(self, handler: Handler, environ: Environ) -> Response:
        request = ReadRequest(environ, body_bytes=self.body_bytes, form_parts=self.form_parts)
        return self.answers.answer(request, handler)


def front_of(
    routes: Iterable[PageRoute], *, answers: PageAnswers, body_bytes: int, form_parts: int
) -> PageFront:
    """Returns the front of these pages, without those that have another name in their path than an interaction's."""
    exact: dict[tuple[str, str], Handler] = {}
    of_interaction: dict[tuple[str, str], Handler] = {}
    for route in routes:
        rest = route.path.removeprefix(_OF_INTERACTION)
        if "<" not in rest:
            table = exact if rest == route.path else of_interaction
            table[route.method, rest] = route.handler
    return PageFront(
        exact=exact,
        of_interaction=of_interaction,
        answers=answers,
        body_bytes=body_bytes,
        form_parts=form_parts,
    )
