"""The administrators' page of a house where people signed in: what it says, and that it says nothing of them."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from idp.adapters.operations.listener import Answer, Endpoint, Question
from idp.adapters.operations.meter_file import MeterFiles
from idp.adapters.sql.schema import accounts, audit_events, charter_revisions
from idp.core import measures, meters
from idp.core.audit import AuditEvent
from idp.wiring.operations_page import page_endpoints
from idp.wiring.readiness import build_readiness
from idp.wiring.resources import build_clock_watch
from tests.people import an_account, an_identity
from tests.provider import PASSWORD, RPPS, Provider

HERE = Question(host="127.0.0.1:9400", is_inside=True)
NOBODY = {"family_name": "QUÉRÉ-LE GOFF", "given_name": "Gwenaëlle", "rpps": "10009999992"}


def endpoints_of(house: Provider) -> Any:
    assert house.parts is not None
    readiness = build_readiness(house.parts, build_clock_watch(house.parts.resources))
    return page_endpoints(house.parts, readiness, None)


def page_of(house: Provider) -> Endpoint:
    made: Endpoint = endpoints_of(house)["/"]
    return made


def read(answer: Answer) -> BeautifulSoup:
    assert answer.status == 200, answer.body
    return _parsed(answer.body)


@cache
def _parsed(body: bytes) -> BeautifulSoup:
    return BeautifulSoup(body, "html.parser")


def text_of(answer: Answer) -> str:
    return " ".join(read(answer).get_text(" ").split())


def row_of(answer: Answer, name: str) -> list[str]:
    """The cells of the row of this name."""
    for row in read(answer).find_all("tr"):
        cells = [" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])]
        if cells[0].startswith(name):
            return cells[1:]
    raise AssertionError(name)


@pytest.fixture(scope="module")
def house(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> Provider:
    """Where one person signed in to one application, another was refused, and a third never came."""
    made = app_factory(**every_door)
    made.browser().sign_in()
    browser = made.browser()
    page = browser.follow(browser.authorize(login_hint="hint.of@somebody.example"))
    browser.submit(page, "/password", rpps=NOBODY["rpps"], password="wrong")
    made.accounts.add(
        an_account(
            subject="subject-of-nobody",
            identity=an_identity(**NOBODY),
            email="gwen.quere@hopital.example",
            address=replace(an_account().address, line1="9 rue Secrète", city="Plouguerneau"),
        )
    )
    assert made.parts is not None
    made.parts.audit.record(
        AuditEvent.CARD_LOGIN_REFUSED, reason="Mme QUÉRÉ 10009999992", rpps=NOBODY["rpps"]
    )
    return made


def test_it_says_what_happened_and_what_there_is(house: Provider) -> None:
    answer = page_of(house)(HERE)
    said = text_of(answer)
    assert read(answer).html["lang"] == "fr"  # type: ignore[index]
    assert "Personne ne peut se connecter" not in said
    for words in (
        "Acceptés : 1 Refusés : 1 Freinés : 0",
        "Connexions : 1",
        "Sessions : 1",
        "Révision 2026-1",
        "Comptes qui l'ont acceptée : 1. Qui ne l'ont pas encore fait : 1.",
    ):
        assert words in said
    codes, used, _ends = row_of(answer, "ViaTrajectoire")
    assert (codes, str(datetime.now(UTC).year) in used) == ("1", True)
    codes, used, _ends = row_of(answer, "Trajectoire Grand Âge")
    assert (codes, used.startswith("aucune depuis le")) == ("0", True)
    assert row_of(answer, "Mot de passe") == ["wrong", "1"]
    assert row_of(answer, "RS256")[0] == "signe"
    assert row_of(answer, "Autorités des cartes")
    assert row_of(answer, "mails") == ["personne ne la fait", "0"]
    # What is no word of ours in a reason stays in the trail, and is counted all the same.
    assert "Acceptés : 0 Refusés : 1" in said


def test_nothing_of_any_person_is_in_it(house: Provider) -> None:
    with house.database.connect() as connection:
        people = connection.execute(sa.select(accounts)).mappings().all()
        events = connection.execute(sa.select(audit_events)).mappings().all()
    assert len(people) == 2
    assert len(events) > 5
    secret = {
        str(person[name])
        for person in people
        for name in person
        if name not in ("charter_revision", "locale", "identity_source", "version", "generation")
    }
    secret |= {
        str(event[name])
        for event in events
        for name in (
            "account_id",
            "interaction_id",
            "browsing",
            "person",
            "network",
            "network_digest",
            "chain",
        )
    }
    secret |= {RPPS, PASSWORD, "hint.of@somebody.example", *NOBODY.values(), "QUÉRÉ"}
    secret -= {"", "None", "True", "False", "[]", "0", "1", "France", "FR"}
    page = page_of(house)
    for language in ("fr", "en"):
        told = page(HERE._replace(languages=language)).body.decode()
        assert [one for one in secret if one in told] == []


def test_it_is_in_the_language_that_was_chosen_or_that_the_browser_asks_for(house: Provider) -> None:
    page = page_of(house)
    for question, locale in (
        (HERE, "fr"),
        (HERE._replace(languages="en-GB,en;q=0.9,fr;q=0.1"), "en"),
        (HERE._replace(languages="en", query="lang=fr"), "fr"),
        (HERE._replace(query="lang=en"), "en"),
        (HERE._replace(languages="xx," * 500, query="lang=de&lang=en&%00=%ff"), "fr"),
    ):
        assert read(page(question)).html["lang"] == locale, question  # type: ignore[index]


def test_a_browser_is_told_to_run_frame_and_keep_nothing(house: Provider) -> None:
    endpoints = endpoints_of(house)
    answer = endpoints["/"](HERE)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert "Set-Cookie" not in answer.headers
    page = read(answer)
    assert not page.find_all(["script", "style", "form", "iframe"])
    linked = [str(tag.get("href") or tag.get("src")) for tag in page.find_all(["link", "img"])]
    for path in linked:
        file = endpoints[path](HERE)
        assert (file.status, bool(file.body)) == (200, True)
    assert "/static/operations.css" in linked
    elsewhere = endpoints["/static/operations.css"](HERE._replace(host="evil.example"))
    assert elsewhere.status == 403


def test_every_process_says_the_same(house: Provider) -> None:
    one, other = page_of(house)(HERE), page_of(house)(HERE)
    assert text_of(one) == text_of(other)


@pytest.fixture
def spoilt(app_factory: Callable[..., Provider]) -> Provider:
    return app_factory()


def test_a_house_without_a_charter_says_so(spoilt: Provider) -> None:
    with spoilt.database.begin() as connection:
        connection.execute(sa.text("DELETE FROM charter_acceptances"))
        connection.execute(sa.delete(charter_revisions))
    said = text_of(page_of(spoilt)(HERE))
    assert "Aucune n'est publiée" in said
    assert "Personne ne peut se connecter ici." in said
    assert "idp charter publish" in said


def test_with_the_database_away_it_answers_at_once_and_says_what_cannot_be_told(spoilt: Provider) -> None:
    page = page_of(spoilt)
    _away(spoilt)
    began = time.monotonic()
    answer = page(HERE)
    assert time.monotonic() - began < 5
    said = text_of(answer)
    assert said.count("On ne peut pas le dire en ce moment") == 4
    assert "unavailable: database: it does not answer" in said
    assert row_of(answer, "RS256")[0] == "signe"


def _away(house: Provider) -> None:
    """As a disk that went."""
    house.database.dispose()
    file = Path(house.settings.where.database.removeprefix("sqlite:///"))
    file.rename(file.with_suffix(".gone"))


def test_a_part_that_fails_for_another_reason_keeps_no_other_back(spoilt: Provider) -> None:
    with spoilt.database.begin() as connection:
        connection.execute(sa.text("DROP TABLE heartbeats"))
    answer = page_of(spoilt)(HERE)
    assert row_of(answer, "ViaTrajectoire")[0] == "0"


def test_days_ago_is_told_of_a_client_that_nobody_used_since(spoilt: Provider) -> None:
    ago = datetime.now(UTC) - timedelta(days=12)
    with spoilt.database.begin() as connection:
        connection.execute(
            sa.insert(audit_events).values(
                at=ago, event="code:issue:accepted", client_id="grand-age", facts={}
            )
        )
    answer = page_of(spoilt)(HERE._replace(languages="en"))
    codes, used, _ends = row_of(answer, "Trajectoire Grand Âge")
    assert (codes, used.startswith(f"{ago.astimezone().day} ")) == ("0", True)


def test_time_of_calls_is_read_from_what_the_processes_share(tmp_path: Any) -> None:
    from idp.adapters.operations.latencies import latencies

    files = MeterFiles(tmp_path)
    family = meters.Histogram("caducee_test_seconds", "Of a test", ("endpoint",), bounds=(0.1, 0.5, 1.0))
    times = family.of("https://psc.example/token")
    times.move(files.place)
    family.of("https://psc.example/never").move(files.place)
    for seconds in (0.05, 0.06, 0.4, *[2.0] * 1):
        times.took(seconds)
    (found,) = latencies(tmp_path, "caducee_test_seconds")
    assert (found.label, found.calls, found.half, found.most) == (
        "https://psc.example/token",
        4,
        0.1,
        float("inf"),
    )
    assert list(latencies(tmp_path, measures.PSC_SECONDS.name)) == []
