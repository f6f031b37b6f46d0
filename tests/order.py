"""Which tests stay together in one worker, and which of them begin first.

A demo or a server that several files share is started once in a run, so the tests that use it are one group
(`--dist loadgroup`); the other tests of each file are a group too, since they share what their module makes.
The longest groups begin first: one that begins late would be waited for by idle workers.
Contains the groups and their seconds. Not here: fixtures.
"""

from collections.abc import Iterable, Mapping

import pytest

#: Session fixtures that start something: the tests that use it are a group of its name, the first that applies.
STARTED_ONCE = (
    "region",
    "suite_and_receiver",
    "tls_demo",
    "short_lives",
    "demo",
    "browser_demo",
    "running",
    "postgresql",
    "redis",
)
#: Rooms whose session fixtures take seconds to make: each room is a group.
MADE_ONCE = ("tests/cards/",)
#: Seconds on an idle machine, of the groups that take long; the others come after them, as they are collected.
SECONDS: Mapping[str, float] = {
    "demo": 100,
    "suite_and_receiver": 70,
    "short_lives": 55,
    "tests/journeys/test_demo.py": 40,
    "tests/browser/test_psc_outage.py": 40,
    "region": 80,
    "browser_demo": 90,
    "tls_demo": 30,
    "tests/contracts/test_hsm_outages.py": 21,
    "tests/cli/keys/test_hardware_keys.py": 19,
    "tests/browser/test_axe.py": 12,
    "tests/browser/test_lighthouse.py": 30,
    "tests/browser/test_modes.py": 20,
    "tests/upgrade/test_rolling.py": 28,
    "tests/cli/db/test_backups.py": 15,
    "tests/cli/install/test_install.py": 25,
    "tests/cli/install/test_compose.py": 15,
    "tests/adapters/igc/test_revocation.py": 15,
    "tests/sandbox/test_igc.py": 13,
    "tests/contracts/test_ephemeral_store.py": 13,
    "tests/contracts/test_ephemeral_several.py": 8,
    "tests/cli/trust/test_trust.py": 12,
    "tests/journeys/test_logout_elsewhere.py": 12,
    "tests/flows/test_psc_outage.py": 12,
    "tests/flows/test_faults.py": 22,
    "tests/journeys/psc/test_two_nodes.py": 8,
    "tests/signing/test_key_directory.py": 11,
    "tests/protocol/logout/test_backchannel.py": 11,
    "tests/adapters/psc/test_circuit.py": 11,
    "tests/adapters/granian/test_rolling_restart.py": 10,
    "tests/contracts/test_crl_index.py": 10,
    "tests/cli/test_starts.py": 10,
    "tests/contracts/test_signers.py": 10,
    "tests/protocol/logout/test_psc_backchannel_logout.py": 10,
    "tests/protocol/logout/test_frontchannel.py": 10,
    "tests/journeys/test_client_charters.py": 9,
    "tests/journeys/test_first_connection.py": 9,
    "tests/journeys/test_store_down.py": 9,
    "tests/sandbox/test_demo_start.py": 9,
    "tests/journeys/cards/test_card_revocation.py": 9,
    "tests/journeys/test_hardware_keys.py": 9,
    "tests/protocol/jose/test_jwt_corpus.py": 9,
    "tests/protocol/client_auth/test_client_assertion_race.py": 9,
    "tests/browser/test_keyboard.py": 8,
    "tests/browser/test_sizes.py": 8,
    "running": 8,
    "tests/cli/card/test_card.py": 8,
    "tests/journeys/cards/test_cards_by_nginx.py": 8,
    "tests/protocol/authorization/test_sign_in.py": 8,
    "tests/protocol/test_findings.py": 8,
    "tests/cli/worker/test_embedded.py": 30,
    "tests/cli/worker/test_worker_ends.py": 12,
    "tests/cli/worker/test_worker.py": 7,
    "tests/protocol/tokens/test_code_redemption_race.py": 7,
    "tests/protocol/tokens/test_refresh.py": 7,
    "tests/protocol/client_auth/test_behind_mtls_proxy.py": 7,
    "tests/journeys/test_charter.py": 7,
    "tests/journeys/test_password_and_code.py": 7,
    "tests/journeys/cards/test_cards_of_one_person.py": 7,
    "tests/protocol/test_no_request_breaks_us.py": 7,
    "tests/adapters/card_host/test_tls_listener.py": 7,
    "tests/flows/test_charter.py": 7,
    "tests/flows/test_psc_freshness.py": 7,
    "tests/adapters/psc/test_provider.py": 7,
    "tests/flows/test_psc_identity.py": 6,
    "tests/flows/test_professional_context.py": 6,
    "tests/conformance/test_profile.py": 6,
    "tests/cli/serve/test_operations.py": 14,
    "tests/cli/serve/test_serve_alive.py": 6,
    "tests/adapters/granian/test_server.py": 6,
    "tests/flows/test_other_tabs.py": 6,
    "tests/protocol/logout/test_end_session.py": 6,
    "tests/house/test_imports.py": 7,
    "tests/house/test_outbound_calls.py": 6,
    "tests/sandbox/test_rp.py": 6,
    "tests/adapters/psc/test_simulator.py": 6,
    "tests/protocol/client_auth/test_mtls.py": 6,
    "tests/protocol/client_auth/test_fapi2.py": 6,
    "tests/pages/test_templates.py": 15,
    "tests/pictures/test_pictures.py": 8,
    "tests/sandbox/test_style_guide.py": 9,
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
