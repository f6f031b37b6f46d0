"""Which build of argon2 a process computes with, and that making one fails no install."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import _cffi_backend
import pytest

from idp.accounts.argon2id import Cost
from idp.adapters.argon2.builds import (
    FLAGS,
    WHEEL,
    Build,
    WrongAnswer,
    choose,
    file_of,
    require_known_answer,
    wheel,
)
from idp.adapters.argon2.compare import main as compare

ROOT = Path(__file__).parents[3]
FLAG = FLAGS.get(platform.machine(), "")
pytestmark = pytest.mark.skipif(not FLAG, reason="there is no build for this kind of machine")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a build, which here is the wheel's own library."""
    made = file_of(tmp_path / "made", FLAG)
    made.parent.mkdir()
    shutil.copy(wheel(), made)
    return made.parent


@pytest.fixture
def cpuinfo(tmp_path: Path) -> Path:
    file = tmp_path / "cpuinfo"
    file.write_text(f"processor\t: 0\nflags\t\t: fpu sse2 {FLAG} xsave\n\nprocessor\t: 1\n")
    return file


def chosen(folder: Path, cpuinfo: Path) -> Build:
    choose.cache_clear()
    try:
        return choose(folder, cpuinfo)
    finally:
        choose.cache_clear()


def test_a_build_whose_instructions_this_processor_has_is_used(folder: Path, cpuinfo: Path) -> None:
    build = chosen(folder, cpuinfo)
    assert (build.name, build.reason) == (FLAG, "")


def test_one_that_came_from_another_machine_is_not_run(folder: Path, cpuinfo: Path) -> None:
    """An illegal instruction would end the process, at the first sign-in."""
    cpuinfo.write_text(f"flags\t\t: fpu sse2 not{FLAG}\n")
    build = chosen(folder, cpuinfo)
    assert (build.name, build.reason) == (
        WHEEL,
        f"the one that is here needs {FLAG}, which this processor lacks",
    )


def test_where_the_processor_does_not_show_itself_the_wheel_serves(folder: Path, tmp_path: Path) -> None:
    assert chosen(folder, tmp_path / "absent").name == WHEEL


def test_without_a_build_the_wheel_serves(tmp_path: Path, cpuinfo: Path) -> None:
    build = chosen(tmp_path, cpuinfo)
    assert (build.name, build.reason) == (WHEEL, "none was made for this processor")


@pytest.mark.parametrize("broken", ["garbage", "another library", "cut short"])
def test_a_build_that_cannot_be_used_is_not(folder: Path, cpuinfo: Path, broken: str) -> None:
    made = file_of(folder, FLAG)
    made.unlink()
    octets = {
        "garbage": b"argon2",
        "another library": Path(_cffi_backend.__file__).read_bytes(),
        "cut short": wheel().read_bytes()[:100],
    }
    made.write_bytes(octets[broken])
    build = chosen(folder, cpuinfo)
    assert build.name == WHEEL
    assert build.reason.startswith("the one that is here cannot be used: ")


def test_a_wrong_answer_is_found_before_any_password_is_compared() -> None:
    class Wrong:
        def digest(self, secret: bytes, salt: bytes, cost: Cost, length: int) -> bytes:
            return b"?" * length

    with pytest.raises(WrongAnswer):
        require_known_answer(Wrong())


def test_a_build_is_compared_with_the_wheel() -> None:
    assert compare(str(wheel())) == 0


def run_script(directory: Path, **environment: str) -> str:
    """What `.ci/argon2` says of an environment with nothing in it; it never fails."""
    ended = subprocess.run(
        [str(ROOT / ".ci" / "argon2"), str(directory), str(ROOT / "requirements.lock")],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


def test_making_one_fails_no_install_and_says_so_in_a_line(tmp_path: Path) -> None:
    said = run_script(tmp_path, CC="/nonexistent/cc")
    assert re.fullmatch(r"argon2: the library of the wheel computes \(.*\): .*\n", said)
    assert not (tmp_path / "lib").exists()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-demo.lock", "requirements-test.lock"])
def test_the_source_that_is_built_is_locked_and_the_one_that_was_read(lock: str) -> None:
    """Of another version: read its CMakeLists.txt beside .ci/argon2-build, then change the numbers here."""
    locked = re.search(
        r"^argon2-cffi-bindings==(\S+) \\\n((?:    --hash=\S+ ?\\?\n)+)", (ROOT / lock).read_text(), re.M
    )
    assert locked is not None
    assert locked[1] == "26.2.0"
    assert "sha256:f21ab89bb9850f32b9ca038d9961424bb0d3669d579cbbbfed068cffa6fc0643" in locked[2]
