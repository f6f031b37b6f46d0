"""The wheel holds all that runs, and what an installation needs beside it."""

import zipfile

import pytest

from idp import __version__
from tests.commands import ROOT
from tests.house.test_repository import tracked
from tests.wheel import wheel

_MIGRATIONS = "idp/adapters/sql/migrations"


@pytest.fixture(scope="module")
def held() -> frozenset[str]:
    with zipfile.ZipFile(wheel()) as archive:
        return frozenset(archive.namelist())


def test_every_file_of_the_provider_is_in_it(held: frozenset[str]) -> None:
    ours = {str(path.relative_to(ROOT)) for path in tracked() if path.is_relative_to(ROOT / "idp")}
    assert ours - held == set()


def test_every_migration_is_in_it(held: frozenset[str]) -> None:
    ours = {path.name for path in (ROOT / "migrations" / "versions").glob("*.py")}
    assert {f"{_MIGRATIONS}/env.py", *(f"{_MIGRATIONS}/versions/{name}" for name in ours)} <= held


@pytest.mark.parametrize(
    "pattern", ["charters/*.md", "deploy/systemd/*", "docs/nginx-*.conf", "deploy/nginx/*/*"]
)
def test_what_an_installation_needs_beside_it_is_in_share(pattern: str, held: frozenset[str]) -> None:
    shared = {name.rpartition("/")[2] for name in held if "/share/caducee/" in name}
    files = {path.name for path in ROOT.glob(pattern)}
    assert files
    assert files <= shared


def test_nothing_of_the_tests_nor_of_the_sandbox_is_in_it(held: frozenset[str]) -> None:
    assert {name.partition("/")[0].partition("-")[0] for name in held} == {"idp", "caducee"}


def test_its_version_is_that_of_the_code() -> None:
    assert wheel().name == f"caducee-{__version__}-py3-none-any.whl"
