"""A name that the terminal cannot show costs the operator no answer."""

import io
import sys
from pathlib import Path

import pytest

from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database
from idp.cli.main import main
from tests.commands import set_environment
from tests.made_once import place_database
from tests.people import ALICE_RPPS, an_account, an_identity


def test_a_name_in_letters_that_the_terminal_lacks_is_shown_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = place_database(tmp_path / "db.sqlite")
    set_environment(monkeypatch, DATABASE=url)
    database = open_database(url)
    identity = an_identity(family_name="\u02bbOPUNUI", given_name="\u0141UCJA")
    SqlAccounts(database).add(an_account(identity=identity))
    database.dispose()
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252"))
    # Pasted as a web page writes it.
    assert main(["accounts", "show", f"8\u202f{ALICE_RPPS[:5]}\u00ad{ALICE_RPPS[5:]}\u200b"]) == 0
    sys.stdout.flush()
    assert written.getvalue().decode("cp1252").startswith("\\u0141UCJA \\u02bbOPUNUI, enabled")
