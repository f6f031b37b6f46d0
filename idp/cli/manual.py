"""Contains `idp man` and `idp completion`: what is made of all commands together. Not here: a command's own words."""

import argparse
from collections.abc import Iterator
from functools import partial
from importlib import import_module

from idp import __version__
from idp.cli.main import __doc__ as statuses
from idp.cli.main import build_parser
from idp.cli.shape import CommandParser

_WIDTH = 78
_ENDS = """\
.SH ENVIRONMENT
\\fBCADUCEE_\\fIName\\fR: the settings; \\fBidp settings show\\fR prints what is in force, and from where.
.SH EXIT STATUS
{statuses}
.SH SEE ALSO
systemd.exec(5), for \\fIEnvironmentFile\\fR, whose lines \\fB\\-\\-settings\\fR reads.
"""


def completion(options: argparse.Namespace) -> int:
    """Print the script of a shell."""
    # Imported only here: nothing else needs it.
    print(import_module("shtab").complete(build_parser(), shell=options.shell))
    return 0


def man(options: argparse.Namespace) -> int:
    """Print the manual page, as roff."""
    print("\n".join(_page(build_parser())))
    return 0


def _page(parser: CommandParser) -> Iterator[str]:
    yield f'.TH IDP 1 "" "Caducée {__version__}" "Commands of an operator"'
    yield f".SH NAME\nidp \\- {_roff(str(parser.description))}"
    yield ".SH SYNOPSIS"
    yield from _verbatim(_wide(parser).format_usage())
    yield ".SH COMMANDS"
    for path, command in parser.commands.items():
        yield f".SS idp {_roff(path)}"
        yield from _verbatim(_wide(command).format_help())
    first = str(statuses).partition("Exit codes: ")[2].partition("\n\n")[0]
    yield _ENDS.format(statuses=_roff(" ".join(first.split())))


def _wide(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Returns it with lines of one length, whatever the terminal of who makes the page."""
    parser.formatter_class = partial(argparse.RawDescriptionHelpFormatter, width=_WIDTH)
    return parser


def _verbatim(text: str) -> Iterator[str]:
    yield ".nf"
    yield from (_roff(line) for line in text.rstrip().splitlines())
    yield ".fi"


def _roff(text: str) -> str:
    """Returns text that roff shows as it is. A line that begins with one of its signs would be a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
