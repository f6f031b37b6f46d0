"""Names as people bear them: long, of one letter, of any script. None turns around what stands beside it."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from idp.pages.frame import Announcement, HelpDesk, House
from idp.web.catalogues import Catalogues
from sandbox.style_guide.mails import FORMS, every_mail
from sandbox.style_guide.rendering import CATALOGUES, rendered, written
from tests.pages.plain_words import Reader
from tests.pages.test_hostile_values import states_of

#: What is beside a name there, or stands in for one here, is ours or the operator's: references, hours, revisions.
BESIDE_WHAT_IS_OURS = {f"account/{name}.html" for name in ("charter", "charters", "history")} | {
    "error.html",
    "operations.html",
}
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"
#: Of people, applications, mailboxes; 80 signs are what an application may have, 254 an address.
NAMES = {
    "80 signs": "MARCHAND-LEFÈVRE DE LA ROCHEFOUCAULD-LIANCOURT ESTOUTEVILLE-MONTMORENCY-BEAUMONT",
    "one letter": "Ö",
    "Arabic": "محمد بن عبد الله",
    "Hebrew": "שרה כהן",
    "combining marks": "Nguyễn Thị Ha\u0323\u0302\u0323\u0301nh",
    "no place to break": "e" * 64 + "@" + "hopital" * 26 + ".example",
}
RIGHT_TO_LEFT = ("Arabic", "Hebrew")
#: Of mails: what others wrote, by the name of the field.
_OF_OTHERS = {"client_name", "whose", "motive", "browser", "system", "help_desk", "applications", "name"}


def house_of(name: str) -> House:
    desk = HelpDesk(telephone="03 20 00 00 00", dial="0320000000", hours=name, address=name)
    return House(name=name, help_desk=desk, accessibility="none")


def frame_of(name: str) -> Mapping[str, object]:
    told = {"client_name": name, "said": name, "whose": name}
    return {**told, "house": house_of(name), "announcement": Announcement("info", name, "fr")}


class Isolated(Reader):
    """Reads a page as it is laid out: `<bdi>` and `dir` within a line are what U+2068 is in text."""

    def __init__(self) -> None:
        super().__init__("fr", frozenset(("title",)))
        self._ends: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        is_isolated = tag == "bdi" or "dir" in dict(attrs)
        self._ends.append(_END_OF_ISOLATE if is_isolated else "")
        self.said.append(_ISOLATE if is_isolated else "")

    def handle_endtag(self, tag: str) -> None:
        self.said.append(self._ends.pop())
        super().handle_endtag(tag)


def turned_around(lines: list[str], name: str) -> list[str]:
    """Returns the lines where the name has company and no isolate of its own."""
    found = []
    for line in lines:
        left = line
        while (
            less := re.sub(f"{_ISOLATE}[^{_ISOLATE}{_END_OF_ISOLATE}]*{_END_OF_ISOLATE}", "", left)
        ) != left:
            left = less
        if name in left and left.strip() != name:
            found.append(line)
    return found


@pytest.mark.parametrize("kind", RIGHT_TO_LEFT)
def test_no_name_turns_around_what_stands_beside_it_on_a_page(kind: str) -> None:
    name, wrong = NAMES[kind], {}
    for state in states_of(name):
        page = Isolated()
        page.feed(
            re.sub(r"<(input|img|meta|link|br|hr|path)\b[^>]*>", "", rendered("fr", state, **frame_of(name)))
        )
        wrong[state.name] = turned_around(page.paragraphs(), name)
    assert {state for state, lines in wrong.items() if lines} == BESIDE_WHAT_IS_OURS


@pytest.mark.parametrize("kind", RIGHT_TO_LEFT)
def test_nor_in_a_mail(kind: str) -> None:
    name, wrong = NAMES[kind], {}
    for mail in every_mail():
        page = with_name(mail.page, name)
        text, html = (written(form, "fr", mail.template, page, house=House(name=name)) for form in FORMS)
        assert name in text
        reader = Isolated()
        reader.feed(re.sub(r"<(meta|br|hr)\b[^>]*>", "", html))
        wrong[mail.name] = turned_around([*text.splitlines(), *reader.paragraphs()], name)
    assert {mail: lines for mail, lines in wrong.items() if lines} == {}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_every_page_and_mail_has_the_whole_name(name: str) -> None:
    for state in states_of(name):
        # Words of the frame, and of the page beside it.
        assert rendered("fr", state, **frame_of(name)).count(name) >= 4, state.name
    for mail in every_mail():
        text = written("txt", "fr", mail.template, with_name(mail.page, name), house=house_of(name))
        assert name in text, mail.name


def test_a_name_of_our_script_is_as_it_is_and_what_turns_text_around_is_left_out() -> None:
    t = CATALOGUES.translator("fr")
    assert t("frame.cancel", client="Élise D'Ö") == "Annuler et revenir à Élise D'Ö"
    assert t("frame.cancel", client="שרה") == f"Annuler et revenir à {_ISOLATE}שרה{_END_OF_ISOLATE}"
    assert (
        t("frame.cancel", client="a\u202egpj.exe\u2066")
        == f"Annuler et revenir à {_ISOLATE}agpj.exe{_END_OF_ISOLATE}"
    )


def test_in_a_language_that_is_read_from_the_right_each_value_is_isolated() -> None:
    texts = {"language.direction": "rtl", "a": "{client} {count}"}
    t = Catalogues({"qpr": texts}).translator("qpr")
    assert t("a", client="ViaTrajectoire", count=3) == f"{_ISOLATE}ViaTrajectoire{_END_OF_ISOLATE} 3"


def with_name(value: Any, name: str) -> Any:
    """Returns the view-model of a mail with this name where others write."""
    changes: dict[str, Any] = {}
    for one in fields(value):
        was = getattr(value, one.name)
        if isinstance(was, str) and was and one.name in _OF_OTHERS:
            changes[one.name] = name
        elif isinstance(was, tuple) and was:
            changes[one.name] = tuple(with_name(part, name) if is_dataclass(part) else name for part in was)
        elif is_dataclass(was):
            changes[one.name] = with_name(was, name)
    return replace(value, **changes)
