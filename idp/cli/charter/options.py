"""Contains the options of `idp charter`. Not here: what the commands do."""

import argparse
from collections.abc import Callable
from pathlib import Path

from idp.cli.asking import add_yes
from idp.cli.times import typed_day

_LANGUAGES = ("fr", "en")


def add_charter(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    publish = add(
        "charter publish", "charter.publishing.publish", "publish a revision: due again for all concerned"
    )
    _add_charter_name(publish)
    publish.add_argument("--revision", required=True, metavar="NAME")
    _add_texts(publish, is_required=True)
    _add_day(publish, "announce it: due from that day on, and until then « Plus tard »")
    add_yes(publish)
    withdraw = add(
        "charter withdraw",
        "charter.publishing.withdraw",
        "take back a revision: the one before it comes back, as a new one",
    )
    withdraw.add_argument("revision", metavar="REVISION", help="in force, or announced")
    _add_charter_name(withdraw)
    withdraw.add_argument("--as", dest="name", metavar="NAME", default="", help="name of the new one")
    add_yes(withdraw)
    listing = add(
        "charter list", "charter.listing.list_revisions", "all revisions, and how many accepted each"
    )
    show = add("charter show", "charter.listing.show", "the text of a revision")
    status = add(
        "charter status", "charter.listing.status", "how many accepted what is in force, how many are left"
    )
    show.add_argument("revision", metavar="REVISION", nargs="?", help="default: the newest")
    show.add_argument("--lang", choices=_LANGUAGES, default="fr")
    for command in (listing, show, status):
        _add_charter_name(command)
        command.add_argument("--json", action="store_true", help="as JSON")
    preview = add("charter preview", "charter.preview.preview", "the page that a person will see, as HTML")
    _add_charter_name(preview)
    preview.add_argument("--revision", metavar="NAME", default="", help="default: the newest")
    _add_texts(preview, is_required=False)
    _add_day(preview, "as announced for that day")
    preview.add_argument("--lang", choices=_LANGUAGES, default="fr")
    preview.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")


def _add_charter_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--charter", type=_charter_name, metavar="CHARTER", help="default: the one of the house"
    )


def _add_texts(parser: argparse.ArgumentParser, *, is_required: bool) -> None:
    parser.add_argument(
        "--fr",
        type=Path,
        required=is_required,
        metavar="FILE",
        help="Markdown text that binds; its front matter may tell what changed",
    )
    parser.add_argument("--en", type=Path, metavar="FILE", help="English translation")


def _add_day(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--from", dest="day", type=typed_day, metavar="DATE", help=f"{text} (2026-12-15)")


def _charter_name(text: str) -> str:
    from idp.accounts.charter import is_charter_name

    if not is_charter_name(text):
        raise argparse.ArgumentTypeError("1 to 40 small letters, digits and dashes")
    return text
