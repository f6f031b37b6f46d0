"""The pages are whole and say what is true, in a tenth of a second: `make relying-parties` signs in by each."""

import json
import re
from pathlib import Path

import pytest
import yaml

from idp.clients.registry import read_clients
from tests.relying_parties.environment import LOCKS
from tests.relying_parties.page import Page, PageFault, read_page
from tests.relying_parties.run import Attempt
from tests.relying_parties.table import BEGIN, END, PAGES, table

_REGISTRATION = re.compile(r"^```yaml clients\.d/\S+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATHS = sorted(path for path in PAGES.glob("*.md") if path.stem != "README")
TRIED = [path for path in PATHS if "```sh run" in path.read_text("utf-8")]
OF_THE_SYSTEM = {"lemonldap-ng", "mod-auth-openidc", "oidc-agent"}
"""From Debian packages, without a lock."""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_registration_of_a_page_is_taken_as_it_stands(path: Path, tmp_path: Path) -> None:
    for text in _REGISTRATION.findall(path.read_text("utf-8")):
        client = yaml.safe_load(text)["clients"][0]
        if "client_secret" in client:
            secret = tmp_path / client["client_secret"]["file"]
            secret.write_text("0123456789abcdef" * 4)
            secret.chmod(0o600)
        file = tmp_path / "clients.yaml"
        file.write_text(text, "utf-8")
        assert list(read_clients(file)) == [client["client_id"]]


def test_every_page_that_is_tried_has_what_is_copied_and_a_lock() -> None:
    pages = [read_page(path) for path in TRIED]
    assert len({page.client_id for page in pages}) == len({page.origin for page in pages}) == len(pages) >= 16
    locked = {entry.name.removesuffix(".txt") for entry in LOCKS.iterdir()}
    assert locked == {page.name for page in pages} - OF_THE_SYSTEM


def test_the_versions_of_the_pages_are_those_of_the_locks() -> None:
    for page in map(read_page, TRIED):
        if page.name in OF_THE_SYSTEM:
            continue
        for name, version in re.findall(r"([@\w./-]*[A-Za-z][\w./-]*) (\d+(?:\.\d+)?)", page.versions):
            assert _locked(page, name.lower()).startswith(f"{version}."), (page.name, name)


def _locked(page: Page, package: str) -> str:
    text = (LOCKS / f"{page.name}.txt").read_text() if (LOCKS / f"{page.name}.txt").exists() else ""
    if found := re.search(rf"^{re.escape(package)}==(\S+)", text, re.MULTILINE):
        return found[1]
    lock = json.loads((LOCKS / page.name / "package-lock.json").read_text())
    return str(lock["packages"][f"node_modules/{package}"]["version"])


def test_the_table_names_every_page_that_is_tried_and_all_signed_in() -> None:
    told = (PAGES / "README.md").read_text("utf-8").partition(BEGIN)[2].partition(END)[0].strip()
    assert told == table([Attempt(read_page(path), None) for path in TRIED])


def test_the_pages_are_all_named_in_their_overview() -> None:
    overview = (PAGES / "README.md").read_text("utf-8")
    assert [path.name for path in PATHS if f"({path.name})" not in overview] == []


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        ("Open <http", "no « Open <…> » line"),
        ("Needs:", "no « Needs: … » line"),
        ("Run with:", "no « Run with: … » line"),
        ("```sh run", "no block « sh run »"),
        ("```yaml clients.d", "no block of clients.d"),
    ],
)
def test_a_page_that_lacks_something_says_what(left_out: str, told: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(TRIED[0].read_text("utf-8").replace(left_out, "…"), "utf-8")
    with pytest.raises(PageFault, match=re.escape(f"page.md: {told}")):
        read_page(page)


def test_an_attempt_that_failed_is_told_in_the_table() -> None:
    page = read_page(TRIED[0])
    assert "0 of 1 signed" in table([Attempt(page, "no")])
    assert "| **no** |" in table([Attempt(page, "no")])
