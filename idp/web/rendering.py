"""Contains rendering: a template in one language, in the frame that every page has. Not here: a page."""

from dataclasses import dataclass
from typing import Any

import jinja2
from werkzeug.wrappers import Request, Response

from idp.clients.registry import Client
from idp.pages.sign_in import Frame
from idp.settings.where import LOCALES
from idp.web.addresses import path_of_ours
from idp.web.catalogues import Catalogues
from idp.web.cookies import Cookies
from idp.web.forms import CsrfTokens
from idp.web.locales import Locales
from idp.web.shared_stations import SharedStations


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates, with the words of one language."""

    catalogues: Catalogues
    environment: jinja2.Environment

    def render(self, template: str, locale: str, **values: Any) -> str:
        translate = self.catalogues.translator(locale)
        return self.environment.get_template(template).render(**values, t=translate)

    def words(self, key: str, locale: str) -> str:
        """Raises KeyError."""
        return self.catalogues.translator(locale)(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    templates: Templates
    cookies: Cookies
    csrf: CsrfTokens
    locales: Locales
    stations: SharedStations

    def frame(
        self,
        request: Request,
        *,
        client: Client | None,
        base_path: str,
        wished: str = "",
        browser: str | None = None,
    ) -> Frame:
        """Returns the frame. `wished`: the `ui_locales` of the relying party. `browser`: what the tokens of its forms
        are bound to (`CsrfTokens`), if that is not the cookie that the request has."""
        locale = self.locales.of(request, wished)
        other = next(name for name in LOCALES if name != locale)
        browser = browser or self.cookies.browser(request)
        return Frame(
            locale=locale,
            other_locale=other,
            other_locale_path=f"{_page_path(request, base_path)}?lang={other}",
            client_name=client.name if client else None,
            base_path=base_path,
            csrf=self.csrf.token(browser, base_path) if browser else "",
            is_shared_station=self.stations.holds(request),
        )

    def page(self, template: str, frame: Frame, page: Any, status: int = 200) -> Response:
        text = self.templates.render(template, frame.locale, frame=frame, page=page)
        return Response(text, status=status, mimetype="text/html")


def _page_path(request: Request, base_path: str) -> str:
    """Returns where a GET shows this page again, which an answer to a form or the callback of PSC does not."""
    is_shown_by_get = request.method == "GET" and not request.args
    return path_of_ours(request.path) if is_shown_by_get else base_path or "/"
