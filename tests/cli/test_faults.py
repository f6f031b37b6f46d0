"""The database goes away at each statement of a command: what is there is whole, and the next one does it."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from idp.cli.accounts import ended, export, opening
from idp.cli.charter import publishing
from idp.cli.trust import command as trust
from idp.core.ephemeral import StoreUnavailable
from idp.settings import Settings
from tests.configured import changed
from tests.faults import Faults, Tables, failures, faulty_connections, together
from tests.made_once import place_igc
from tests.provider import RP, RPPS, Provider

Command = Callable[[Settings, Namespace], int]


@dataclass
class World:
    house: Provider
    faults: Faults


@pytest.fixture(scope="module")
def world(app_factory: Callable[..., Provider]) -> Iterator[World]:
    with faulty_connections() as faults:
        house = app_factory()
        house.register(RP, backchannel_logout_uri="https://trajectoire.example/back")
        assert house.exchange(house.browser().sign_in()).status_code == 200
        yield World(house, faults)


def fail(
    world: World, command: Command, options: Namespace, commits: frozenset[str], **settings: object
) -> None:
    tables, told = Tables.of(world.house.settings), changed(world.house.settings, **settings)

    def act() -> int | None:
        with suppress(StoreUnavailable):
            return command(told, options)
        return None

    for at, status, left in failures(tables, act, (commits,), world.faults):
        assert (status == 0) == (left == commits), (at, status)
        if status != 0:
            assert act() == 0
            assert tables.changed() == commits
    tables.put_back()


ENDED = together("ended_sessions", "grants", "logout_notices")


def test_account_is_disabled_with_its_audit_event_and_the_end_of_its_sessions(world: World) -> None:
    commits = together("accounts", "outbox", "account:disable:accepted") | ENDED
    fail(world, opening.disable, Namespace(person=RPPS, motive="Départ"), commits)


def test_account_is_enabled_with_its_audit_event(world: World) -> None:
    disabled = world.house.accounts.get(world.house.account.id)
    world.house.accounts.save(replace(disabled, enabled=False))
    commits = together("accounts", "outbox", "account:enable:accepted")
    fail(world, opening.enable, Namespace(person=RPPS), commits)


def test_waits_end_with_their_audit_event(world: World) -> None:
    commits = together("password_page", "outbox", "account:unlock:accepted")
    fail(world, opening.unlock, Namespace(person=RPPS), commits)


def test_sessions_are_ended_with_their_audit_event(world: World) -> None:
    commits = together("accounts", "outbox", "session:end:accepted") | ENDED
    fail(world, ended.sign_out, Namespace(person=RPPS, session=None), commits)


def test_a_copy_is_handed_over_with_its_audit_event(world: World) -> None:
    commits = together("outbox", "data:export:accepted")
    fail(world, export.export, Namespace(person=RPPS, stdout=True), commits)


def test_charter_is_published_with_its_audit_event(world: World, tmp_path: Path) -> None:
    text = tmp_path / "charter.md"
    text.write_text("# Charte\n" + "mot " * 50)
    options = Namespace(charter="house", revision="2026-9", fr=text, en=None, day=None, yes=True)
    commits = together("charter_revisions", "charter:publish:accepted")
    fail(world, publishing.publish, options, commits)


def test_no_authority_is_trusted_without_its_audit_event(world: World, tmp_path: Path) -> None:
    place_igc(tmp_path / "igc")
    directory, files = tmp_path / "trust", sorted((tmp_path / "igc" / "ca").glob("*.pem"))
    settings = changed(world.house.settings, card_accept_test_cards=True, card_trust_directory=directory)
    tables = Tables.of(world.house.settings)

    def act() -> int | None:
        for file in directory.glob("*"):
            file.unlink()
        with suppress(StoreUnavailable):
            return trust.add(settings, Namespace(files=files))
        return None

    for at, status, left in failures(tables, act, (together("trust:add:accepted"),), world.faults):
        assert (status == 0, bool(left)) == (bool(list(directory.glob("*"))),) * 2, at
    tables.put_back()
