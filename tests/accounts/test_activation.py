"""The code of an activation: read as people write it, and of one person, once, for a day."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from idp.accounts.activation import ActivationRefusal, digest_of, new_activation, refusal_of
from tests.fakes import NOON
from tests.people import BOB, an_account

DAY, YEAR = timedelta(hours=24), timedelta(days=365)
ACCOUNT = an_account()
CODE, KEPT = new_activation(ACCOUNT, NOON, DAY)


def test_the_code_has_a_hundred_bits_in_groups_and_is_not_what_is_kept() -> None:
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}", CODE)
    assert new_activation(ACCOUNT, NOON, DAY)[0] != CODE
    assert CODE.replace("-", "") not in repr(KEPT)
    assert (KEPT.account_id, KEPT.generation, KEPT.ends_at) == (ACCOUNT.id, ACCOUNT.generation, NOON + DAY)


@pytest.mark.parametrize("typed", ["01ABC-DE", "o1abc-de", " OI abc DE ", "OLABC\u2011DE", "01abc\u00a0de"])
def test_it_is_read_however_it_is_written(typed: str) -> None:
    assert digest_of(typed) == digest_of("01ABCDE")


@pytest.mark.parametrize("typed", ["", "01ABCDF", "01ABC_DE", "\x0001ABCDE"])
def test_another_text_is_another_code(typed: str) -> None:
    assert digest_of(typed) != digest_of("01ABCDE")


def test_it_opens_for_its_person_until_its_end() -> None:
    assert refusal_of(KEPT, ACCOUNT, NOON + DAY - timedelta(seconds=1), YEAR) is None


@pytest.mark.parametrize(
    ("kept", "account", "after", "reason"),
    [
        (None, ACCOUNT, timedelta(0), ActivationRefusal.UNKNOWN),
        (KEPT, None, timedelta(0), ActivationRefusal.OTHER_PERSON),
        (KEPT, replace(ACCOUNT, id=BOB), timedelta(0), ActivationRefusal.OTHER_PERSON),
        (replace(KEPT, used_at=NOON), ACCOUNT, timedelta(0), ActivationRefusal.USED),
        (KEPT, ACCOUNT, DAY, ActivationRefusal.LATE),
        (KEPT, ACCOUNT.next_generation(), timedelta(0), ActivationRefusal.VOID),
        (KEPT, replace(ACCOUNT, enabled=False), timedelta(0), ActivationRefusal.DISABLED),
        (
            KEPT,
            replace(ACCOUNT, identity=replace(ACCOUNT.identity, verified_at=NOON - YEAR)),
            timedelta(0),
            ActivationRefusal.IDENTITY_OLD,
        ),
        (KEPT, replace(ACCOUNT, is_mailbox_shared=True), timedelta(0), ActivationRefusal.MAILBOX_SHARED),
    ],
)
def test_it_opens_nothing_else(
    kept: object, account: object, after: timedelta, reason: ActivationRefusal
) -> None:
    assert refusal_of(kept, account, NOON + after, YEAR) is reason  # type: ignore[arg-type]
