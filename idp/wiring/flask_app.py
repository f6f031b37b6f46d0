"""Contains the pages as one application: their front, and Flask for what the front does not find.

Not here: the address of a page.
"""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Flask, request
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from idp.web.certificate_header import CertificateHeaderGuard
from idp.web.error_pages import ErrorPages
from idp.web.page_answers import PageAnswers
from idp.web.page_front import front_of
from idp.web.page_routes import PageRoute
from idp.web.sending import Wsgi
from idp.wiring.parts import Parts, build_answers
from idp.wiring.web import kept_refusals

_STATIC = Path(__file__).parents[1] / "static"
_MOST_FORM_PARTS = 100
#: A browser asks for the files of its first page at once, and what werkzeug compiles by (`ast.parse` of Python 3.11)
#: fails now and then in two threads.
_BUILDING = Lock()


class _PageRule(Rule):
    """RFC 9110 §9.2.1: HEAD is safe. GET of ours may not be: it redeems what an address carries, or signs out.

    No browser asks by HEAD, but programs that look through the links of a mail do.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.methods is not None:
            self.methods.discard("HEAD")


def build_pages(parts: Parts, routes: Iterable[PageRoute]) -> Wsgi:
    """Returns what answers each request for a page, and each that is for no address of ours."""
    mounted, answers, settings = tuple(routes), build_page_answers(parts), parts.settings
    body_bytes = settings.bounds.body_bytes
    front = front_of(mounted, answers=answers, body_bytes=body_bytes, form_parts=_MOST_FORM_PARTS)
    # Only for the first request that the front does not find: werkzeug compiles how each address could be written,
    # which is a third of what assembling an application costs.
    build = cache(lambda: build_flask(mounted, answers, body_bytes))

    def behind() -> Wsgi:
        with _BUILDING:
            return build()

    return front.in_front_of(lambda environ, start_response: behind()(environ, start_response))


def build_page_answers(parts: Parts) -> PageAnswers:
    settings, web = parts.settings, parts.web
    return PageAnswers(
        guard=CertificateHeaderGuard(parts.trail, web.networks),
        errors=ErrorPages(
            clients=parts.clients,
            cookies=web.cookies,
            csrf=web.csrf,
            rendering=web.rendering,
            kept=kept_refusals(parts.resources, web),
            answers=build_answers(parts),
        ),
        cookies=web.cookies,
        stations=web.stations,
        languages=web.languages,
        where=settings.where,
    )


def build_flask(routes: Iterable[PageRoute], answers: PageAnswers, body_bytes: int) -> Wsgi:
    app = Flask("idp", static_folder=str(_STATIC), template_folder=None)
    app.url_rule_class = _PageRule  # of what is mounted from here on: not of /static
    # werkzeug would clean up `//` by a redirect to the host that the caller names (facts/security JW1).
    app.url_map.merge_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=body_bytes,
        MAX_FORM_MEMORY_SIZE=body_bytes,
        MAX_FORM_PARTS=_MOST_FORM_PARTS,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )
    app.before_request(lambda: answers.before(request))
    app.after_request(answers.after)
    app.register_error_handler(Exception, lambda error: answers.of_error(request, error))
    for route in routes:
        name = f"{route.method} {route.path}".replace(".", " ")
        app.add_url_rule(route.path, name, _view(route), methods=[route.method])
    return app.wsgi_app


def _view(route: PageRoute) -> Callable[..., Response]:
    return lambda **values: route.handler(request, *values.values())
