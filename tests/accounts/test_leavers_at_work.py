"""Unused accounts, as the worker and `idp accounts` treat them: warned, disabled with a motive, opened again."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa

from idp.adapters.sql.leavers import SqlLastSignIns
from idp.adapters.sql.schema import accounts, outbox
from idp.cli.main import main
from idp.core.sealing import Sealer, derive_key
from idp.wiring import worker
from idp.wiring.resources import open_resources
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.commands import set_environment
from tests.protocol.psc import by_psc, facts, listening, person, settings_of, subjects_of_mails
from tests.provider import RPPS, Provider, answer_of, app_factory, audited, templates

__all__ = ["app_factory", "templates"]

MONTH = timedelta(days=31)


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc))


def last_signed_in(house: Provider, ago: timedelta, told: timedelta | None = None) -> None:
    now = datetime.now(UTC)
    SqlLastSignIns(house.database).record(house.account.id, now - ago)
    if told is not None:
        with house.database.begin() as connection:
            connection.execute(sa.update(accounts).values(unused_told_at=now - told))


def run(house: Provider) -> int:
    resources = open_resources(house.settings)
    try:
        return worker.build_leavers(resources).run_due()
    finally:
        resources.database.dispose()


def newest_mail(house: Provider) -> str:
    newest = sa.select(outbox.c.text).order_by(outbox.c.id.desc()).limit(1)
    with house.database.connect() as connection:
        sealed = connection.execute(newest).scalar_one()
    return Sealer(derive_key(house.settings.keys.application, "seal")).open(sealed) or ""


def test_whoever_signs_in_is_left_alone(house: Provider) -> None:
    last_signed_in(house, 30 * MONTH)
    house.browser().sign_in()
    assert (run(house), subjects_of_mails(house)) == (0, [])


def test_a_sign_in_is_written_once_a_day(house: Provider) -> None:
    house.browser().sign_in()
    first = house.accounts.get(house.account.id).signed_in_at
    house.browser().sign_in()
    assert house.accounts.get(house.account.id).signed_in_at == first
    assert first is not None
    assert datetime.now(UTC) - first < timedelta(minutes=1)


def test_an_account_unused_for_22_months_is_warned_once_and_two_months_later_disabled(
    house: Provider,
) -> None:
    last_signed_in(house, 22 * MONTH)
    assert (run(house), run(house)) == (1, 0)
    assert subjects_of_mails(house) == ["Votre compte n'est plus utilisé"]
    assert audited(house)[-1] == "account:unused:told"
    last_signed_in(house, 24 * MONTH, told=2 * MONTH)
    assert (run(house), run(house)) == (1, 0)
    account = house.accounts.get(house.account.id)
    assert (account.enabled, "depuis 24\u00a0mois" in account.disabled_motive) == (False, True)
    assert facts(house, "account:disable:accepted") == [{"by": "unused"}]
    assert "depuis 24\u00a0mois" in newest_mail(house)


def test_nobody_is_disabled_without_a_warning_of_two_months_before(house: Provider) -> None:
    last_signed_in(house, 60 * MONTH)
    assert run(house) == 1
    assert house.accounts.get(house.account.id).enabled
    last_signed_in(house, 60 * MONTH, told=MONTH)
    assert run(house) == 0


@pytest.mark.parametrize(("unused_for", "told"), [(60 * MONTH, 3 * MONTH), (23 * MONTH, None)])
def test_a_sign_in_between_looking_and_acting_wins(
    house: Provider, monkeypatch: pytest.MonkeyPatch, unused_for: timedelta, told: timedelta | None
) -> None:
    """Before it is disabled, and before it is warned."""
    last_signed_in(house, unused_for, told=told)
    resources = open_resources(house.settings)
    leavers = worker.build_leavers(resources)
    written = type(leavers.notices).written

    def signed_in_first(*arguments: Any, **options: Any) -> Callable[[], None]:
        """After the account was found and read, before it is written."""
        SqlLastSignIns(house.database).record(house.account.id, datetime.now(UTC))
        return written(*arguments, **options)

    monkeypatch.setattr(type(leavers.notices), "written", signed_in_first)
    assert leavers.run_due() == 0
    assert house.accounts.get(house.account.id).enabled
    assert subjects_of_mails(house) == []
    resources.database.dispose()


@pytest.fixture
def operator(house: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """A shell with the settings of the house."""
    where, keys = house.settings.where, house.settings.keys
    set_environment(
        monkeypatch,
        DATABASE=where.database,
        CLIENTS_FILE=str(where.clients_file),
        APPLICATION_KEY=keys.application,
    )
    return house


def test_a_motive_is_mailed_and_on_the_page_of_whoever_proves_who_they_are(
    operator: Provider, psc: HostilePsc
) -> None:
    assert main(["accounts", "disable", RPPS, "--motive", "  Départ  de\nl'établissement "]) == 0
    assert subjects_of_mails(operator) == ["Votre compte a été désactivé"]
    assert "Motif\u00a0: Départ de l'établissement" in newest_mail(operator)
    page = by_psc(operator.browser(), psc)
    assert (page.status_code, "Départ de l'établissement" in unescape(page.text)) == (403, True)
    # Run again, for another motive: the person has the first mail.
    assert main(["accounts", "disable", RPPS]) == 0
    assert len(subjects_of_mails(operator)) == 1
    page = by_psc(operator.browser(), psc)
    assert "Le motif donné" not in page.text


def test_no_mail_where_the_house_tells_by_other_means(
    operator: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CADUCEE_ACCOUNT_DISABLED_NOTICE", "false")
    assert main(["accounts", "disable", RPPS, "--motive", "x"]) == 0
    assert subjects_of_mails(operator) == []


def test_enable_opens_an_unused_account_again_for_good(operator: Provider, psc: HostilePsc) -> None:
    last_signed_in(operator, 24 * MONTH, told=2 * MONTH)
    run(operator)
    assert main(["accounts", "enable", RPPS]) == 0
    account = operator.accounts.get(operator.account.id)
    assert (account.enabled, account.disabled_motive) == (True, "")
    assert run(operator) == 0
    assert answer_of(by_psc(operator.browser(), psc))["code"]


def test_show_tells_the_motive_and_the_last_sign_in(
    operator: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["accounts", "disable", RPPS, "--motive", "Départ"])
    assert main(["accounts", "show", RPPS]) == 0
    shown = capsys.readouterr().out
    assert "DISABLED" in shown
    assert "motive: Départ" in shown
    assert f"last sign-in: {operator.account.created_at:%Y-%m-%d}" in shown


def test_a_worker_that_is_to_stop_begins_no_other(house: Provider) -> None:
    last_signed_in(house, 23 * MONTH)
    resources = open_resources(house.settings)
    assert worker.build_leavers(resources).run_due(lambda: True) == 0
    resources.database.dispose()
    assert subjects_of_mails(house) == []
