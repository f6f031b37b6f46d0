"""Contains what an operator may type for an installation: `idp init`, `idp settings`, what every command takes.

Not here: what these commands do (`init`, `settings`), their examples (`cli/examples`).
"""

import argparse
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp import __version__
from idp.cli.listing import add_json

if TYPE_CHECKING:
    from idp.settings import SettingsFile

INSTALL_GROUPS = {"settings": "the settings"}


def add_install(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    init = add(
        "init", "install.init.init", "make a new installation: settings, secrets, database, signing keys"
    )
    init.set_defaults(needs_settings=False)
    init.add_argument(
        "place",
        metavar="DIRECTORY",
        type=Path,
        nargs="?",
        help="where its files go; what is there stays. Without it: `idp db init`, whose former name this is",
    )
    init.add_argument("--issuer", default="", metavar="URL", help="the https origin of the provider")
    init.add_argument(
        "--card-host", default="", metavar="URL", help="the https origin that asks for the card"
    )
    init.add_argument(
        "--database", default="", metavar="URL", help="postgresql://…; default: SQLite, in the directory"
    )
    init.add_argument("--redis", default="", metavar="URL", help="redis://…; default: the database")
    init.add_argument(
        "--state",
        type=Path,
        metavar="DIRECTORY",
        help="where the database, the signing keys and the authorities go; default: the same",
    )
    show = add("settings show", "install.settings.show", "every setting in force, and where it comes from")
    show.set_defaults(needs_settings=False)
    show.add_argument("--changed", action="store_true", help="only those that are not the default")
    add_json(show)
    man = add("man", "manual.man", "the manual page, for man(1)")
    man.set_defaults(needs_settings=False)
    completion = add(
        "completion", "manual.completion", "the commands and options, for the Tab key of a shell"
    )
    completion.set_defaults(needs_settings=False)
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))


def add_to_all(parser: argparse.ArgumentParser) -> None:
    """Add what stands before any command."""
    parser.add_argument("--version", action=_Version, nargs=0, help="what is installed")
    parser.add_argument(
        "--settings",
        type=_settings_file,
        metavar="FILE",
        dest="settings_file",
        help="NAME=value lines, which count where the environment says nothing",
    )


class _Version(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        # Imported only then: it loads SQLAlchemy.
        from idp.adapters.sql.schema import SCHEMA_REVISION

        print(f"caducee {__version__}, schema {SCHEMA_REVISION}, Python {platform.python_version()}")
        parser.exit()


def _settings_file(text: str) -> "SettingsFile":
    from idp.settings import BadSettingsFile, read_settings_file

    try:
        return read_settings_file(Path(text))
    except BadSettingsFile as error:
        raise argparse.ArgumentTypeError(str(error)) from None
