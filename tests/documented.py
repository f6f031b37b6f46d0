"""The commands of a page of the documentation, run as they stand there.

A block marked `sh` is run by bash, line by line of the page; a comment `# ends with status N` at the end of a line says
how it ends. `idp` is this working copy's.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.commands import ROOT, environment, place_program
from tests.limits import within

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ENDS = re.compile(r"\s+# ends with status ([0-9]+)$")


def commands_of(page: str) -> Iterator[tuple[str, int]]:
    """Each line with the status it ends with."""
    for block in _BLOCK.findall((ROOT / page).read_text()):
        for line in block.splitlines():
            said = _ENDS.search(line)
            yield _ENDS.sub("", line), int(said[1]) if said else 0


def run(line: str, place: Path, settings: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """One line, in a shell of its own, with these settings of the service and these variables of the page."""
    program = place / "bin" / "idp"
    program.parent.mkdir(exist_ok=True)
    server = place_program(program)
    variables = {name: value for name, value in settings.items() if name.startswith("$")}
    told = {name: value for name, value in settings.items() if name not in variables}
    env = environment(**told) | {name[1:]: value for name, value in variables.items()}
    # Files, as the commands of the other tests write to: no pipe that a forked interpreter takes for one.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        ended = subprocess.run(
            ["bash", "-c", line],
            env=env | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"},
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            pass_fds=(server,),
            timeout=within(60),
            check=False,
        )
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(line, ended.returncode, out.read(), err.read())
