"""When an address is to be proved again; what is kept of a change under way and of the link that disowns it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from idp.accounts.account import ClosedFor, PasswordClosure
from idp.accounts.email_change import ProvedAgain, digest_of, new_undo
from tests.fakes import NOON
from tests.people import ALICE, an_account

YEAR, WEEK, SECOND = timedelta(days=365), timedelta(days=7), timedelta(seconds=1)
RULE = ProvedAgain(after=YEAR, put_off_for=WEEK, offered_for=2 * WEEK)


@pytest.mark.parametrize(
    ("age", "put_off", "is_due"),
    [
        (YEAR - SECOND, None, False),
        (YEAR, None, True),
        (YEAR + WEEK, WEEK - SECOND, False),
        (YEAR + WEEK, WEEK, True),
    ],
)
def test_an_old_address_is_due_once_more_after_it_was_put_off(
    age: timedelta, put_off: timedelta | None, is_due: bool
) -> None:
    account = an_account(
        email_verified_at=NOON - age, email_put_off_at=None if put_off is None else NOON - put_off
    )
    assert RULE.is_due(account, NOON) is is_due


def test_no_length_is_never() -> None:
    account = an_account(email_verified_at=NOON - 20 * YEAR)
    assert not ProvedAgain(after=timedelta(), put_off_for=WEEK, offered_for=2 * WEEK).is_due(account, NOON)


def test_a_proved_address_forgets_that_it_was_put_off() -> None:
    account = an_account(email_put_off_at=NOON)
    changed = account.with_email("new@hopital.example", NOON + WEEK)
    assert (changed.email, changed.email_verified_at, changed.email_put_off_at) == (
        "new@hopital.example",
        NOON + WEEK,
        None,
    )


def test_a_new_password_opens_its_door_and_voids_what_began_before() -> None:
    closed = an_account(password_closure=PasswordClosure(at=NOON, motive=ClosedFor.EMAIL_DISOWNED))
    assert not closed.is_password_door_open
    opened = closed.with_password("hash", NOON)
    assert (opened.is_password_door_open, opened.generation) == (True, closed.generation + 1)


def test_a_link_has_256_bits_and_only_its_digest_is_kept() -> None:
    token, undo = new_undo(ALICE, NOON, WEEK)
    assert len(token) == 43
    assert token not in repr(undo)
    assert (undo.token_sha256, undo.ends_at) == (digest_of(token), NOON + WEEK)
    assert new_undo(ALICE, NOON, WEEK)[0] != token


@pytest.mark.parametrize(
    ("since_offer", "since_put_off", "is_due"),
    [
        (timedelta(), None, True),
        (2 * WEEK - SECOND, None, True),
        (2 * WEEK, None, False),
        (WEEK, WEEK - SECOND, False),
        (WEEK + SECOND, WEEK, True),
    ],
)
def test_an_offered_address_is_asked_about_until_it_lapses(
    since_offer: timedelta, since_put_off: timedelta | None, is_due: bool
) -> None:
    account = an_account().with_offer("new@hopital.example", NOON - since_offer)
    put_off_at = None if since_put_off is None else NOON - since_put_off
    assert RULE.is_due(replace(account, email_put_off_at=put_off_at), NOON) is is_due


def test_an_offer_changes_no_address_and_is_over_with_a_new_one_or_whatever_voids_the_past() -> None:
    account = an_account(email_put_off_at=NOON).with_offer("new@hopital.example", NOON)
    assert (account.email, account.email_verified_at) == (an_account().email, an_account().email_verified_at)
    assert RULE.offered(account, NOON) == "new@hopital.example"
    # An earlier « Plus tard » was said of something else.
    assert RULE.is_due(account, NOON)
    for after in (
        account.with_email("other@hopital.example", NOON),
        account.with_password("hash", NOON),
        account.next_generation(),
        account.closing(NOON),
    ):
        assert RULE.offered(after, NOON) == ""
