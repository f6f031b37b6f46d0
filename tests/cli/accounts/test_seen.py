"""`idp accounts find`, `show`, `sessions` and `sign-out`, on a provider with people signed in."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from idp.adapters.sql.proofs import SqlProofs
from idp.adapters.sql.schema import audit_events, logout_notices
from idp.core.audit import AuditEvent
from tests.cli.accounts.account_commands import NOBODY, OTHER, a_house, parsed, run, told
from tests.people import BOB, an_account, an_identity
from tests.protocol.psc import facts, subjects_of_mails
from tests.provider import RP, RPPS, Provider, answer_of, audited

LOOKED_UP = "account:look_up:accepted"


@pytest.fixture
def house(app_factory: Callable[..., Provider]) -> Provider:
    return a_house(app_factory)


def found(house: Provider, capsys: pytest.CaptureFixture[str], *what: str) -> list[str]:
    capsys.readouterr()
    run(house, "find", "--json", *what)
    return [json.loads(line)["rpps"] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("what", "whom"),
    [
        (["8 100 0000 0025"], [OTHER]),
        (["mailto:hélène@HOPITAL.example"], [OTHER]),
        (["sub-of-helene"], [OTHER]),
        ([BOB], [OTHER]),
        (["helene"], [OTHER]),
        (["oeuvr", "HÉL"], [OTHER]),
        (["gall"], [OTHER]),
        (["e"], [RPPS, OTHER]),
        (["dupont", "helene"], []),
        ([NOBODY], []),
        (["nobody@hopital.example"], []),
        (["%"], []),
        (["'; --"], []),
        (["\x00"], []),
    ],
    ids=str,
)
def test_a_person_is_found_by_what_is_known_of_them(
    house: Provider, capsys: pytest.CaptureFixture[str], what: Sequence[str], whom: Sequence[str]
) -> None:
    assert found(house, capsys, *what) == whom
    assert facts(house, LOOKED_UP) == [{"how": "find"}] * max(len(whom), 1)


def test_a_person_is_found_by_the_number_of_a_card_that_signed_them_in(
    house: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    assert house.parts is not None
    audit = house.parts.audit
    audit.record(AuditEvent.CARD_LOGIN_ACCEPTED, account_id=BOB, card_number="2900000001")
    audit.record(AuditEvent.CARD_LOGIN_ACCEPTED, account_id="erased", card_number="2900000001")
    audit.record(AuditEvent.CARD_LOGIN_ACCEPTED, account_id=house.account.id, card_number="2900000002")
    assert found(house, capsys, "2900000001") == [OTHER]
    assert run(house, "find", "2900000001") == 0
    assert "among the events of cards since" in capsys.readouterr().err


def test_a_person_is_found_by_a_card_as_why_finds_them(
    house: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its serial number or certificate too, also where it was refused, or proved the person long ago."""
    assert house.parts is not None
    certificate, proved, serial = "ab" * 32, "cd" * 32, "0f" * 16
    refused = {"reason": "revoked", "serial": serial, "certificate": certificate}
    house.parts.audit.record(AuditEvent.CARD_LOGIN_REFUSED, account_id=BOB, **refused)
    SqlProofs(house.database).record(BOB, an_identity(rpps=OTHER, evidence=proved))
    for number in (serial, serial.upper(), certificate, proved):
        assert found(house, capsys, number) == [OTHER], number
    assert found(house, capsys, "ef" * 32) == []


