"""What the repository may hold: no secret, no address of one machine, modules that say what they are."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from idp.interaction.stop import Stop
from tests.house.reading import ROOT, modules

#: Longer than 250 lines, each with its reason.
LONG_WITH_REASON = {
    "idp/core/audit.py": "one flat table of what an audit trail may say, each event with its sentence"
}
_LONGEST = 250


@cache
def tracked() -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return tuple(ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file())


@cache
def texts() -> dict[Path, str]:
    found = {}
    for path in tracked():
        try:
            found[path] = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
    return found


def offenders(pattern: str, *, but: frozenset[str] = frozenset()) -> list[str]:
    rule = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}: {found[0][:60]}"
        for path, text in texts().items()
        if str(path.relative_to(ROOT)) not in but and (found := rule.search(text))
    ]


def test_the_scan_sees_the_repository() -> None:
    assert ROOT / "idp" / "app.py" in texts()
    assert len(texts()) > 200


def test_no_file_names_a_package_index() -> None:
    hosts = "|".join(
        ("files" + r"\.pythonhosted", r"pypi\.org/simple", "(?<!emit-)index" + "-url", "trusted" + "-host")
    )
    assert offenders(rf"(?i)\b({hosts})") == []


def test_no_file_holds_a_private_key() -> None:
    pem, jwk = (
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}",
        r"\"(d|dp|qi)\"\s*:\s*\"[A-Za-z0-9_-]{40}",
    )
    assert offenders(f"{pem}|{jwk}") == []


def test_no_file_names_a_directory_of_one_machine() -> None:
    places = "|".join(
        ("/wo" + "rk/", "/ho" + "me/[a-z]", "/Us" + "ers/[A-Za-z]", "/ro" + r"ot/(?!\.)", r"\.\./sha" + "red")
    )
    assert offenders(rf"(?<![\w.])({places})") == []


def test_no_private_key_is_committed() -> None:
    assert (
        offenders("-----BEGIN (RSA |EC |ENCRYPTED |OPENSSH )?PRIVATE " + "KEY-----\n[A-Za-z0-9+/=\n]{60}")
        == []
    )


@pytest.mark.parametrize("suffix", [".pem", ".key", ".p12", ".pfx", ".sqlite", ".db", ".env", ".log"])
def test_no_file_of_a_secret_kind_is_committed(suffix: str) -> None:
    assert [str(path.relative_to(ROOT)) for path in tracked() if path.name.endswith(suffix)] == []


def test_the_keys_directory_holds_its_notice_only() -> None:
    assert [path.name for path in tracked() if path.parent == ROOT / "keys"] == ["README.md"]


MODULES = [m for package in ("idp", "sandbox") for m in modules(package) if m.path.name != "__main__.py"]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_opens_with_its_doorplate(module: object) -> None:
    plate = ast.get_docstring(module.tree)  # type: ignore[attr-defined]
    assert plate
    assert len(plate.splitlines()[0]) > 10
    assert plate[0].isupper() or plate[0] in "`/«" or plate[0].isalpha()


def test_a_module_that_grows_beyond_250_lines_asks_for_a_door() -> None:
    long = {
        str(m.path.relative_to(ROOT))
        for m in MODULES
        if len(m.path.read_text("utf-8").splitlines()) > _LONGEST
    }
    assert long <= set(LONG_WITH_REASON)


def test_a_flow_stays_within_its_page() -> None:
    for module in MODULES:
        if module.room == "flows":
            assert len(module.path.read_text("utf-8").splitlines()) <= 165, module.name


def test_no_name_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "data", "info", "manager", "misc", "common"}
    assert [m.name for m in MODULES if empty & set(m.name.split("."))] == []


def test_every_stop_has_its_flow_and_its_template() -> None:
    wanted = {f"flows/{stop}.py" for stop in Stop} | {f"templates/{stop}.html" for stop in Stop}
    assert {name for name in wanted if not (ROOT / "idp" / name).is_file()} == set()


def test_no_tracked_file_is_ignored() -> None:
    command = ["git", "ls-files", "-i", "-c", "--exclude-standard"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout == b""


def test_every_flow_with_a_page_has_its_template() -> None:
    templates = {path.stem for path in (ROOT / "idp" / "templates").glob("*.html")}
    without_page = {"more_time", "psc_leave", "psc_picture", "__init__"}
    flows = {m.path.stem for m in MODULES if m.name.count(".") == 2 and m.room == "flows"} - without_page
    assert flows <= templates
