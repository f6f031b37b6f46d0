"""The page of every reason for which an interaction does not go on."""

import pytest

from idp.core.errors import PageError, Problem
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.web.error_pages import page_of


@pytest.mark.parametrize("reason", InteractionRefusal)
def test_a_reason_has_a_page_that_keeps_the_way_back_and_the_detail(reason: InteractionRefusal) -> None:
    refused = InteractionRefused(reason, "why", interaction_id="one", client_id="rp")
    page = page_of(refused)
    assert isinstance(page.problem, Problem)
    assert (page.detail, page.client_id) == ("why", "rp")


def test_what_expired_or_went_on_may_begin_again_and_nothing_else() -> None:
    again = {
        reason: page_of(InteractionRefused(reason, interaction_id="one")).retry_path
        for reason in InteractionRefusal
    }
    assert again.pop(InteractionRefusal.EXPIRED) == "/interaction/one/restart"
    assert again.pop(InteractionRefusal.WENT_ON) == "/interaction/one/restart"
    assert set(again.values()) == {None}


def test_reasons_that_differ_are_pages_that_differ() -> None:
    assert len({page_of(InteractionRefused(reason)).problem for reason in InteractionRefusal}) == len(
        InteractionRefusal
    )


def test_what_nobody_foresaw_is_a_page_without_a_cause() -> None:
    page = page_of(RuntimeError("a secret"))
    assert isinstance(page, PageError)
    assert (page.problem, page.detail, page.client_id) == (Problem.INTERNAL, "", None)
