"""Contains rendering: a template in one language, in the frame that every page has. Not here: a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2
from jinja2.environment import TemplateModule
from markupsafe import escape
from werkzeug.wrappers import Request, Response

from idp.core.clock import Clock
from idp.core.replacing import replace
from idp.interaction.reference import reference_of
from idp.interaction.store import hub_path
from idp.pages.frame import Deadline, Frame
from idp.web.addresses import path_of_ours
from idp.web.announcements import Announcements
from idp.web.catalogues import Catalogues
from idp.web.cookies import SAID_COOKIE, Cookies
from idp.web.forms import CsrfTokens
from idp.web.headers import allow_own_script
from idp.web.house import Houses
from idp.web.languages import Languages
from idp.web.locales import Locales
from idp.web.mail_delays import MailDelays
from idp.web.ready import HTML, ReadyResponse
from idp.web.shared_stations import SharedStations

#: Stand in a kept text for what differs from one browser to the next. No text of ours has such characters.
_CSRF, _BASE = "\ue000", "\ue001"
#: How a template asks for a script of ours. No text of others has it: their `<` is escaped.
_OWN_SCRIPT = '<script src="/static/'
#: Among what a page is given: the pieces that were evaluated for it.
_MADE = "pieces_made"
#: Applications × languages × states of the doors, some kilobytes each.
_MOST_KEPT = 128


class _ImportedOnce(jinja2.Template):
    """A template whose imports are evaluated once for each page, however many files of the page import them: pieces
    read what the page was given (`t`, `frame`, `page`), which is the same in all of them."""

    def make_module(
        self,
        vars: dict[str, Any] | None = None,
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,
    ) -> TemplateModule:
        made: dict[str | None, TemplateModule] = (vars or {}).get(_MADE, {})
        if self.name not in made:
            made[self.name] = super().make_module(vars, shared, locals)
        return made[self.name]


class Templates:
    """The templates, compiled once in each process, with the words of one language."""

    def __init__(self, catalogues: Catalogues, environment: jinja2.Environment) -> None:
        self._translators = {locale: catalogues.translator(locale) for locale in catalogues.locales}
        environment.template_class = _ImportedOnce
        # At the start: the first person to see a page waits for no compiler.
        names = environment.list_templates(extensions=["html", "txt"])
        self._compiled = {name: environment.get_template(name) for name in names}
        self._kept = lru_cache(_MOST_KEPT)(self._blank)

    def render(self, template: str, locale: str, **values: Any) -> str:
        return self._compiled[template].render(**values, t=self._translators[locale], **{_MADE: {}})

    def render_common(self, template: str, frame: Frame, page: Any) -> str:
        """Returns the page as `render` does, made once for all browsers: nothing in `page` may be of a person."""
        path = frame.language_path.replace(frame.base_path, _BASE, 1)
        blank = replace(frame, csrf=_CSRF, base_path=_BASE, language_path=path, reference="")
        text = self._kept(template, blank, page)
        return text.replace(_BASE, escape(frame.base_path)).replace(_CSRF, escape(frame.csrf))

    def words(self, key: str, locale: str, **values: object) -> str:
        """Raises KeyError."""
        return self._translators[locale](key, **values)

    def _blank(self, template: str, frame: Frame, page: Any) -> str:
        return self.render(template, frame.locale, frame=frame, page=page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    templates: Templates
    cookies: Cookies
    csrf: CsrfTokens
    locales: Locales
    languages: Languages
    stations: SharedStations
    clock: Clock
    houses: Houses
    announcements: Announcements
    delays: MailDelays

    def frame(
        self,
        request: Request,
        *,
        client_name: str | None,
        base_path: str,
        client_logo: str = "",
        wished: str = "",
        browser: str | None = None,
        deadline: Deadline | None = None,
    ) -> Frame:
        """Returns the frame. `wished`: the `ui_locales` of the relying party. `browser`: what the tokens of its forms
        are bound to (`CsrfTokens`), if that is not the cookie that the request has."""
        locale = self.locales.of(request, wished)
        browser, written = browser or self.cookies.browser(request), self.written(locale)
        return Frame(
            locale=locale,
            other_languages=self.languages.others[locale],
            language_path=_page_path(request, base_path),
            client_name=client_name,
            client_logo=client_logo,
            base_path=base_path,
            csrf=self.csrf.token(browser, base_path) if browser else "",
            is_shared_station=self.stations.holds(request),
            deadline=deadline,
            reference=reference_of(base_path.removeprefix(hub_path(""))),
            house=self.houses.of(written, self.clock.now()),
            announcement=self.announcements.shown(written),
            mails_are_late=self.delays.are_late(),
        )

    def page(self, template: str, frame: Frame, page: Any, status: int = 200) -> Response:
        text = self.templates.render(template, frame.locale, frame=frame, page=page)
        response = ReadyResponse(status, (HTML,), text.encode())
        if _OWN_SCRIPT in text:
            allow_own_script(response)
        if frame.said is not None:
            self.cookies.clear(response, SAID_COOKIE)
        return response

    def words(self, key: str, locale: str, **values: object) -> str:
        """Raises KeyError."""
        return self.templates.words(key, locale, **values)

    def written(self, locale: str) -> str:
        """Returns in which language such a page has the operator's words."""
        return self.languages.written(locale)

    def tell(self, response: Response, said: str) -> None:
        """Have the next page that listens (`told`) say `said.<said>` of the catalogue, once."""
        self.cookies.set(response, SAID_COOKIE, said)

    def told(self, request: Request, frame: Frame) -> Frame:
        """Returns the frame with what this browser is to be told."""
        said = self.cookies.get(request, SAID_COOKIE)
        if said is None:
            return frame
        try:
            words = self.words(f"said.{said}", frame.locale)
        except KeyError:
            return frame  # Of another version of this service.
        return replace(frame, said=words)

    def common_page(self, template: str, frame: Frame, page: Any) -> Response:
        """Returns a page of an interaction that says nothing of any person: its text is made once for all."""
        text = self.templates.render_common(template, frame, page)
        response = ReadyResponse(200, (HTML,), text.encode())
        if _OWN_SCRIPT in text:
            allow_own_script(response)
        return response


def _page_path(request: Request, base_path: str) -> str:
    """Returns where a GET shows this page again, which an answer to a form or the callback of PSC does not."""
    is_shown_by_get = request.method == "GET" and not request.args
    return path_of_ours(request.path) if is_shown_by_get else base_path or "/"