def test_a_list_is_masked_and_says_that_it_is_cut(
    house: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(house, "find", "e", "--most", "1") == 0
    written = capsys.readouterr()
    assert written.out.count("\n") == 1
    assert "a•••@hopital.example" in written.out
    assert "there may be more" in written.err


def test_nobody_and_several_are_told_apart(house: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    shared = an_account(
        id="third", subject="third", email=house.account.email, identity=an_identity(rpps=NOBODY)
    )
    type(house.accounts)(house.database, shares_mailboxes=True).add(shared)
    assert sorted(found(house, capsys, house.account.email)) == [RPPS, NOBODY]
    for name in ("show", "sign-out", "disable"):
        assert run(house, name, house.account.email) == 1
        written = capsys.readouterr()
        assert f"name one of them by its RPPS ({RPPS}, {NOBODY})" in written.err
        assert (written.out, written.err.count("\n")) == ("", 1)
        assert run(house, name, "10000000041") == 1
        assert capsys.readouterr().err == "idp: no account has this RPPS\n"
        assert run(house, name, "10000000017 10000000025") == 1
        assert "expected an RPPS number (eleven digits)" in capsys.readouterr().err


def test_who_looked_is_in_the_trail_of_the_person_also_of_one_without_account(
    house: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    run(house, "show", RPPS)
    run(house, "show", NOBODY)
    asked = sa.select(audit_events).where(audit_events.c.event == LOOKED_UP).order_by(audit_events.c.id)
    with house.database.connect() as connection:
        known, unknown = connection.execute(asked)
    assert (known.account_id, known.facts) == (house.account.id, {"how": "show"})
    assert (unknown.account_id, len(unknown.person)) == (None, 32)


def test_an_account_is_shown_as_json(house: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    run(house, "disable", OTHER, "--motive", "Départ")
    shown = json.loads(told(house, capsys, "show", OTHER, "--json"))["account"]
    assert (shown["rpps"], shown["enabled"], shown["motive"]) == (OTHER, False, "Départ")
    assert "élène" not in shown["email"]


def test_sessions_are_those_that_the_person_sees(house: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    browser = house.browser()
    browser.sign_in()
    house.browser().sign_in()
    listed: list[dict[str, Any]] = json.loads(told(house, capsys, "sessions", RPPS, "--json"))
    assert [one["door"] for one in listed] == ["password", "password"]
    assert "by password" in told(house, capsys, "sessions", RPPS)
    ended = listed[0]["sid"]
    assert run(house, "sign-out", RPPS, "--session", ended) == 0
    left = json.loads(told(house, capsys, "sessions", RPPS, "--json"))
    assert [one["sid"] for one in left] == [listed[1]["sid"]]
    assert run(house, "sign-out", RPPS, "--session", ended) == 3
    assert run(house, "sign-out", OTHER, "--session", left[0]["sid"]) == 3
    assert facts(house, "session:end:accepted") == [{"by": "operator"}]
    assert subjects_of_mails(house)[-1:] == ["Vos sessions ont été fermées"]


def test_sign_out_ends_everything_and_applications_hear_of_it(
    house: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = house.browser()
    tokens = house.exchange(browser.sign_in(scope="openid")).get_json()
    begun = browser.authorize(prompt="login")
    assert "signed out" in told(house, capsys, "sign-out", RPPS)
    assert house.userinfo(tokens["access_token"]).status_code == 401
    assert answer_of(browser.follow(browser.authorize(prompt="none")))["error"] == "login_required"
    assert "/interaction/" in begun.headers["Location"]
    with house.database.connect() as connection:
        assert connection.execute(sa.select(logout_notices.c.client_id)).scalars().all() == [RP]
    assert facts(house, "session:end:accepted") == [{"by": "operator", "all": True}]
    browser.sign_in()
    page = browser.get("/account/history").text
    assert "Sessions fermées par un responsable du service" in page


def test_what_is_done_already_is_said(house: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(house, "enable", RPPS) == 3
    assert "it is not disabled, nothing was changed" in capsys.readouterr().err
    assert told(house, capsys, "disable", RPPS).endswith("disabled; its sessions have ended\n")
    assert "was disabled already" in told(house, capsys, "disable", RPPS)
    assert "enabled; it counts as used from now on" in told(house, capsys, "enable", RPPS)
    assert subjects_of_mails(house)[-2:] == ["Votre compte a été désactivé", "Votre compte est réactivé"]
    assert "account:enable:accepted" in audited(house)


@pytest.mark.parametrize("wrong", [["--most", "0"], ["--most", "201"], ["--most", "²"], []], ids=str)
def test_what_cannot_be_asked_is_wrong_use(wrong: Sequence[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parsed("find", *wrong)
