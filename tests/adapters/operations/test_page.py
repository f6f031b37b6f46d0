"""The administrators' page of a house where people signed in: what it says, and that it says nothing of them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
from idp.core.finding import Finding, State
from idp.web.local_time import local_date
from idp.wiring.conformity import conformity
from idp.wiring.operations_conformity import ConformityViews
from idp.wiring.operations_findings import Examinations, Examined
from idp.wiring.operations_page import page_endpoints
from idp.wiring.readiness import build_readiness
from idp.wiring.resources import build_clock_watch
from sandbox.style_guide.families.operations import operations_states
from sandbox.style_guide.rendering import ROOT
from tests.fakes import FixedClock, MemoryStore
from tests.limits import eventually, within
from tests.people import an_account, an_identity
from tests.provider import PASSWORD, RPPS, Provider

RULES = ROOT / "docs" / "conformity" / "hospital.rules.yaml"
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


def settled(page: Endpoint, question: Question = HERE) -> Answer:
    """The page once every hour is counted: on a busy machine one look does not get that far."""
    answers: list[Answer] = []

    def is_whole() -> bool:
        answers.append(page(question))
        said = text_of(answers[-1])
        return not ("pas encore compté" in said or "not counted yet" in said)

    assert eventually(is_whole, 30)
    return answers[-1]


def part_of(answer: Answer, name: str) -> str:
    """The text of the section below the heading that begins so."""
    (found,) = (
        one for one in read(answer).find_all("section") if one.h2 and one.h2.get_text().startswith(name)
    )
    return found.get_text(" ")


def row_of(answer: Answer, name: str, part: str = "") -> list[str]:
    """The cells of the row of this name, below a heading that begins so."""
    sections = read(answer).find_all("section")
    below = [one for one in sections if one.h2 is not None and one.h2.get_text().startswith(part)]
    for row in (row for section in below for row in section.find_all("tr")):
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
    answer = settled(page_of(house))
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
    assert row_of(answer, "mails", "Travail") == ["personne ne la fait", "0"]
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
    one, other = settled(page_of(house)), page_of(house)(HERE)
    for part in ("Les 24", "Travail", "Applications", "Charte"):
        assert part_of(one, part) == part_of(other, part)


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
    answer = settled(page_of(spoilt), HERE._replace(languages="en"))
    codes, used, _ends = row_of(answer, "Trajectoire Grand Âge")
    assert (codes, used.startswith(f"{local_date(ago).day} ")) == ("0", True)


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


def test_it_says_what_doctor_says_of_this_node(house: Provider) -> None:
    page = page_of(house)
    assert eventually(lambda: "Regardé à" in text_of(page(HERE)), 30)
    answer = page(HERE)
    doctor = "Ce que dit"
    assert row_of(answer, "worker", doctor)[0] in ("à regarder", "à réparer")
    assert row_of(answer, "database", doctor)[0] == "bien"
    # Another process of this node says the same, without looking.
    assert part_of(page_of(house)(HERE), "Ce que dit « idp doctor") == part_of(
        answer, "Ce que dit « idp doctor"
    )


def test_it_does_not_say_that_all_is_well_beside_something_red() -> None:
    states = operations_states()
    # A backup that is not known is something to look at, and keeps nobody out.
    assert states["operations-well"].standing == "ready"
    assert states["operations-full"].status == "ready"
    assert states["operations-full"].standing == "degraded"
    assert states["operations-untold"].standing == "unavailable"


def test_it_says_what_conformity_says_and_each_rule_that_is_broken(house: Provider, tmp_path: Path) -> None:
    answer = page_of(house)(HERE)
    card = row_of(answer, "Carte CPx, directe", "Ce que dit")
    assert card[0] == "ouvert"
    assert int(card[1]) > 2
    broken = conformity(house.settings, datetime.now(UTC)).broken
    assert broken  # The house of these tests hashes cheaply.
    for one in broken:
        assert one.rule.id in text_of(answer)

    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: [")
    file = replace(house.settings.conformity, rules_file=rules)
    views = ConformityViews(settings=replace(house.settings, conformity=file), every=timedelta(minutes=15))
    now = datetime.now(UTC)
    assert views.look(now, "fr") is None
    rules.write_text(RULES.read_text())
    assert views.look(now + timedelta(minutes=14), "fr") is None
    assert views.look(now + timedelta(minutes=15), "fr") is not None


@dataclass
class Slow:
    """A look that ends when it is told to."""

    may_end: threading.Event = field(default_factory=threading.Event)
    times: int = 0
    fault: Exception | None = None

    def __call__(self) -> tuple[Finding, ...]:
        self.times += 1
        if self.fault is not None:
            raise self.fault
        self.may_end.wait(within(20))
        return (Finding(name=f"look {self.times}", state=State.AMBER, says="s", remedy="r"),)


def examinations(look: Slow, clock: FixedClock, store: Any = None) -> Examinations:
    return Examinations(
        examine=look,
        node="n",
        store=store or MemoryStore(clock),
        clock=clock,
        every=timedelta(minutes=1),
        moment_seconds=0.05,
    )


def names(examined: Examined | None) -> list[str]:
    return [] if examined is None else [one.name for one in examined.findings]


def test_findings_that_take_long_come_at_a_later_look_and_are_looked_for_once() -> None:
    look, clock = Slow(), FixedClock()
    store = MemoryStore(clock)
    one = examinations(look, clock, store)
    assert [names(one.look(is_store_up=True)) for _ in range(3)] == [[], [], []]
    assert look.times == 1
    look.may_end.set()
    assert eventually(lambda: names(one.look(is_store_up=True)) == ["look 1"], 10)
    other = examinations(look, clock, store)
    assert names(other.look(is_store_up=True)) == ["look 1"]
    clock.advance(minutes=1)
    look.may_end.clear()
    # The former ones stand until the new ones are there.
    assert names(other.look(is_store_up=True)) == ["look 1"]
    look.may_end.set()
    assert eventually(lambda: names(other.look(is_store_up=True)) == ["look 2"], 10)
    assert look.times == 2


def test_findings_need_no_store_and_a_look_that_fails_is_no_end() -> None:
    look, clock = Slow(fault=KeyError("x")), FixedClock()
    one = examinations(look, clock)
    assert one.look(is_store_up=False) is None
    look.fault = None
    look.may_end.set()
    assert eventually(lambda: names(one.look(is_store_up=False)) != [], 10)
    assert names(examinations(look, clock, one.store).look(is_store_up=True)) == [f"look {look.times}"]
