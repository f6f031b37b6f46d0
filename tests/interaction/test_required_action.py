"""Which charters are still due, and that one which was never published stops everybody it applies to."""

import pytest

from idp.accounts.charter import HOUSE, CharterRevision
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.required_action import CharterAction
from tests.fakes import NOON, FakeCharters
from tests.people import a_standing, an_account, an_interaction

IN_FORCE = CharterRevision(revision="2026-1", published_at=NOON, texts={"fr": "texte"})
REASONS = {HOUSE: InteractionRefusal.NO_CHARTER, "region": InteractionRefusal.NO_CLIENT_CHARTER}


def action(*published: CharterRevision) -> CharterAction:
    return CharterAction(FakeCharters(list(published)), lambda _: ("region",))


def test_a_charter_is_due_until_each_in_force_is_accepted() -> None:
    for due in ((), (HOUSE,), ("region",), (HOUSE, "region")):
        assert action().due(a_standing(due=due), an_interaction(), NOON) is bool(due)


@pytest.mark.parametrize("charter", REASONS)
def test_one_that_was_never_published_is_told_before_any_is_asked_for(charter: str) -> None:
    with pytest.raises(InteractionRefused) as caught:
        action().due(a_standing(due=(HOUSE,), unpublished=charter), an_interaction(), NOON)
    assert caught.value.reason is REASONS[charter]


@pytest.mark.parametrize(("published", "missing"), [((), HOUSE), ((IN_FORCE,), "region")])
def test_nor_is_the_page_of_one_shown_that_the_person_could_not_finish(
    published: tuple[CharterRevision, ...], missing: str
) -> None:
    with pytest.raises(InteractionRefused) as caught:
        action(*published).still_due(an_account(), "viatrajectoire")
    assert (caught.value.reason, caught.value.client_id) == (REASONS[missing], "viatrajectoire")
