"""The reference of a sign-in: short, read aloud, and enough to find its events."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.interaction.reference import beginnings_of, reference_of
from idp.interaction.store import random_token


@given(st.binary(min_size=32, max_size=32))
def test_it_leads_back_to_how_the_id_begins_and_to_no_other(octets: bytes) -> None:
    identifier = base64.urlsafe_b64encode(octets).decode().rstrip("=")
    beginnings = beginnings_of(reference_of(identifier))
    assert identifier[:7] in beginnings
    assert {reference_of(f"{one}A") for one in beginnings} == {reference_of(identifier)}
    # As the audit trail has it.
    assert reference_of(identifier[:8]) == reference_of(identifier)


def test_it_is_read_aloud_in_two_groups_without_letters_that_are_taken_for_figures() -> None:
    for _ in range(100):
        reference = reference_of(random_token())
        assert (len(reference), reference[4]) == (9, "-")
        assert not set(reference) & set("ILOU")


def test_it_is_understood_as_it_was_heard() -> None:
    reference = "7KQ0-1XB1"
    for heard in ("7kqo-ixbl", " 7KQ0 1XB1 ", "7KQ01XB1", "7KQ0\u20131XB1"):
        assert beginnings_of(heard) == beginnings_of(reference) != ()


@pytest.mark.parametrize("text", ["", "7KQM", "7KQM-2XBU", "7KQM-2XBDA", "7KQM-2XB\u00e9", "\n" * 8])
def test_another_text_is_no_reference(text: str) -> None:
    assert beginnings_of(text) == ()


@pytest.mark.parametrize("identifier", ["", "a", "123456", "\u00e9" * 9, "abc/efgh"])
def test_what_is_no_id_of_ours_has_none(identifier: str) -> None:
    assert reference_of(identifier) == ""
