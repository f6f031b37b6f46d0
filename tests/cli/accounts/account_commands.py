"""`idp accounts …` on a provider in this process, as `main` gives it: options read, faults told in a line."""

import argparse
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from idp.accounts.account import Account
from idp.adapters.sql.schema import outbox
from idp.cli.accounts import email, ended, export, opening, seen
from idp.cli.accounts.options import add_accounts
from idp.cli.told import tell
from idp.core.sealing import Sealer, derive_key
from idp.settings import Settings
from tests.people import BOB, an_account, an_identity
from tests.provider import RP, Provider

OTHER, NOBODY = "10000000025", "10000000033"
Command = Callable[[Settings, argparse.Namespace], int]
COMMANDS: dict[str, Command] = {
    "find": seen.find,
    "show": seen.show,
    "sessions": seen.sessions,
    "sign-out": ended.sign_out,
    "erase": ended.erase,
    "set-email": email.set_email,
    "export": export.export,
    "enable": opening.enable,
    "disable": opening.disable,
}


def a_house(app_factory: Callable[..., Provider], **settings: Any) -> Provider:
    """With two people, and an application that hears of sign-outs."""
    made = app_factory(**settings).register(
        RP,
        backchannel_logout_uri="https://trajectoire.example/back",
        grant_types="[authorization_code, refresh_token]",
    )
    made.accounts.add(other())
    return made


def other() -> Account:
    identity = an_identity(rpps=OTHER, family_name="ŒUVRARD-LE GALL", given_name="Hélène")
    return an_account(id=BOB, subject="sub-of-helene", email="Hélène@hopital.example", identity=identity)


def parsed(name: str, *options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    actions = parser.add_subparsers()
    add_accounts(lambda path, run, help_text: actions.add_parser(path.partition(" ")[2], help=help_text))
    return parser.parse_args([name, *options])


def run(house: Provider, name: str, *options: str) -> int:
    """As `main` does, with the settings of this house."""
    try:
        return COMMANDS[name](house.settings, parsed(name, *options))
    except Exception as error:
        status = tell(error)
        if status is None:
            raise
        return status


def told(house: Provider, capsys: pytest.CaptureFixture[str], name: str, *options: str) -> str:
    capsys.readouterr()
    assert run(house, name, *options) == 0
    return capsys.readouterr().out


def newest_mail(house: Provider) -> str:
    newest = sa.select(outbox.c.text).order_by(outbox.c.id.desc()).limit(1)
    with house.database.connect() as connection:
        sealed = connection.execute(newest).scalar_one()
    return Sealer(derive_key(house.settings.keys.application, "seal")).open(sealed) or ""
