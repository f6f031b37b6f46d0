"""Contains `idp charter preview`: the page of a charter by the template that people see, in one file.

Not here: what it shows (`flows/shared/charter_page`).
"""

import argparse
import base64
import re
import sys
from pathlib import Path

from idp.accounts.charter import HOUSE, CharterNews, CharterRevision
from idp.adapters.sql.charter_office import SqlCharterOffice
from idp.adapters.sql.database import open_database
from idp.cli.charter.file import read_files
from idp.core.clock import Clock, SystemClock
from idp.flows.shared.charter_page import Reader, charter_page
from idp.pages.frame import Frame
from idp.settings import Settings
from idp.web.local_time import start_of_day
from idp.wiring.web import build_web

_STATIC = Path(__file__).parents[2] / "static"
_STYLE = '<link rel="stylesheet" href="/static/caducee.css">'
_NONE, _WRONG_USE = 1, 2


def preview(settings: Settings, options: argparse.Namespace) -> int:
    """Raises BadYaml (the front matter), OSError (the files)."""
    if options.en is not None and options.fr is None:
        print("idp: --en goes with --fr, the text that binds", file=sys.stderr)
        return _WRONG_USE
    clock = SystemClock()
    revision = _of_files(options, clock) if options.fr else _published(settings, options, clock)
    if revision is None:
        name = options.revision or "revision"
        print(f"idp: charter {options.charter or HOUSE} has no {name}: give --fr FILE", file=sys.stderr)
        return _NONE
    page = _html(settings, revision, options.lang, clock)
    if options.out is None:
        sys.stdout.write(page)
    else:
        options.out.write_text(page, encoding="utf-8")
        print(f"Written: {options.out}")
    return 0


def _of_files(options: argparse.Namespace, clock: Clock) -> CharterRevision:
    files = read_files(options.fr, options.en)
    return CharterRevision(
        revision=options.revision or "…",
        published_at=clock.now(),
        texts={locale: file.text for locale, file in files.items()},
        charter=options.charter or HOUSE,
        changes={locale: file.changes for locale, file in files.items() if file.changes},
        due_from=start_of_day(options.day) if options.day else None,
    )


def _published(settings: Settings, options: argparse.Namespace, clock: Clock) -> CharterRevision | None:
    office = SqlCharterOffice(open_database(settings.where.database), clock)
    names = (options.revision,) if options.revision else None
    found = [
        one.revision
        for one in office.revisions(options.charter or HOUSE)
        if (one.withdrawn_at is None if names is None else one.revision.revision in names)
    ]
    return found[-1] if found else None


def _html(settings: Settings, revision: CharterRevision, locale: str, clock: Clock) -> str:
    """Returns the page as whoever accepted the revision before will see it, with its style and pictures within."""
    now, notes = clock.now(), (revision.changes,) if revision.changes else ()
    reader = Reader(
        locale=locale,
        now=now,
        news=CharterNews(is_known=bool(notes), notes=notes),
        may_wait=revision.announced_for(now) is not None,
    )
    frame = Frame(
        locale=locale,
        other_languages=(),
        language_path="",
        client_name=None,
        base_path="",
        csrf="",
    )
    rendering = build_web(settings, clock).rendering
    page = rendering.templates.render(
        "charter.html", locale, frame=frame, page=charter_page(revision, reader)
    )
    style = (_STATIC / "caducee.css").read_text(encoding="utf-8")
    return _with_pictures(page.replace(_STYLE, f"<style>{style}</style>"))


def _with_pictures(page: str) -> str:
    def within(found: re.Match[str]) -> str:
        picture = _STATIC / found[1]
        kind = {"svg": "image/svg+xml", "png": "image/png"}[picture.suffix[1:]]
        return f'"data:{kind};base64,{base64.b64encode(picture.read_bytes()).decode()}"'

    return re.sub(r'"/static/([a-z-]+\.(?:svg|png))"', within, page)
