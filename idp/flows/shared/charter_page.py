"""Contains what the page of a charter shows of a revision, to a person and to an operator who looks at it beforehand.

Not here: whom it is shown to (`flows/charter`, `idp charter preview`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from idp.accounts.charter import HOUSE, CharterNews, CharterRevision
from idp.flows.shared.charter_text import charter_html, charter_with_contents
from idp.pages.charters import CharterChange, CharterPage
from idp.pages.step import Step
from idp.web.local_time import local_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who looks at it. `still_due`: how many charters are to be accepted, this one included. `step`: of a first
    connection. `may_wait`: the person may put it off."""

    locale: str
    now: datetime
    news: CharterNews
    still_due: int = 1
    step: Step | None = None
    may_wait: bool = False
    error: str | None = None


def charter_page(revision: CharterRevision, reader: Reader) -> CharterPage:
    locale, due_from = reader.locale, revision.announced_for(reader.now)
    text_html, contents = charter_with_contents(revision.text(locale))
    return CharterPage(
        charter=revision.charter,
        of_client=revision.charter != HOUSE,
        still_due=reader.still_due,
        step=reader.step,
        text_html=text_html,
        contents=contents,
        text_sha256=revision.sha256(locale),
        text_locale=revision.shown_locale(locale),
        revision=revision.revision,
        published_on=local_day(revision.published_at, locale),
        is_new_revision=reader.news.is_known,
        changes=tuple(_change(note, locale) for note in reader.news.notes),
        due_from=local_day(due_from, locale) if due_from else "",
        may_wait=reader.may_wait,
        error=reader.error,
    )


def _change(note: Mapping[str, str], locale: str) -> CharterChange:
    """`note`: by language, never empty; in another one than the reader's if the operator wrote it in that alone."""
    told = locale if locale in note else next(iter(note))
    return CharterChange(charter_html(note[told]), told)
