"""Revisions of the charter and when one is due."""

import hashlib
from dataclasses import dataclass

import pytest

from idp.accounts.charter import (
    HOUSE,
    CharterEvidence,
    CharterRevision,
    NoCharterPublished,
    due_charters,
    is_charter_name,
)
from tests.fakes import NOON, FakeCharters
from tests.people import ALICE, an_account

REVISION = CharterRevision(
    revision="2026-1", published_at=NOON, texts={"fr": "# Charte « é »", "en": "# Charter"}
)


def test_the_text_is_in_the_language_of_the_reader_and_french_otherwise() -> None:
    assert REVISION.text("en") == "# Charter"
    assert REVISION.text("de") == REVISION.text("fr") == "# Charte « é »"


def test_the_evidence_is_the_sha256_of_the_text_that_was_shown() -> None:
    assert REVISION.sha256("en") == hashlib.sha256(b"# Charter").hexdigest()
    assert REVISION.sha256("de") == hashlib.sha256("# Charte « é »".encode()).hexdigest()


@pytest.mark.parametrize(
    ("held", "is_due"), [(None, True), ("2026-0", True), ("2026-1 ", True), ("2026-1", False)]
)
def test_the_house_charter_is_due_until_this_very_revision_was_accepted(
    held: str | None, is_due: bool
) -> None:
    account = an_account(charter_revision=held)
    assert due_charters(account, (), FakeCharters([REVISION])) == ((REVISION,) if is_due else ())


A, B = (
    CharterRevision(revision="1", published_at=NOON, texts={"fr": f"# {name}"}, charter=name)
    for name in ("a", "b")
)


def accepted(*revisions: CharterRevision) -> list[CharterEvidence]:
    return [
        CharterEvidence(
            account_id=ALICE,
            revision=known.revision,
            text_sha256="",
            accepted_at=NOON,
            authenticator="cps",
            client_id="rp",
            charter=known.charter,
        )
        for known in revisions
    ]


def test_charters_of_a_client_are_due_after_that_of_the_house_in_its_order() -> None:
    charters = FakeCharters([A, REVISION, B])
    assert due_charters(an_account(), ("b", "a"), charters) == (REVISION, B, A)
    assert due_charters(an_account(charter_revision="2026-1"), ("b", "a"), charters) == (B, A)
    charters.evidence = accepted(B)
    assert due_charters(an_account(charter_revision="2026-1"), ("b", "a"), charters) == (A,)


def test_a_client_that_demands_no_other_charter_costs_one_look() -> None:
    @dataclass
    class Counted(FakeCharters):
        looks: int = 0

        def current(self, charter: str = HOUSE) -> CharterRevision:
            self.looks += 1
            return super().current(charter)

        def has_accepted(self, account_id: str, revision: CharterRevision) -> bool:
            raise AssertionError("the account row says it")

    charters = Counted([REVISION])
    assert due_charters(an_account(charter_revision="2026-1"), (), charters) == ()
    assert due_charters(an_account(), (), charters) == (REVISION,)
    assert charters.looks == 2


def test_another_charters_revision_of_the_same_name_is_another_revision() -> None:
    account = an_account(charter_revision="2026-1")
    same_name = CharterRevision(revision="2026-1", published_at=NOON, texts={"fr": "# A"}, charter="a")
    assert due_charters(account, ("a",), FakeCharters([REVISION, same_name], accepted(REVISION))) == (
        same_name,
    )
    assert due_charters(account, ("a",), FakeCharters([REVISION, A], accepted(B))) == (A,)


def test_a_superseded_revision_of_a_clients_charter_counts_no_more() -> None:
    account, newer = (
        an_account(charter_revision="2026-1"),
        CharterRevision(revision="2", published_at=NOON, texts={"fr": "# A2"}, charter="a"),
    )
    assert due_charters(account, ("a",), FakeCharters([REVISION, A, newer], accepted(A))) == (newer,)


@pytest.mark.parametrize(("published", "missing"), [([A], "house"), ([REVISION], "a"), ([], "house")])
def test_a_charter_never_published_is_told_by_its_name_before_any_other_is_asked(
    published: list[CharterRevision], missing: str
) -> None:
    with pytest.raises(NoCharterPublished) as caught:
        due_charters(an_account(), ("a",), FakeCharters(published))
    assert caught.value.charter == missing


@pytest.mark.parametrize("name", ["house", "a", "0", "via-trajectoire-2", "a" * 40])
def test_names_of_charters(name: str) -> None:
    assert is_charter_name(name)


@pytest.mark.parametrize("name", ["", "A", "é", "a b", "-a", "a\n", "a_b", "a" * 41, "٣"])
def test_what_is_no_name_of_a_charter(name: str) -> None:
    assert not is_charter_name(name)
