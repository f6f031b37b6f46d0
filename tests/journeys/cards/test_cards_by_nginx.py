"""The journeys of the card once more, nginx before the card host instead of our own TLS: the same answers."""

import getpass
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration, running_demo
from tests.journeys import gestures as do
from tests.journeys.cards.test_card_revocation import (  # noqa: F401 the same journeys
    test_opposed_card_is_refused_with_its_page_and_one_audit_event,
    test_silence_of_the_responder_leaves_the_decision_to_the_list,
)
from tests.journeys.cards.test_cards_refused import (  # noqa: F401 the same journeys
    refused,
    standard_header,
    test_attempt_is_good_for_one_handshake,
    test_attempt_sent_to_a_victim_brings_no_card_to_the_sender,
    test_attempt_taken_from_a_victim_signs_the_thief_in_as_nobody,
    test_bad_card_gets_the_page_of_its_own_reason_and_a_way_on,
    test_browser_without_a_card_hears_that_none_was_read,
    test_good_card_gets_in,
    test_header_does_not_replace_the_card_of_the_handshake,
    test_header_with_a_genuine_certificate_changes_nothing_anywhere,
    test_old_certificate_is_not_remembered_for_the_next_person,
    test_presentation_is_good_once,
    test_presentation_stolen_from_another_browser_signs_nobody_in,
)
from tests.limits import within
from tests.made_once import place_demo_state
from tests.nginx import card_http, nginx
from tests.servers import free_port

Browse = Callable[..., Browser]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo whose card host is on a private socket, behind nginx with the files of docs/."""
    state, place, port = tmp_path_factory.mktemp("by-nginx"), tmp_path_factory.mktemp("nginx"), free_port()
    place_demo_state(state)
    with tempfile.TemporaryDirectory(prefix="card-") as private:
        card_socket = Path(private) / "card.sock"
        settings = (
            f"CARD_HOST=https://localhost:{port}",
            f"CARD_LISTEN=unix:{card_socket}",
            f"CARD_PROXY_USER={getpass.getuser()}",
        )
        words = [word for setting in settings for word in ("--set", setting)]
        with (
            nginx(place, card_http(port, state / "igc", card_socket), port),
            running_demo(state, *words) as running,
        ):
            yield running


def test_standard_header_of_a_browser_is_overwritten_by_the_proxy(
    demo: Demonstration, browse: Browse
) -> None:
    """The header is nginx's own here: what the browser sends under its name never arrives."""
    browser = browse(stop_at=(f"{demo.ready['card_host']}/card/",))
    do.arrive(browser, demo)
    attempt = do.by_card(browser).url
    answer = requests.get(
        attempt,
        headers={"Client-Cert": standard_header(demo.card("martin"))},
        verify=demo.ready["ca_bundle"],
        allow_redirects=False,
        timeout=within(10),
    )
    assert answer.status_code == 303
    browser.stop_at = ()
    assert refused(browser.get(answer.headers["Location"]), "none")
    assert not do.is_signed_in(browser, demo)
