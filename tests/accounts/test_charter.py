"""Revisions of the charter and when one is due."""

import hashlib

from idp.accounts.charter import CharterRevision, is_charter_due
from tests.fakes import NOON
from tests.people import an_account

REVISION = CharterRevision("2026-1", NOON, {"fr": "# Charte « é »", "en": "# Charter"})


def test_the_text_is_in_the_language_of_the_reader_and_french_otherwise() -> None:
    assert REVISION.text("en") == "# Charter"
    assert REVISION.text("de") == REVISION.text("fr") == "# Charte « é »"


def test_the_evidence_is_the_sha256_of_the_text_that_was_shown() -> None:
    assert REVISION.sha256("en") == hashlib.sha256(b"# Charter").hexdigest()
    assert REVISION.sha256("de") == hashlib.sha256("# Charte « é »".encode()).hexdigest()


def test_the_charter_is_due_until_this_very_revision_was_accepted() -> None:
    assert is_charter_due(an_account(), REVISION)
    assert is_charter_due(an_account(charter_revision="2026-0"), REVISION)
    assert is_charter_due(an_account(charter_revision="2026-1 "), REVISION)
    assert not is_charter_due(an_account(charter_revision="2026-1"), REVISION)
