"""The style guide in a browser: an index, each state at its own address, the pieces that pages are made of.

Contains routes and headers. Templates and words are read at each request. Not here: the states; what the provider does:
a form leads nowhere.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from flask import Flask, Response, abort, redirect, render_template, request, send_file, send_from_directory
from jinja2 import ChoiceLoader, FileSystemLoader

from idp.settings.house import HouseSettings
from idp.web.catalogues import Translator
from idp.web.headers import SECURITY_HEADERS
from idp.web.house import open_house
from sandbox.style_guide.exhibits import MAILS, Exhibit, apart, exhibit_at, exhibits, html_of, said_by, words
from sandbox.style_guide.houses import SAID
from sandbox.style_guide.mails import MailState, written_state
from sandbox.style_guide.rendering import ROOT, TEMPLATES
from sandbox.style_guide.state import State, frame
from sandbox.style_guide.words import LANGUAGES

_HERE = Path(__file__).parent
#: In a mailbox the rules of a mail are in its head, and nothing forbids them.
_OF_MAIL = SECURITY_HEADERS["Content-Security-Policy"].replace(
    "style-src 'self'", "style-src 'unsafe-inline'"
)
_KINDS: Mapping[str, str] = {"txt": "text/plain", "html": "text/html"}
#: What an operator would have given.
_SAMPLES: Mapping[str, str] = {
    SAID.logo: "operator.svg",
    "/logos/viatrajectoire": "application.svg",
    "/psc/picture/bouton": "button.svg",
    "/psc/picture/bouton-survol": "button-hover.svg",
}
_COLOUR = HouseSettings(colour="#6b2c91")


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
    views: Mapping[str, Callable[..., Response | str]] = {
        "/": _index,
        "/parts": _parts,
        "/<locale>/<name>": _page,
        "/<locale>/mails/<name>.<form>": _mail,
        "/static/<path:name>": _static,
        SAID.colours: _colours,
        **dict.fromkeys(_SAMPLES, _sample),
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
    catalogues, locale = words(), _language()
    t = catalogues.translator(locale)
    usual: dict[str, Exhibit] = {}
    shown = [
        (
            one,
            said_by(html_of(locale, one, t)),
            apart(one.shows, usual.setdefault(one.shows.template, one).shows),
        )
        for one in exhibits(locale)
    ]
    families = [(name, list(rows)) for name, rows in groupby(shown, lambda row: row[0].family)]
    return render_template(
        "index.html", families=families, locales=catalogues.locales, mails=MAILS, number=len(shown)
    )


def _parts() -> str:
    locale = _language()
    state = State("parts", "parts.html", None, in_interaction=False)
    return render_template("parts.html", t=words().translator(locale), frame=frame(state, locale))


def _page(locale: str, name: str) -> Response | str:
    if wished := request.args.get("lang"):
        exhibit, _ = _on_show(f"/{wished}/{name}", wished)
        return cast(Response, redirect(exhibit.address))
    exhibit, t = _on_show(f"/{locale}/{name}", locale)
    return html_of(locale, exhibit, t)


def _mail(locale: str, name: str, form: str) -> Response:
    exhibit, t = _on_show(f"/{locale}/mails/{name}.html", locale)
    if form not in _KINDS or not isinstance(exhibit.shows, MailState):
        abort(404)
    text = written_state(form, locale, exhibit.shows, t)
    return Response(text, mimetype=_KINDS[form], headers={"Content-Security-Policy": _OF_MAIL})


def _on_show(address: str, locale: str) -> tuple[Exhibit, Translator]:
    catalogues = words()
    exhibit = exhibit_at(address, locale) if locale in catalogues.locales else None
    return (exhibit, catalogues.translator(locale)) if exhibit else abort(404)


def _static(name: str) -> Response:
    return send_from_directory(ROOT / "idp" / "static", name)


def _sample() -> Response:
    return send_file(_HERE / "samples" / _SAMPLES[request.path])


def _colours() -> Response:
    (sheet,) = open_house(_COLOUR, "").assets
    return Response(sheet.content, mimetype=sheet.media_type)
