"""A hint at a door: where it leads, and which proofs answer a request that has one."""

import dataclasses
import itertools
from datetime import timedelta
from typing import get_args

import pytest

from idp.interaction.authenticator import AUTHENTICATORS, DOORS, Acr, AuthenticatorId, Doors
from idp.interaction.counting import counting_events
from idp.interaction.hint import PARAMETER, STOP_OF, past_hint
from idp.interaction.next_stop import Itinerary, next_stop
from idp.interaction.record import Interaction
from idp.interaction.stop import SILENT_ERROR, Stop
from idp.interaction.store import Interactions
from tests.fakes import NOON, MemoryStore
from tests.people import ALICE, a_standing, an_account, an_event, an_interaction, doors

EVERY = frozenset({"psc", "cps", "passkey", "password"})


def hinted(door: str, *lent: AuthenticatorId, own: tuple[AuthenticatorId, ...] = ()) -> Interaction:
    given, proved = tuple(map(an_event, lent)), tuple(map(an_event, own))
    return an_interaction(
        request={PARAMETER: door},
        events=(*given, *proved),
        lent=given,
        sid="sid" if lent else None,
        account_id=ALICE if lent or own else None,
    )


def stop(
    interaction: Interaction, *, shared: bool = False, open_doors: frozenset[str] = EVERY
) -> Stop | None:
    return next_stop(
        interaction,
        None if interaction.account_id is None else a_standing(an_account()),
        doors=doors(open_doors),
        actions=[],
        enrolment_sources=frozenset({"cps"}),
        is_station_shared=shared,
        now=NOON,
    )


def test_every_door_has_a_page_to_which_a_hint_leads() -> None:
    assert STOP_OF.keys() == set(DOORS)
    assert {SILENT_ERROR[one] for one in STOP_OF.values()} == {"login_required"}


@pytest.mark.parametrize("door", DOORS)
def test_the_hinted_door_comes_first_and_only_while_it_is_open(door: str) -> None:
    assert stop(hinted(door)) is STOP_OF[door]
    assert stop(hinted(door), open_doors=EVERY - {door}) is Stop.CHOICE
    assert stop(past_hint(hinted(door))) is Stop.CHOICE


def test_an_unknown_door_in_a_record_leads_to_the_choice() -> None:
    assert stop(hinted("gate")) is Stop.CHOICE


@pytest.mark.parametrize(
    ("door", "path"), [*itertools.product(DOORS, [("psc",), ("cps",), ("password", "email_otp")])]
)
def test_a_session_counts_by_the_hinted_door_and_a_proof_of_this_sign_in_by_any(
    door: str, path: tuple[AuthenticatorId, ...]
) -> None:
    is_same = AUTHENTICATORS[path[0]].door == door
    assert stop(hinted(door, *path)) is (None if is_same else STOP_OF[door])
    assert stop(hinted(door, own=path)) is None
    # A shared station asks whose the session is only where it would be used.
    assert stop(hinted(door, *path), shared=True) is (Stop.SAME_PERSON if is_same else STOP_OF[door])


def test_a_path_begun_by_another_door_goes_on() -> None:
    assert stop(hinted("psc", own=("password",))) is Stop.EMAIL_OTP


def test_what_was_voided_leads_to_the_hinted_door_again() -> None:
    voided = dataclasses.replace(hinted("cps", own=("cps",)), generation=-1)
    assert stop(voided) is STOP_OF["cps"]


def test_fresh_proofs_are_asked_of_the_hinted_door_too() -> None:
    wanted = dataclasses.replace(hinted("cps", "cps"), fresh_after=NOON.replace(year=2030))
    assert counting_events(wanted) == ()
    older = dataclasses.replace(hinted("cps", "cps", "psc"), fresh_after=NOON.replace(year=2000))
    assert [event.authenticator for event in counting_events(older)] == ["cps"]


def test_the_doors_that_reach_an_acr_are_told_by_name() -> None:
    itinerary = Itinerary(doors(EVERY), (), frozenset())
    assert set(itinerary.doors_open_to("rp", Acr.PWD_OTP)) == EVERY
    assert itinerary.doors_open_to("rp", Acr.CPS) == ("psc", "cps")
    assert itinerary.doors_open_to("rp", Acr.PWD_OTP, (Acr.PSC,)) == ("psc",)
    closed = Itinerary(Doors(frozenset(get_args(AuthenticatorId)), lambda _: ()), (), frozenset())
    assert closed.doors_open_to("rp", Acr.PWD_OTP) == ()


def test_that_the_hint_was_followed_is_kept(store: MemoryStore) -> None:
    interactions = Interactions(store=store, life=timedelta(minutes=15))
    interactions.begin(past_hint(hinted("psc")))
    assert interactions.reread("interaction-1").is_past_hint
