"""Contains how a state becomes what a person sees: the templates and words of this checkout. Not here: the states."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from idp.pages.frame import NO_HOUSE, House
from idp.web.catalogues import load_catalogues
from sandbox.style_guide.state import State, frame

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "idp" / "templates"


def environment(*, is_trimmed: bool = True) -> Environment:
    """Trimmed is how the provider renders; the pages must not depend on it."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=is_trimmed,
        lstrip_blocks=is_trimmed,
    )


CATALOGUES = load_catalogues(TEMPLATES)
ENVIRONMENT = environment()


def rendered(locale: str, state: State, t: Callable[..., str] | None = None, /, **changes: object) -> str:
    """`changes` are fields of the frame."""
    page_frame = replace(frame(state, locale), **changes)  # type: ignore[arg-type]
    template = ENVIRONMENT.get_template(state.template)
    return template.render(frame=page_frame, page=state.page, t=t or CATALOGUES.translator(locale))


def written(
    form: str,
    locale: str,
    template: str,
    page: Any,
    *,
    house: House = NO_HOUSE,
    subject: str = "mail.code.subject_login",
    t: Callable[..., str] | None = None,
) -> str:
    """Returns a mail: `form` is "txt" or "html", `template` relative to idp/templates/mail, `subject` a key."""
    t = t or CATALOGUES.translator(locale)
    source = ENVIRONMENT.get_template(f"mail/{template}.html")
    return source.render(page=page, form=form, house=house, subject=t(subject), t=t)
