"""Contains the administrators' page, built: its addresses on the operations listener, its language, its TLS.

Not here: what it says (`operations_sections`), who may see it (`adapters/operations/page_access`).
"""

import ssl
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

from idp.adapters.operations.listener import Answer, Endpoint, Question, serve_operations
from idp.adapters.operations.page_access import for_administrators, page_tls
from idp.adapters.sql.event_counts import SqlEventCounts
from idp.core.day_counts import DayCounts
from idp.core.finding import Finding
from idp.core.kept_figures import KeptFigures
from idp.core.readiness import Readiness
from idp.pages.frame import Frame
from idp.settings import Settings, bad_setting
from idp.web.headers import SECURITY_HEADERS
from idp.wiring.audit import node_of
from idp.wiring.operations_conformity import ConformityViews
from idp.wiring.operations_findings import Examinations
from idp.wiring.operations_sections import Sections
from idp.wiring.parts import Parts
from idp.wiring.web import WebParts

_STATIC = Path(__file__).parents[1] / "static"
_HTML = "text/html; charset=utf-8"
#: Of the files that pages show, by the end of their names; a script is none.
_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png"}
_HEADERS = {**SECURITY_HEADERS, "Cross-Origin-Resource-Policy": "same-origin"}
_FILE_NAMES = "OPERATIONS_PAGE_CERTIFICATE_FILE OPERATIONS_PAGE_KEY_FILE OPERATIONS_PAGE_AUTHORITIES_FILE"


def page_endpoints(parts: Parts, readiness: Readiness, directory: Path | None) -> Mapping[str, Endpoint]:
    """Returns the page and its files, by their paths."""
    chosen, store = parts.settings.operations_page, parts.store
    sections = Sections(
        parts=parts,
        day=DayCounts(
            events=SqlEventCounts(parts.database), store=store, clock=parts.clock, every=chosen.counted_every
        ),
        figures=KeptFigures(store=store, clock=parts.clock, every=chosen.people_counted_every),
        examinations=Examinations(
            examine=partial(_examine, parts),
            node=node_of(parts.settings),
            store=store,
            clock=parts.clock,
            every=chosen.counted_every,
        ),
        conformity=ConformityViews(settings=parts.settings, every=chosen.people_counted_every),
        directory=directory,
    )
    endpoints: dict[str, Endpoint] = {"/": partial(_page, parts, readiness, sections)}
    endpoints |= {
        f"/static/{file.name}": partial(_file, file) for file in _STATIC.iterdir() if file.suffix in _TYPES
    }
    return {path: for_administrators(endpoint, _HEADERS) for path, endpoint in endpoints.items()}


def serve_page(settings: Settings, endpoints: Mapping[str, Endpoint]) -> None:
    """Serve it over TLS, to whoever has a certificate. Raises BadSetting, OSError: the address cannot be had."""
    chosen = settings.operations_page
    serve_operations(chosen.host, chosen.port, endpoints, require_page_tls(settings))


def require_page_tls(settings: Settings) -> ssl.SSLContext:
    """Returns the TLS of its port. Raises BadSetting: the files of it cannot be used."""
    chosen = settings.operations_page
    files = (chosen.certificate_file, chosen.key_file, chosen.authorities_file)
    try:
        return page_tls(*(file for file in files if file is not None))
    except OSError as error:
        told = f"a certificate, its key, and authorities, each in PEM; {error.strerror or error}"
        raise bad_setting(_FILE_NAMES, told) from error


def _examine(parts: Parts) -> tuple[Finding, ...]:
    # Only now: what it asks is loaded by who looks.
    from idp.wiring.doctor.examine import examine_running

    return examine_running(parts)


def _page(parts: Parts, readiness: Readiness, sections: Sections, question: Question) -> Answer:
    web = parts.web
    locale = _locale(web, question)
    frame = Frame(
        locale=locale,
        other_languages=web.languages.others[locale],
        language_path="/",
        client_name=None,
        base_path="",
        csrf="",
    )
    page = sections.page(readiness.judge(), locale)
    templates = web.rendering.templates
    return Answer(200, templates.render("operations.html", locale, frame=frame, page=page).encode(), _HTML)


def _locale(web: WebParts, question: Question) -> str:
    chosen = parse_qs(question.query).get("lang", [""])[0]
    return chosen if chosen in web.languages.known else web.locales.accepted(question.languages)


def _file(file: Path, question: Question) -> Answer:
    return Answer(200, file.read_bytes(), _TYPES[file.suffix])
