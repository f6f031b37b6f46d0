"""`idp accounts set-email`: noted, told to both addresses, and nothing changed."""

from collections.abc import Callable, Sequence

import pytest

from tests.cli.accounts.account_commands import NOBODY, OTHER, a_house, parsed, run, told
from tests.flows.email import last_mail, mails
from tests.protocol.psc import facts
from tests.provider import RPPS, Provider, audited

NEW = "aicha@cabinet.example"
CHECKED = ("--checked", "carte d'identité,  vue")


@pytest.fixture
def house(app_factory: Callable[..., Provider]) -> Provider:
    return a_house(app_factory)


def test_both_addresses_are_told_and_nothing_of_the_account_opens_by_it(
    house: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    before = house.accounts.get(house.account.id)
    said = told(
        house, capsys, "set-email", RPPS, f" <mailto:{NEW}> ".replace("<mailto:", "mailto:"), *CHECKED
    )
    assert "a•••@cabinet.example is noted" in said
    assert "Nothing changes until" in said
    after = house.accounts.get(house.account.id)
    assert after.email_offer is not None
    assert after.email_offer.email == NEW
    assert (after.email, after.email_verified_at, after.generation, after.password_hash) == (
        before.email,
        before.email_verified_at,
        before.generation,
        before.password_hash,
    )
    assert facts(house, "email:offer:accepted") == [{"checked": "carte d'identité, vue"}]
    assert last_mail(house, NEW).subject == "Confirmez votre nouvelle adresse e-mail"
    assert last_mail(house, before.email).subject == "Une autre adresse e-mail est proposée pour votre compte"
    # To an address that nobody proved: no name, no code, no link.
    for word in (before.identity.family_name, RPPS, "http"):
        assert word not in last_mail(house, NEW).text
    assert "not proved: a•••@cabinet.example" in told(house, capsys, "show", RPPS)
    assert '"a•••@cabinet.example"' in told(house, capsys, "show", RPPS, "--json")
    # Another address takes the place of the first.
    run(house, "set-email", RPPS, "third@cabinet.example", *CHECKED)
    again = house.accounts.get(house.account.id).email_offer
    assert again is not None
    assert again.email == "third@cabinet.example"


@pytest.mark.parametrize(
    ("person", "address", "status", "words"),
    [
        (NOBODY, NEW, 1, "no account has this RPPS"),
        (RPPS, "Aicha.Dupont@HOPITAL.example", 3, "has this address already"),
        (RPPS, "hélène@hopital.example", 2, "letters without accents"),
        (RPPS, "aicha", 2, "no address that mail can be sent to"),
        (RPPS, "", 2, "no address that mail can be sent to"),
        (RPPS, "a@b.example, c@d.example", 2, "no address that mail can be sent to"),
        (RPPS, f"{'a' * 250}@b.example", 2, "no address that mail can be sent to"),
        (RPPS, "third@hopital.example", 1, "that address is another account's"),
    ],
)
def test_what_cannot_be_noted_is_told_in_a_line(
    house: Provider,
    capsys: pytest.CaptureFixture[str],
    person: str,
    address: str,
    status: int,
    words: str,
) -> None:
    account = house.accounts.find_by_rpps(OTHER)
    assert account is not None
    house.accounts.save(account.with_email("third@hopital.example", account.email_verified_at))
    capsys.readouterr()
    assert run(house, "set-email", person, address, *CHECKED) == status
    written = capsys.readouterr()
    assert (written.out, written.err.count("\n"), words in written.err) == ("", 1, True), written.err
    assert "email:offer:accepted" not in audited(house)
    assert mails(house) == []


def test_a_disabled_account_is_enabled_before(house: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    run(house, "disable", RPPS)
    assert run(house, "set-email", RPPS, NEW, *CHECKED) == 1
    assert "it is disabled: `enable` it before" in capsys.readouterr().err


@pytest.mark.parametrize("checked", [[], ["--checked", "ab"], ["--checked", "x" * 101]], ids=str)
def test_what_was_checked_is_said(checked: Sequence[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parsed("set-email", RPPS, NEW, *checked)
