"""The style guide in a browser: an index, each state at its own address, the pieces that pages are made of.

Contains routes and headers. Templates and words are read at each request. Not here: the states; what the provider does:
a form leads nowhere.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, redirect, render_template, request, send_from_directory
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.wrappers import Response as AnyResponse

from idp.pages.frame import Deadline
from idp.web.headers import SECURITY_HEADERS
from sandbox.style_guide.cast import hour
from sandbox.style_guide.exhibits import (
    MAILS,
    Exhibit,
    apart,
    exhibit_at,
    exhibits,
    languages,
    said_by,
    shown,
)
from sandbox.style_guide.operator_files import operator_files
from sandbox.style_guide.part_words import PART_LANGUAGES
from sandbox.style_guide.parts import colours, pairs, pieces, tokens
from sandbox.style_guide.rendering import ROOT, TEMPLATES
from sandbox.style_guide.state import State, frame
from sandbox.style_guide.words import LANGUAGES

_HERE = Path(__file__).parent
#: In a mailbox the rules of a mail are in its head, and nothing forbids them.
_OF_MAIL = SECURITY_HEADERS["Content-Security-Policy"].replace(
    "style-src 'self'", "style-src 'unsafe-inline'"
)
_KINDS: Mapping[str, str] = {"txt": "text/plain", "html": "text/html"}


def build_app() -> Flask:
    """Returns the WSGI application."""
    app = Flask(__name__, static_url_path="/guide")
    app.config["TRUSTED_HOSTS"] = ["localhost", "127.0.0.1", "[::1]"]
    app.config["TEMPLATES_AUTO_RELOAD"] = True
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    # The page of the pieces imports the provider's macros.
    app.jinja_loader = ChoiceLoader([FileSystemLoader(_HERE / "templates"), FileSystemLoader(TEMPLATES)])
    app.context_processor(_told)
    app.after_request(_harden)
    views: Mapping[str, Callable[..., AnyResponse | str]] = {
        "/": _index,
        "/parts": _parts,
        "/<tag>/<name>": _page,
        "/<tag>/mails/<name>.<form>": _mail,
        "/language/<name>": _in_language,
        "/static/<path:name>": _static,
        **dict.fromkeys(operator_files(), _of_operator),
    }
    for path, view in views.items():
        app.add_url_rule(path, view_func=view)
    # `/language/…` and the like are the provider's, and so are its forms.
    for status in (404, 405):
        app.register_error_handler(status, partial(_absent, status))
    return app


def _absent(status: int, _: Exception) -> tuple[str, int]:
    return render_template("absent.html"), status


def _harden(response: Response) -> Response:
    for name, value in {**SECURITY_HEADERS, "Cache-Control": "no-store"}.items():
        response.headers.setdefault(name, value)
    return response


def _language() -> str:
    asked = request.args.get("lang", "fr")
    return asked if asked in LANGUAGES else "fr"


def _told() -> dict[str, Any]:
    return {"lang": _language(), "words": LANGUAGES[_language()]}


def _index() -> str:
    spoken, usual = languages(), dict[str, Exhibit]()
    rows = [
        (
            one,
            said_by(shown(one, spoken)),
            apart(one.shows, usual.setdefault(one.shows.template, one).shows),
        )
        for one in exhibits(_language())
    ]
    families = [(name, list(of_it)) for name, of_it in groupby(rows, lambda row: row[0].family)]
    return render_template("index.html", families=families, tags=spoken.tags, mails=MAILS, number=len(rows))


def _parts() -> str:
    locale = _language()
    # Of the piece that says until when a page waits.
    waiting = Deadline(time=hour(locale, "14:47"), seconds=720, may_prolong=True)
    state = State("parts", "parts.html", None, deadline=waiting)
    return render_template(
        "parts.html",
        t=languages().catalogues.translator(locale),
        frame=frame(state, locale),
        says=PART_LANGUAGES[locale],
        colours=colours(),
        pairs=pairs(),
        tokens=tokens(),
        pieces=pieces(),
    )


def _page(tag: str, name: str) -> str:
    return shown(_on_show(f"/{tag}/{name}", tag), languages())


def _mail(tag: str, name: str, form: str) -> Response:
    exhibit = _on_show(f"/{tag}/mails/{name}.html", tag)
    text = shown(exhibit, languages(), form) if form in _KINDS else abort(404)
    return Response(text, mimetype=_KINDS[form], headers={"Content-Security-Policy": _OF_MAIL})


def _in_language(name: str) -> AnyResponse:
    return redirect(_on_show(f"/{request.args.get('lang')}/{name}", request.args.get("lang", "")).address)


def _on_show(address: str, tag: str) -> Exhibit:
    exhibit = exhibit_at(address, tag) if tag in languages().tags else None
    return exhibit or abort(404)


def _static(name: str) -> Response:
    return send_from_directory(ROOT / "idp" / "static", name)


def _of_operator() -> Response:
    content, media_type = operator_files()[request.path]
    return Response(content, mimetype=media_type)
