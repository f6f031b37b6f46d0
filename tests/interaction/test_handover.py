"""The hand-over of a card: an attempt goes, a presentation comes back, each once."""

import re
from datetime import timedelta

from idp.interaction.handover import attempt_address, begin_attempt, present, take_presentation
from tests.fakes import FixedClock, MemoryStore
from tests.people import an_interaction

LIFE = timedelta(minutes=1)
DER = bytes(range(256))


def test_the_certificate_comes_back_as_it_was_shown() -> None:
    store = MemoryStore()
    attempt = begin_attempt(store, an_interaction(), LIFE)
    handed = present(store, attempt, DER, LIFE)
    assert handed is not None
    interaction_id, token = handed
    assert interaction_id == "interaction-1"
    presentation = take_presentation(store, token)
    assert presentation is not None
    assert presentation.certificate_der == DER
    assert presentation.is_for(an_interaction())


def test_no_certificate_is_handed_over_as_none() -> None:
    store = MemoryStore()
    handed = present(store, begin_attempt(store, an_interaction(), LIFE), None, LIFE)
    assert handed is not None
    presentation = take_presentation(store, handed[1])
    assert presentation is not None
    assert presentation.certificate_der is None


def test_an_attempt_is_good_for_one_handshake() -> None:
    store = MemoryStore()
    attempt = begin_attempt(store, an_interaction(), LIFE)
    first, second = (present(store, attempt, DER, LIFE) for _ in range(2))
    assert first is not None
    assert first[1] is not None
    assert second == (first[0], None)  # a reload finds its way back, and brings no card


def test_a_presentation_is_taken_once() -> None:
    store = MemoryStore()
    handed = present(store, begin_attempt(store, an_interaction(), LIFE), DER, LIFE)
    assert handed is not None
    assert take_presentation(store, handed[1]) is not None
    assert take_presentation(store, handed[1]) is None


def test_the_token_of_another_interaction_is_recognised() -> None:
    store = MemoryStore()
    handed = present(store, begin_attempt(store, an_interaction(), LIFE), DER, LIFE)
    assert handed is not None
    presentation = take_presentation(store, handed[1])
    assert presentation is not None
    assert not presentation.is_for(an_interaction(id="interaction-2"))


def test_an_attempt_is_no_presentation_nor_the_reverse() -> None:
    store = MemoryStore()
    attempt = begin_attempt(store, an_interaction(), LIFE)
    assert take_presentation(store, attempt) is None
    handed = present(store, attempt, DER, LIFE)
    assert handed is not None
    assert handed[1] != attempt
    assert present(store, handed[1], DER, LIFE) is None


def test_both_die_with_their_time() -> None:
    clock = FixedClock()
    store = MemoryStore(clock)
    late_attempt = begin_attempt(store, an_interaction(), LIFE)
    handed = present(store, begin_attempt(store, an_interaction(), LIFE), DER, LIFE)
    assert handed is not None
    clock.advance(minutes=1)
    assert present(store, late_attempt, DER, LIFE) is None
    assert take_presentation(store, handed[1]) is None


def test_unknown_values_give_nothing() -> None:
    store = MemoryStore()
    assert present(store, "", DER, LIFE) is None
    assert take_presentation(store, "x" * 43) is None


def test_every_attempt_is_sent_to_a_name_that_is_new_to_the_browser() -> None:
    """A browser remembers the choice of a certificate, and the refusal to choose, for each name."""
    first, second = (attempt_address("https://*.card.test", "attempt-1") for _ in range(2))
    assert first != second
    for address in (first, second):
        assert re.fullmatch(r"https://[0-9a-f]{16}\.card\.test/card/attempt-1", address)


def test_card_host_with_one_name_is_addressed_by_it() -> None:
    assert attempt_address("https://card.test:8443", "attempt-1") == "https://card.test:8443/card/attempt-1"


def test_what_was_begun_before_the_last_proof_is_for_nobody() -> None:
    store = MemoryStore()
    begun = an_interaction(browser="a" * 64)
    handed = present(store, begin_attempt(store, begun, LIFE), DER, LIFE)
    assert handed is not None
    presentation = take_presentation(store, handed[1] or "")
    assert presentation is not None
    assert presentation.is_for(begun)
    assert not presentation.is_overtaken(begun)
    assert not presentation.is_overtaken(an_interaction(browser="b" * 64, also=("a" * 64,)))
    assert presentation.is_overtaken(an_interaction(browser="b" * 64, former="a" * 64))
