"""What is made of all commands together: examples, the manual page, completion, the version."""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from idp import __version__
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.cli.examples import EXAMPLES
from idp.cli.main import build_parser, main
from tests.commands import ROOT
from tests.limits import within

COMMANDS = build_parser().commands


def test_every_command_has_an_example_and_no_other_has() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()


@pytest.mark.parametrize(
    ("command", "line"), [(command, line) for command, lines in EXAMPLES.items() for line in lines]
)
def test_an_example_is_one_of_its_command(command: str, line: str) -> None:
    """As a shell would part it: what follows `>` and `|` is not the command's."""
    given = re.split(r"\s(?:\||>|&&)\s", line)
    words = [shlex.split(part)[1:] for part in given if part.startswith("idp ")]
    runs = [build_parser().parse_args(_without_files(one)).run for one in words]
    assert COMMANDS[command].get_default("run") == runs[-1]
    assert line in COMMANDS[command].format_help()


def _without_files(words: list[str]) -> list[str]:
    """Without the file of settings, which is read at once, and is not here."""
    return words[2:] if words[0] == "--settings" else words


def test_every_help_says_what_the_command_does() -> None:
    assert [path for path, command in COMMANDS.items() if not command.description] == []


def test_the_version_names_the_release_and_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    told = f"caducee {__version__}, schema {SCHEMA_REVISION}, Python {platform.python_version()}\n"
    assert capsys.readouterr().out == told
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_the_manual_page_has_every_command_and_roff_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["man"]) == 0
    page = capsys.readouterr().out
    for path in COMMANDS:
        assert f".SS idp {path}\n".replace("-", "\\-") in page
    requests = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".SS", ".nf", ".fi"}
    groff = shutil.which("groff")
    if groff is not None:  # else what matters most is read above
        shown = subprocess.run(
            [groff, "-man", "-Tutf8", "-Kutf8", "-ww"], input=page, capture_output=True, text=True, check=True
        )
        assert "warning" not in shown.stderr.replace("can't break line", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in {word for path in COMMANDS for word in path.split()}:
        assert word in script


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("idp keys ro", "rotate"), ("idp keys rotate --al", "--alg"), ("idp --oper", "--operator")],
)
def test_bash_completes(typed: str, offered: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["completion", "bash"])
    words = typed.split()
    script = f"""{capsys.readouterr().out}
COMP_WORDS=({" ".join(words)}) COMP_CWORD={len(words) - 1}
_shtab_idp idp "{words[-1]}"
echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert offered in done.stdout.split()


def test_a_reader_that_has_read_enough_is_no_fault() -> None:
    """As `idp settings show | head -1`: nothing on the error stream, and the status of whoever SIGPIPE ended."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "idp.cli", "man"]
    with open(writer, "wb") as gone:
        ran = subprocess.run(command, cwd=ROOT, stdout=gone, stderr=subprocess.PIPE, timeout=within(60))
    assert (ran.returncode, ran.stderr) == (141, b"")
