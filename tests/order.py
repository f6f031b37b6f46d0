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
    "demo": 113,
    "tests/journeys/test_demo.py": 106,
    "suite_and_receiver": 74,
    "short_lives": 61,
    "tests/cli/test_hardware_keys.py": 54,
    "tests/cli/test_trust.py": 49,
    "tls_demo": 33,
    "tests/browser/test_psc_outage.py": 55,
    "tests/cli/test_keys.py": 23,
    "tests/sandbox/test_igc.py": 22,
    "tests/contracts/test_hsm_outages.py": 21,
    "tests/browser/test_journeys.py": 20,
    "tests/adapters/igc/test_revocation.py": 18,
    "tests/cli/test_charters.py": 17,
    "tests/protocol/logout/test_backchannel.py": 16,
    "tests/protocol/client_auth/test_client_assertion_race.py": 16,
    "tests/contracts/test_ephemeral_store.py": 15,
    "tests/cli/test_serve.py": 15,
    "tests/cli/test_serve_alive.py": 7,
    "tests/adapters/granian/test_server.py": 6,
    "tests/protocol/tokens/test_code_redemption_race.py": 14,
    "tests/flows/test_psc_outage.py": 12,
    "tests/journeys/cards/test_card_revocation.py": 12,
    "tests/journeys/test_hardware_keys.py": 12,
    "tests/signing/test_key_directory.py": 12,
    "tests/journeys/test_charter.py": 11,
    "tests/protocol/logout/test_psc_backchannel_logout.py": 10,
    "tests/protocol/logout/test_frontchannel.py": 10,
    "tests/contracts/test_signers.py": 10,
    "tests/protocol/jose/test_jwt_corpus.py": 10,
    "tests/journeys/cards/test_cards_by_nginx.py": 9,
    "tests/cli/test_compose.py": 9,
    "tests/journeys/test_password_and_code.py": 9,
    "tests/protocol/client_auth/test_behind_mtls_proxy.py": 9,
    "tests/protocol/authorization/test_sign_in.py": 8,
    "tests/protocol/test_findings.py": 8,
    "running": 8,
    "tests/flows/test_charter.py": 8,
    "tests/cli/test_worker.py": 8,
    "tests/protocol/test_no_request_breaks_us.py": 7,
    "tests/adapters/card_host/test_tls_listener.py": 7,
    "tests/flows/test_psc_identity.py": 7,
    "tests/flows/test_professional_context.py": 7,
    "tests/adapters/psc/test_provider.py": 7,
    "tests/conformance/test_profile.py": 7,
    "tests/journeys/cards/test_cards_of_one_person.py": 7,
    "tests/flows/test_other_tabs.py": 6,
    "tests/contracts/test_crl_index.py": 6,
    "tests/sandbox/test_demo_start.py": 6,
    "tests/journeys/test_store_down.py": 6,
    "tests/protocol/logout/test_end_session.py": 6,
    "tests/settings/test_bad_values.py": 6,
    "tests/adapters/psc/test_circuit.py": 6,
    "tests/journeys/test_logout_elsewhere.py": 6,
    "tests/protocol/client_auth/test_mtls.py": 6,
    "tests/protocol/client_auth/test_fapi2.py": 6,
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
