"""`idp init DIRECTORY`: a new installation, from nothing to what `idp serve` needs, in files of one directory.

Contains which files it makes, and what the operator does next. What is there is kept as it is, so the command may be
given again after a fault. Not here: the database and the keys (`cli/db`, `cli/keys`), of which it gives the commands.
"""

import argparse
import secrets
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from idp.adapters.key_files.directory import WHERE_THE_PRESENT_IS
from idp.cli.audited import told_in_audit
from idp.cli.db import database
from idp.cli.keys import command as keys
from idp.cli.new_file import new_file
from idp.settings import (
    BadSetting,
    Settings,
    read_settings,
    read_settings_file,
    settings_file,
    settings_from_environment,
)

_SECRETS = {"APPLICATION_KEY": "application-key", "PASSWORD_PEPPER": "password-pepper"}
_CLIENTS = """\
# The relying parties: docs/relying-party.md has each member; `idp clients check` reads this file as the server does.
clients: []
"""
_SETTINGS = """\
# The settings of this installation. Every name, its unit and default: docs/settings.md; what is in force:
# `idp --settings {path} settings show`. A secret may be in a file of its own: CADUCEE_NAME_FILE=/its/path.
{given}
# How many proxies of yours stand in front, each of which writes X-Forwarded-For: 0, nobody.
#CADUCEE_TRUSTED_PROXY_HOPS=1
# Mail.
#CADUCEE_SMTP_HOST=relay.example
#CADUCEE_MAIL_SENDER=caducee@id.example
# Pro Santé Connect, once it has registered us.
#CADUCEE_PSC_ENVIRONMENT=production
#CADUCEE_PSC_CLIENT_ID=
#CADUCEE_PSC_CLIENT_SECRET_FILE=
# Revocation of cards.
CADUCEE_CARD_OCSP_URL=http://ocsp.esante.gouv.fr
CADUCEE_CARD_CRL_URLS=http://igc-sante.esante.gouv.fr/CRL/ACI-FO-PP.crl
CADUCEE_CARD_ROOT_CRL_URLS=http://igc-sante.esante.gouv.fr/CRL/ACR-FO.crl
"""
_NEXT = """\
next:
    idp {settings} trust add FILE…                              the authorities of cards (IGC-Santé)
    idp {settings} charter publish --revision 1 --fr FILE       the terms of use
    idp {settings} clients check                                once {clients} names your applications
    idp {settings} settings show                                what is in force, and from where
    idp {settings} serve                                        behind your proxy (docs/install.md)"""


def _make_directory(path: Path) -> None:
    if not path.is_dir():
        path.mkdir(mode=0o700, parents=True)
        print(f"made  {path}")


def _make_file(path: Path, text: str) -> None:
    """Unless it is there. Mode 0600, from its first instant; half a file is none, or it would be kept the next time."""
    try:
        with new_file(path) as file:
            file.write(text)
    except FileExistsError:
        print(f"kept  {path}")
        return
    print(f"made  {path}")


def init(options: argparse.Namespace) -> int:
    """Without a directory it is `idp db init`, whose former name it is.

    Raises BadSetting, BadSettingsFile, OSError, and what opening the database raises.
    """
    if options.place is None:
        return _database_alone(options)
    place = options.place.absolute()
    conf = place / "caducee.conf"
    if not conf.exists():
        _write_settings(conf, _least(place, (options.state or place).absolute(), options))
    else:
        print(f"kept  {conf}")
    settings = read_settings(read_settings_file(conf).values)
    with told_in_audit(settings, options.operator):
        _make_stores(settings)
    print(_NEXT.format(settings=f"--settings {shlex.quote(str(conf))}", clients=settings.where.clients_file))
    return 0


def _database_alone(options: argparse.Namespace) -> int:
    try:
        settings = settings_from_environment()
    except BadSetting:
        print("idp: for a new installation name its directory: `idp init DIRECTORY …`", file=sys.stderr)
        raise
    with told_in_audit(settings, options.operator):
        return database.init(settings, options)


def _least(place: Path, state: Path, options: argparse.Namespace) -> Mapping[str, str]:
    """Returns the least of settings, with the paths of this installation, without the secrets."""
    given = {
        "ISSUER": options.issuer,
        "CARD_HOST": options.card_host,
        "DATABASE": options.database or f"sqlite:///{state / 'caducee.sqlite'}",
        "REDIS": options.redis,
        "CLIENTS_FILE": str(place / "clients.yaml"),
        "KEYS_DIRECTORY": str(state / "keys"),
        "CARD_TRUST_DIRECTORY": str(state / "trust"),
    }
    return {f"CADUCEE_{name}": value for name, value in given.items() if value}


def _write_settings(conf: Path, least: Mapping[str, str]) -> None:
    """Raises BadSetting, BadSettingsFile, before anything is written."""
    made = {name: secrets.token_urlsafe(32) for name in _SECRETS}
    read_settings({**least, **{f"CADUCEE_{name}": value for name, value in made.items()}})
    place = conf.parent
    paths = {name: place / "secrets" / file for name, file in _SECRETS.items()}
    given = {**least, **{f"CADUCEE_{name}_FILE": path for name, path in paths.items()}}
    text = _SETTINGS.format(path=conf, given="\n".join(f"{name}={value}" for name, value in given.items()))
    settings_file(conf, text)
    for directory in (place, place / "secrets"):
        _make_directory(directory)
    for name, path in paths.items():
        _make_file(path, f"{made[name]}\n")
    _make_file(place / "clients.yaml", _CLIENTS)
    # The last one: whoever finds it finds all that it names.
    _make_file(conf, text)


def _make_stores(settings: Settings) -> None:
    directory = settings.keys.directory
    for path in (directory, settings.card.trust_directory):
        _make_directory(path)
    database.init(settings, argparse.Namespace())
    if any(directory.glob("*.pem")):
        print(f"kept  the keys of {directory}")
    else:
        keys.generate(settings, argparse.Namespace(place=WHERE_THE_PRESENT_IS))
