"""The lists in the documents are those of the code: stops, audit events, errors of the protocol, refusals of a card."""

import re
from collections.abc import Collection

import pytest

from idp.cards.trust import CardRefusal
from idp.core.audit import AuditEvent
from idp.core.audit_document import document
from idp.core.errors import OAuthError
from idp.core.refusal_trail import SHARES
from idp.interaction.stop import SILENT_ERROR, Stop
from idp.settings.groups import catalogue
from tests.house.reading import ROOT


def rows(document: str, heading: str) -> list[tuple[str, str]]:
    """First cell and whole row of each row of the tables under this heading, and under those below it."""
    text = (ROOT / "docs" / document).read_text("utf-8")
    level = heading.partition(" ")[0]
    section = re.split(
        rf"^#{{1,{len(level)}}} ", text.split(f"{heading}\n")[1], maxsplit=1, flags=re.MULTILINE
    )[0]
    return [(line.split("|")[1], line) for line in section.splitlines() if line.startswith("| `")]


def names(document: str, heading: str) -> list[str]:
    return [name for cell, _row in rows(document, heading) for name in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize(
    ("document", "heading", "values"),
    [
        ("flow.md", "## The stops", Stop),
        ("audit.md", "# The audit trail", AuditEvent),
        ("relying-party.md", "## Errors you may receive", OAuthError),
        ("help-desk.md", "## Why a card is refused", CardRefusal),
    ],
)
def test_a_list_has_each_value_of_its_enum_once(document: str, heading: str, values: Collection[str]) -> None:
    assert sorted(names(document, heading)) == sorted(values)


def test_the_page_of_the_audit_events_is_written_from_their_enum() -> None:
    assert (ROOT / "docs" / "audit.md").read_text("utf-8") == document(), "run `make audit`"


def test_the_error_told_for_a_stop_is_the_one_that_prompt_none_gives() -> None:
    told = {Stop(names_of[0]): names_of[-1] for names_of in map(_words, _lines("flow.md", "## The stops"))}
    assert told == SILENT_ERROR


def test_the_events_told_to_be_limited_are_those_that_any_caller_can_provoke() -> None:
    limited = {
        _words(row)[0] for cell, row in rows("audit.md", "# The audit trail") if cell.strip().endswith("*")
    }
    assert limited == set(SHARES)


def test_every_setting_of_pro_sante_connect_is_told_in_use() -> None:
    text = (ROOT / "docs" / "operate.md").read_text("utf-8")
    assert [
        name for name, place in catalogue().items() if place.group == "psc" and f"`{name}" not in text
    ] == []


def _lines(document: str, heading: str) -> list[str]:
    return [row for _cell, row in rows(document, heading)]


def _words(row: str) -> list[str]:
    return re.findall(r"`([^`]+)`", row)
