"""Contains the pages about the service: legal notice, privacy, accessibility statement; and the operator's logo and
colours. Not here: what the operator gave (`web/house`), the footer that leads here (`templates/base.html`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.core.clock import Clock
from idp.core.errors import PageError, Problem
from idp.flows.shared.charter_text import charter_html
from idp.pages.about import AboutPage, AccessibilityPage
from idp.web.house import PAGES, STATEMENT, Asset, Houses
from idp.web.local_time import local_day, start_of_day
from idp.web.page_routes import PageRoute
from idp.web.rendering import Rendering


@dataclass(frozen=True, slots=True)
class AboutFlow:
    rendering: Rendering
    houses: Houses
    clock: Clock

    def routes(self) -> Iterator[PageRoute]:
        for page in PAGES:
            show = self.state if page == STATEMENT else partial(self.show, page=page)
            yield PageRoute("GET", f"/about/{page}", show)
        for asset in self.houses.assets:
            yield PageRoute("GET", asset.path, partial(self.give, asset=asset))

    def show(self, request: Request, page: str) -> Response:
        frame = self.rendering.frame(request, client_name=None, base_path="")
        text = self.houses.text(page, self.rendering.written(frame.locale))
        if text is None:
            raise PageError(Problem.NOT_FOUND)
        markdown, lang = text
        return self.rendering.page("about.html", frame, AboutPage(page, charter_html(markdown), lang))

    def state(self, request: Request) -> Response:
        """The accessibility statement: its state follows from an audit in force, and is never better."""
        frame = self.rendering.frame(request, client_name=None, base_path="")
        markdown, lang = self.houses.text(STATEMENT, self.rendering.written(frame.locale)) or (
            "",
            frame.locale,
        )
        house = self.houses.settings
        is_audited = self.houses.is_audited(self.clock.now())
        page = AccessibilityPage(
            state=frame.house.accessibility,
            audited_by=house.audited_by if is_audited else "",
            audited_on=_day(house.audited_on, frame.locale) if is_audited else "",
            rate=house.audit_rate if is_audited else 0,
            html=charter_html(markdown),
            lang=lang,
        )
        return self.rendering.page("accessibility.html", frame, page)

    def give(self, request: Request, asset: Asset) -> Response:
        # Another content has another address.
        lasting = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(asset.content, mimetype=asset.media_type, headers=lasting)


def _day(written: str, locale: str) -> str:
    return local_day(start_of_day(date.fromisoformat(written)), locale)
