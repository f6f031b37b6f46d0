"""Which tests stay together in one worker, and which of them begin first.

A demo or a server that several files share is started once in a run, so the tests that use it are one group
(`--dist loadgroup`); the other tests of each file are a group too, since they share what their module makes.
The longest groups begin first: one that begins late would be waited for by idle workers.
Contains the groups and their seconds. Not here: fixtures.
"""

from collections.abc import Iterable, Mapping

import pytest

#: Session fixtures that start something: the tests that use it are a group of its name, the first that applies.
STARTED_ONCE = ("suite_and_receiver", "tls_demo", "short_lives", "demo", "running", "postgresql", "redis")
#: Rooms whose session fixtures take seconds to make: each room is a group.
MADE_ONCE = ("tests/cards/",)
#: Seconds on an idle machine, of the groups that take long; the others come after them, as they are collected.
SECONDS: Mapping[str, float] = {
    "suite_and_receiver": 86,
    "demo": 68,
    "tests/journeys/test_demo.py": 46,
    "short_lives": 45,
    "tls_demo": 39,
    "tests/browser/test_psc_outage.py": 34,
    "tests/browser/test_logout.py": 30,
    "tests/contracts/test_ephemeral_store.py": 28,
    "tests/browser/test_journeys.py": 27,
    "tests/cli/test_hardware_keys.py": 26,
    "tests/protocol/client_auth/test_client_assertion_race.py": 26,
    "tests/cli/test_trust.py": 25,
    "tests/protocol/tokens/test_code_redemption_race.py": 24,
    "tests/sandbox/test_igc.py": 24,
    "tests/contracts/test_hsm_outages.py": 24,
    "tests/protocol/logout/test_backchannel.py": 23,
    "tests/journeys/test_client_charters.py": 22,
    "tests/protocol/logout/test_psc_backchannel_logout.py": 21,
    "tests/protocol/logout/test_frontchannel.py": 20,
    "tests/journeys/cards/test_card_revocation.py": 20,
    "tests/flows/test_psc_outage.py": 18,
    "tests/cli/test_keys.py": 18,
    "tests/journeys/test_hardware_keys.py": 18,
    "tests/journeys/test_charter.py": 18,
    "tests/journeys/cards/test_cards_by_nginx.py": 17,
    "tests/journeys/test_store_down.py": 16,
    "tests/protocol/published/test_key_rotation.py": 16,
    "tests/cli/test_compose.py": 14,
    "tests/journeys/test_logout_elsewhere.py": 14,
    "tests/protocol/test_no_request_breaks_us.py": 13,
    "tests/adapters/http/test_jwks_uri.py": 13,
    "tests/journeys/cards/test_cards_of_one_person.py": 12,
    "tests/contracts/test_crl_index.py": 12,
    "tests/protocol/tokens/test_refresh.py": 12,
    "running": 12,
    "tests/contracts/test_logouts.py": 12,
    "tests/cli/test_serve.py": 12,
    "tests/protocol/logout/test_end_session.py": 12,
    "postgresql": 11,
    "tests/journeys/test_first_connection.py": 11,
    "tests/cli/test_worker.py": 10,
    "tests/cli/test_psc.py": 10,
    "tests/contracts/test_store_outages.py": 10,
    "tests/flows/test_new_password.py": 9,
    "tests/cards/": 9,
}


def arrange(items: list[pytest.Item]) -> None:
    """Marks each test with its group and puts the longest groups first; within a group, nothing moves."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_group_of(item)))
    items.sort(key=lambda item: -SECONDS.get(_marked(item), 0.0))


def _group_of(item: pytest.Item) -> str:
    used = set(_session_fixtures(item))
    rooms = (room for room in MADE_ONCE if item.nodeid.startswith(room))
    started = (name for name in STARTED_ONCE if name in used)
    return next(started, None) or next(rooms, None) or item.nodeid.partition("::")[0]


def _marked(item: pytest.Item) -> str:
    mark = item.get_closest_marker("xdist_group")
    assert mark is not None
    return str(mark.args[0])


def _session_fixtures(item: pytest.Item) -> Iterable[str]:
    """A fixture of a module hides that of the session under the same name: the last definition counts."""
    information = getattr(item, "_fixtureinfo", None)
    for name, definitions in information.name2fixturedefs.items() if information else ():
        if definitions[-1].scope == "session":
            yield name
