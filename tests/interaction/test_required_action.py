"""Which charters are asked for, and that one which was never published stops everybody it applies to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from idp.accounts.charter import HOUSE, CharterRevision
from idp.interaction.record import Interaction, event_of
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.required_action import CharterAction
from tests.fakes import NOON, FakeCharters
from tests.people import a_standing, an_account, an_interaction

IN_FORCE = CharterRevision(revision="2026-1", published_at=NOON, texts={"fr": "texte"})
OF_REGION = replace(IN_FORCE, charter="region")
REASONS = {HOUSE: InteractionRefusal.NO_CHARTER, "region": InteractionRefusal.NO_CLIENT_CHARTER}
DAY = timedelta(days=1)


def action(*published: CharterRevision) -> CharterAction:
    charters = FakeCharters(list(published))
    return CharterAction(charters=charters, demanded_by=lambda _: ("region",), put_off_for=DAY)


def proved(**changes: object) -> Interaction:
    """Of a person who has just shown a card."""
    return replace(an_interaction(), events=(event_of("cps", NOON),), **changes)


def test_a_charter_is_due_until_each_in_force_is_accepted() -> None:
    for due in ((), (HOUSE,), ("region",), (HOUSE, "region")):
        assert action().due(a_standing(due=due), an_interaction(), NOON) is bool(due)


def test_what_is_due_comes_before_what_is_only_announced() -> None:
    standing = a_standing(due=("region",), announced=(HOUSE,))
    assert action(IN_FORCE, OF_REGION).asked(standing, proved(), NOON) == (OF_REGION, IN_FORCE)
    assert action(IN_FORCE, OF_REGION).asked(standing, an_interaction(), NOON) == (OF_REGION,)


def test_an_announced_charter_is_asked_for_where_something_was_proved_and_a_page_may_be_shown() -> None:
    standing = a_standing(due=(), announced=(HOUSE,))
    assert action().due(standing, proved(), NOON)
    assert not action().due(standing, an_interaction(), NOON)  # On the way by a session.
    assert not action().due(standing, proved(silent=True), NOON)


@pytest.mark.parametrize(
    ("since", "is_due"), [(timedelta(), False), (DAY - timedelta(seconds=1), False), (DAY, True)]
)
def test_an_announced_charter_that_was_put_off_waits_for_a_day(since: timedelta, is_due: bool) -> None:
    account = an_account(charter_put_off_at=NOON - since)
    assert action().due(a_standing(account, due=(), announced=(HOUSE,)), proved(), NOON) is is_due
    # What is due is asked for all the same.
    assert action().due(a_standing(account, due=(HOUSE,)), proved(), NOON)


@pytest.mark.parametrize("charter", REASONS)
def test_one_that_was_never_published_is_told_before_any_is_asked_for(charter: str) -> None:
    for ask in (action().due, action().asked):
        with pytest.raises(InteractionRefused) as caught:
            ask(a_standing(due=(HOUSE,), unpublished=charter), an_interaction(), NOON)
        assert caught.value.reason is REASONS[charter]


def test_nor_is_the_page_of_one_shown_that_is_gone_meanwhile() -> None:
    with pytest.raises(InteractionRefused) as caught:
        action().asked(a_standing(due=(HOUSE,)), an_interaction(), NOON)
    assert caught.value.reason is InteractionRefusal.NO_CHARTER
