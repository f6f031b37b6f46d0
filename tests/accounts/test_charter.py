"""Revisions of the charter and when one is due."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from idp.accounts.charter import CharterRevision, RevisionAnnounced, is_charter_name
from tests.fakes import NOON

REVISION = CharterRevision(
    revision="2026-1", published_at=NOON, texts={"fr": "# Charte « é »", "en": "# Charter"}
)


def test_the_text_is_in_the_language_of_the_reader_and_french_otherwise() -> None:
    assert REVISION.text("en") == "# Charter"
    assert REVISION.text("de") == REVISION.text("fr") == "# Charte « é »"


def test_the_evidence_is_the_sha256_of_the_text_that_was_shown() -> None:
    assert REVISION.sha256("en") == hashlib.sha256(b"# Charter").hexdigest()
    assert REVISION.sha256("de") == hashlib.sha256("# Charte « é »".encode()).hexdigest()


def test_a_revision_is_announced_until_its_day_begins() -> None:
    later = replace(REVISION, due_from=NOON)
    assert later.announced_for(NOON - timedelta(microseconds=1)) == NOON
    assert later.announced_for(NOON) is None
    assert REVISION.announced_for(NOON) is None


def test_what_stands_in_the_way_of_another_revision_names_the_one_announced() -> None:
    refusal = RevisionAnnounced(REVISION)
    assert (str(refusal), refusal.announced) == ("2026-1", REVISION)


@pytest.mark.parametrize("name", ["house", "a", "0", "via-trajectoire-2", "a" * 40])
def test_names_of_charters(name: str) -> None:
    assert is_charter_name(name)


@pytest.mark.parametrize("name", ["", "A", "é", "a b", "-a", "a\n", "a_b", "a" * 41, "٣"])
def test_what_is_no_name_of_a_charter(name: str) -> None:
    assert not is_charter_name(name)
