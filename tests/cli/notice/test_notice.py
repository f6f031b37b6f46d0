"""`idp notice`, on a provider with its database: what it says, what pages then have, and what the trail keeps of it."""

import argparse
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from idp.adapters.sql.schema import audit_events
from idp.cli.audited import told_in_audit
from idp.cli.notice import command as notice
from idp.cli.notice.options import add_notice
from tests.fakes import FixedClock
from tests.provider import Provider

FRENCH, ENGLISH = "Pro Santé Connect est en panne <b>.", "Pro Santé Connect is down."


@pytest.fixture
def provider(app_factory: Callable[..., Provider]) -> Provider:
    return app_factory()


def parsed(command: str, *options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    add_notice(lambda path, run, help_text: commands.add_parser(path.partition(" ")[2]))
    return parser.parse_args([command, *options])


def put(house: Provider, *options: str) -> int:
    return notice.set_notice(house.settings, parsed("set", *options))


def shown(house: Provider, language: str = "fr") -> list[str]:
    """What the sign-in page, « Mon compte » and a refusal have, once this process has read it again."""
    house.parts.web.announcements.read(house.parts.resources.durable)
    browser = house.browser()
    browser.get(f"/?lang={language}")
    pages = [browser.follow(browser.authorize()), browser.get("/"), browser.get("/nowhere")]
    found = [BeautifulSoup(page.text, "html.parser").select_one("aside.announcement") for page in pages]
    return [" ".join(one.get_text(" ").split()) if one else "" for one in found]


def events(house: Provider) -> Iterator[tuple[str, str | None, dict[str, str]]]:
    with house.parts.database.connect() as connection:
        asked = (
            sa.select(audit_events).where(audit_events.c.event.like("notice:%")).order_by(audit_events.c.id)
        )
        for row in connection.execute(asked):
            yield row.event, row.operator, row.facts


def test_it_stands_on_every_page_in_both_languages_until_it_is_cleared(
    provider: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(provider) == ["", "", ""]
    assert put(provider, "--fr", FRENCH, "--en", ENGLISH, "--level", "warning") == 0
    assert "notice set: shown until " in capsys.readouterr().out
    assert shown(provider) == [f"Attention : {FRENCH}"] * 3
    assert shown(provider, "en") == [f"Attention: {ENGLISH}"] * 3
    assert put(provider, "--fr", "Une autre.") == 0
    assert "pages in English have the French text" in capsys.readouterr().out
    assert shown(provider, "en") == ["Information: Une autre."] * 3
    assert notice.clear(provider.settings, parsed("clear")) == 0
    assert shown(provider) == ["", "", ""]
    assert notice.clear(provider.settings, parsed("clear")) == 3


def test_who_said_what_is_in_the_audit_trail(provider: Provider) -> None:
    with told_in_audit(provider.settings, "Garde du lundi"):
        put(provider, "--fr", FRENCH, "--until", "2h")
        notice.clear(provider.settings, parsed("clear"))
    (put_event, who, facts), (cleared, also, _) = events(provider)
    assert (put_event, cleared) == ("notice:set:accepted", "notice:clear:accepted")
    assert who == also == "Garde du lundi"
    assert facts.keys() == {"text", "level", "until"}
    assert facts["text"] == FRENCH


def test_it_begins_and_ends_by_itself(provider: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    assert put(provider, "--fr", FRENCH, "--from", "2h", "--until", "3h") == 0
    assert "notice set: from " in capsys.readouterr().out
    assert shown(provider) == ["", "", ""]
    capsys.readouterr()
    notice.show(provider.settings, parsed("show", "--json"))
    told = json.loads(capsys.readouterr().out)
    assert (told["fr"], told["en"], told["level"], told["is_shown"]) == (FRENCH, "", "info", False)
    known = provider.parts.web.announcements
    now = datetime.now(UTC)
    for ahead, is_there in ((1, False), (2.5, True), (3.5, False)):
        known.clock = FixedClock(now + timedelta(hours=ahead))
        assert (known.shown("fr") is not None) is is_there


def test_what_is_set_is_shown(provider: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    assert notice.show(provider.settings, parsed("show")) == 0
    assert notice.show(provider.settings, parsed("show", "--json")) == 0
    assert capsys.readouterr().out == "no notice is set\nnull\n"
    put(provider, "--fr", FRENCH)
    capsys.readouterr()
    notice.show(provider.settings, parsed("show"))
    assert f"fr: {FRENCH}\nen: (the French text)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--until", "2020-01-01T00:00Z"], "--until must be after now"),
        (["--from", "3h", "--until", "2h"], "and after --from"),
        (["--until", "31d"], "within 30 days"),
    ],
)
def test_an_end_that_cannot_be_is_refused(
    provider: Provider, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    assert put(provider, "--fr", FRENCH, *options) == 2
    assert words in capsys.readouterr().err
    assert shown(provider) == ["", "", ""]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--fr", ""],
        ["--fr", "deux\nlignes"],
        ["--fr", "x" * 301],
        ["--fr", FRENCH, "--until", "2026-12-24T20:00"],
        ["--fr", FRENCH, "--from", "demain"],
        ["--fr", FRENCH, "--level", "panic"],
    ],
)
def test_what_cannot_be_read_is_a_wrong_use(options: list[str]) -> None:
    with pytest.raises(SystemExit) as told:
        parsed("set", *options)
    assert told.value.code == 2
