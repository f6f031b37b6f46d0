"""When the counter of a passkey is odd."""

import pytest

from idp.accounts.passkeys import PasskeyUse, went_back
from tests.passkeys import a_passkey


@pytest.mark.parametrize(
    ("known", "told", "is_synced", "is_odd"),
    [
        (5, 6, False, False),
        (5, 900, True, False),
        (5, 5, False, True),
        (5, 4, False, True),
        (5, 0, False, True),
        (5, 4, True, True),
        (0, 0, False, False),
        (0, 1, False, False),
        (0, 0, True, False),
        (5, 0, True, False),  # made by a device that counts, and synced since
    ],
)
def test_a_counter_that_does_not_grow_is_odd_unless_the_passkey_counts_nothing(
    known: int, told: int, is_synced: bool, is_odd: bool
) -> None:
    passkey = a_passkey(sign_count=known, is_synced=is_synced)
    assert went_back(passkey, PasskeyUse(sign_count=told, is_backed_up=is_synced)) is is_odd
