"""Contains the Flask application: limits, hooks, error pages. Not here: the address of a page."""

import re
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, request
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from idp.flows.shared.desk import NotDue
from idp.interaction.store import hub_path
from idp.settings.where import LOCALES
from idp.web.addresses import path_of_ours, redirect
from idp.web.certificate_header import CertificateHeaderGuard
from idp.web.cookies import Cookies
from idp.web.error_pages import ErrorPages
from idp.web.headers import harden
from idp.web.shared_stations import SharedStations
from idp.wiring.parts import Parts

_STATIC = Path(__file__).parents[1] / "static"


class _PageRule(Rule):
    """RFC 9110 §9.2.1: HEAD is safe. GET of ours may not be: it redeems what an address carries, or signs out.

    No browser asks by HEAD, but programs that look through the links of a mail do.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.methods is not None:
            self.methods.discard("HEAD")


def build_flask(parts: Parts) -> Flask:
    settings, web = parts.settings, parts.web
    errors = ErrorPages(clients=parts.clients, cookies=web.cookies, csrf=web.csrf, rendering=web.rendering)
    app = Flask("idp", static_folder=str(_STATIC), template_folder=None)
    app.url_rule_class = _PageRule  # of what is mounted from here on: not of /static
    # werkzeug would clean up `//` by a redirect to the host that the caller names (facts/security JW1).
    app.url_map.merge_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=settings.bounds.body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.bounds.body_bytes,
        MAX_FORM_PARTS=100,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )
    app.before_request(partial(_choose_language, web.cookies, web.stations))
    app.before_request(CertificateHeaderGuard(parts.trail, web.networks).__call__)
    app.after_request(lambda response: harden(response, settings.where))
    app.register_error_handler(NotDue, _to_hub)
    app.register_error_handler(405, partial(_reload, errors))
    app.register_error_handler(Exception, lambda error: errors.answer(request, error))
    return app


def _choose_language(cookies: Cookies, stations: SharedStations) -> Response | None:
    wished = request.args.get("lang", "")
    # The link of our pages carries nothing else; a relying party's own `lang` is ignored (RFC 6749 §3.1).
    if request.method != "GET" or wished not in LOCALES or len(request.args) > 1:
        return None
    response = redirect(path_of_ours(request.path))
    cookies.set(response, "locale", wished, stations.life(request))
    return response


def _to_hub(error: NotDue) -> Response:
    return redirect(hub_path(error.interaction_id))


def _reload(errors: ErrorPages, error: Exception) -> Response:
    """Returns a redirect to the hub when a person reloads an answer to a form, else the error page."""
    found = re.match(r"/interaction/([A-Za-z0-9_-]{43})/", request.path)
    if found is not None and request.method == "GET":
        return redirect(hub_path(found[1]))
    return errors.answer(request, error)
