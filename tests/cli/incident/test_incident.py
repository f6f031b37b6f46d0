"""`idp incident end`, on a provider with people signed in: what it tells, what it ends, and who hears of it."""

import argparse
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from idp.adapters.sql.schema import audit_events, ephemeral, logout_notices
from idp.cli.asking import NotWanted
from idp.cli.audit.verify import verify
from idp.cli.incident import command
from idp.cli.incident.options import DOORS, add_incident
from idp.cli.main import main
from idp.core.ephemeral import StoreUnavailable
from idp.interaction import authenticator
from idp.interaction.sessions import Sessions
from tests.cli.terminal import sit_at
from tests.protocol.psc import facts
from tests.provider import RP, Browser, Provider, answer_of, audited


@pytest.fixture
def house(app_factory: Callable[..., Provider]) -> Provider:
    return app_factory().register(
        RP,
        backchannel_logout_uri="https://trajectoire.example/back",
        grant_types="[authorization_code, refresh_token]",
    )


def coming_from(house: Provider, address: str) -> Browser:
    browser = house.browser()
    browser.client.open = partial(  # type: ignore[method-assign]
        browser.client.open, environ_overrides={"REMOTE_ADDR": address}
    )
    return browser


def parsed(*options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_incident(lambda path, run, help_text: parser)
    return parser.parse_args(options)


def end(house: Provider, *options: str) -> int:
    """As `main` does."""
    try:
        return command.end(house.settings, parsed(*options))
    except NotWanted as refusal:
        return refusal.status


def tokens(house: Provider, browser: Browser) -> dict[str, Any]:
    received: dict[str, Any] = house.exchange(browser.sign_in(scope="openid")).get_json()
    return received


def refresh(house: Provider, told: dict[str, Any]) -> int:
    renewed = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    return house.exchange("", redirect_uri=None, code_verifier=None, code=None, **renewed).status_code


def records(house: Provider) -> int:
    with house.database.connect() as connection:
        counted = sa.select(sa.func.count()).where(ephemeral.c.kind == "session")
        return int(connection.execute(counted).scalar_one())


def test_what_is_over_is_over_everywhere_and_what_was_not_meant_goes_on(
    house: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = coming_from(house, "192.0.2.7"), coming_from(house, "203.0.113.7")
    spared, ended = tokens(house, here), tokens(house, there)
    code = answer_of(there.follow(there.authorize()))["code"]
    assert end(house, "--network", "203.0.113.0/24", "--door", "password", "--yes") == 0
    told = capsys.readouterr().out
    assert re.search(r"Ended: 1 sessions of 1 people, incident [0-9a-f]{8} in the audit trail\.", told)

    assert house.userinfo(ended["access_token"]).status_code == 401
    assert refresh(house, ended) == 400
    assert house.exchange(code).status_code == 400
    assert there.follow(there.authorize(prompt="none")).headers["Location"].count("error=login_required") == 1
    assert "/account/sign-in" in there.get("/account/sessions").headers["Location"]

    assert house.userinfo(spared["access_token"]).status_code == 200
    assert refresh(house, spared) == 200
    assert "code" in answer_of(here.follow(here.authorize(prompt="none")))
    assert here.get("/account/sessions").status_code == 200
    with house.database.connect() as connection:
        assert connection.execute(sa.select(logout_notices.c.client_id)).scalars().all() == [RP]
    # The door is open, as before.
    assert "code" in answer_of(there.prove(there.follow(there.authorize())))


def test_the_audit_trail_says_what_was_meant_and_the_person_reads_that_it_ended(house: Provider) -> None:
    browser = house.browser()
    tokens(house, browser)
    since = "2026-01-01T00:00+01:00"
    assert end(house, "--client", RP, "--since", since, "--yes") == 0
    (told,) = facts(house, "incident:end:accepted")
    name = told.pop("incident")
    assert told == {"since": str(datetime.fromisoformat("2025-12-31T23:00Z")), "sessions": 1, "people": 1}
    assert facts(house, "session:end:accepted") == [{"by": "incident", "incident": name}]
    with house.database.connect() as connection:
        one = sa.select(audit_events).where(audit_events.c.event == "incident:end:accepted")
        assert connection.execute(one).one().client_id == RP
    # Chained as what the servers write.
    asked = argparse.Namespace(since=None, seals=None, lines=None, export=None, proof=None, json=False)
    assert verify(house.settings, asked) == 0
    browser.sign_in()
    page = BeautifulSoup(browser.get("/account/history").text, "html.parser")
    (entry,) = [one for one in page.select('p[id^="entry-"]') if "incident de sécurité" in one.get_text()]
    # Nobody else did it, and the person need not report it.
    assert page.find("a", attrs={"aria-describedby": entry["id"]}) is None


def test_a_dry_run_tells_how_many_and_ends_nothing(
    house: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = house.browser()
    told = tokens(house, browser)
    before = audited(house)
    assert end(house, "--client", RP, "--dry-run") == 0
    # Before it is what the application logged in this process.
    assert capsys.readouterr().out.partition("people:")[2].splitlines() == [
        "            1",
        "sessions:          1, 1 of them not over here",
        "grants:            1",
        "  refresh tokens:  1",
        "  access tokens:   of these grants, those not older than 300 s; not counted",
        "logout notices:    1, to 1 applications",
        "Nothing was ended (--dry-run).",
    ]
    assert audited(house) == before
    assert house.userinfo(told["access_token"]).status_code == 200


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 1), (None, 2)])
def test_it_asks_back(
    house: Provider,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str | None,
    status: int,
) -> None:
    sit_at(monkeypatch, answer)
    house.browser().sign_in()
    assert end(house, "--door", "password") == status
    assert ("End them?" in capsys.readouterr().out) is (answer is not None)
    assert ("incident:end:accepted" in audited(house)) is (status == 0)


def test_nothing_meant_and_nothing_found_are_told_apart(
    house: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    house.browser().sign_in()
    assert end(house, "--yes") == 2
    assert "idp: which?" in capsys.readouterr().err
    assert end(house, "--door", "cps", "--yes") == 3
    assert capsys.readouterr().out.startswith("people:            0\n")
    assert "incident:end:accepted" not in audited(house)


def test_an_address_alone_is_said_to_be_its_network(
    house: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    coming_from(house, "203.0.113.7").sign_in()
    assert end(house, "--network", "203.0.113.200", "--dry-run") == 0
    assert "all of 203.0.113.0/24 is meant, not 203.0.113.200/32 alone" in capsys.readouterr().out


def test_a_record_that_stays_in_the_store_opens_nothing(
    house: Provider, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def down(_sessions: Sessions, _sids: Any) -> None:
        raise StoreUnavailable

    browser = house.browser()
    tokens(house, browser)
    monkeypatch.setattr(Sessions, "end_all", down)
    assert end(house, "--since", "1h", "--yes") == 0
    assert "open nothing" in capsys.readouterr().err
    assert records(house) == 1
    assert answer_of(browser.follow(browser.authorize(prompt="none")))["error"] == "login_required"
    assert "/account/sign-in" in browser.get("/account/sessions").headers["Location"]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--network", "203.0.113.7/24"],
        ["--network", "chu-lille"],
        ["--since", "yesterday"],
        ["--since", "2026-11-30T08:00"],
        ["--since", "2999-01-01T00:00Z"],
        ["--since", "6"],
        ["--door", "email_otp"],
        ["--yes", "--dry-run"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["incident", "end", *wrong])
    assert refused.value.code == 2


def test_the_doors_are_those_of_this_service() -> None:
    assert set(DOORS) == set(authenticator.DOORS)
