"""Rendering a page state and reading it back as a browser would; shared by the tests of this folder."""

from collections.abc import Callable
from dataclasses import replace

from bs4 import BeautifulSoup, Tag

from idp.web.catalogues import load_catalogues
from tests.pages.page_states import TEMPLATES, State, environment, every_state, frame

CATALOGUES = load_catalogues(TEMPLATES)
ENVIRONMENT = environment()
HOSTILE = """<script>alert('1')</script>"&{{7*7}}{0.__class__}"""

#: What a password manager, a phone or a test of a relying party looks for, by field name.
AUTOCOMPLETE = {
    "name": "off",
    "rpps": "username",
    "password": "current-password",
    "new_password": "new-password",
    "code": "one-time-code",
    "email": "email",
    "address_line1": "address-line1",
    "address_line2": "address-line2",
    "postal_code": "postal-code",
    "city": "address-level2",
}


def rendered(locale: str, state: State, t: Callable[..., str] | None = None, /, **changes: object) -> str:
    """`changes` are fields of the frame."""
    page_frame = replace(frame(state, locale), **changes)  # type: ignore[arg-type]
    template = ENVIRONMENT.get_template(state.template)
    return template.render(frame=page_frame, page=state.page, t=t or CATALOGUES.translator(locale))


def parsed(locale: str, state: State) -> BeautifulSoup:
    return BeautifulSoup(rendered(locale, state), "html.parser")


def text_of(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


def page_of(name: str, locale: str = "fr") -> BeautifulSoup:
    return next(parsed(locale, state) for state in every_state(locale) if state.name.rstrip("!") == name)
