"""Each rule that settings decide is met by some, and by others not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idp.conformity.rule import Force, Verdict
from idp.conformity.rule_book import shipped_rules
from tests.conformity.judging import CLIENTS, NOON, PSC, installation, judged, report

_S, _DAY = timedelta(seconds=1), timedelta(days=1)
_THROTTLED: list[dict[str, Any]] = [
    {"password_min": 14, "password_own": 8},
    {"password_free_tries": 6},
    {"password_first_wait": 59 * _S},
    {"password_tries_per_day": 26},
]
_FIXED = {"issuer": "http://localhost:8400", "mail_code_fixed": "12345678"}
_NO_PSC_THERE = {
    name: replace(client, authenticators=("cps", "password")) for name, client in CLIENTS.items()
}

#: Of each rule: settings that meet it, and all those of which one alone does not.
DECIDED: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "rie-1.exi-03.card": ({}, [{"card_accept_test_cards": True}]),
    "rie-1.exi-03.psc": (
        PSC,
        [
            {},
            {**PSC, "psc_issuer": "https://psc.example"},
            {**PSC, "psc_token_endpoint": "https://psc.example/token"},
        ],
    ),
    "rie-1.exi-03.transition": ({"password_door": False}, [{"passkeys": "demand"}, {}]),
    "rie-1.exi-04": (PSC, [{"opened": {"psc": False}}, {**PSC, "clients": _NO_PSC_THERE}]),
    "rie-1.exi-05": (PSC, [{**PSC, "psc_accept_missing_acr": True}]),
    "rie-1.exi-21.card": (
        {"card_revocation_bypass_until": NOON - _S},
        [{"card_revocation_bypass_until": NOON + _S}],
    ),
    "rie-1.exi-22": ({"passkeys": "demand"}, [{}, {"passkeys": "forbid"}]),
    "rie-1.exi-25": ({"password_first_wait": 60 * _S}, _THROTTLED),
    "rie-1.exi-27.own": ({"account_identity_proved_every": 24}, [{"account_identity_proved_every": 25}, {}]),
    "rie-2.ps-03": (
        PSC,
        [{"opened": {"psc": False}}, {"opened": {"cps": False, "password": False, "passkey": False}}],
    ),
    "rie-2.ps-08.proved": ({}, [{"account_identity_proved_every": 37}]),
    "rie-2.ps-09.password": ({"passkeys": "demand"}, [{}]),
    "rie-2.ps-13": ({}, [{"session_life": 14401 * _S}, {"session_idle": 1801 * _S}]),
    "rie-2.ps-13.browser": ({}, [{"new_browser_notice": False}]),
    "rie-2.ps-16": (
        {"card_revocation_bypass_until": NOON + _DAY},
        [{"card_revocation_bypass_until": NOON + _DAY + _S}],
    ),
    "rie-2.ps-16.activation": ({}, [{"activation_life": 86401 * _S}]),
    "rie-2.ps-17": ({}, [_FIXED]),
    "nist-63b-4.aal2.password": (
        {"passkeys": "demand"},
        [{}, {"passkeys": "demand", "issuer": "https://192.0.2.1"}],
    ),
    "nist-63b-4.password": ({}, [{"password_min": 14, "password_own": 8}]),
    "nist-63b-4.throttling": ({}, [{"password_failures_in_a_row": 101}]),
    "nist-63b-4.codes": ({}, [{"mail_code_life": 601 * _S}]),
    "cnil-2022-100.entropy": ({}, [*_THROTTLED, {"password_first_wait": 60 * _S}]),
    "cnil-2022-100.storage": ({}, [{"argon2_time": 1}, {"argon2_memory_kib": 19455}]),
    "cnil-2022-100.health": ({}, [_FIXED]),
    "cnil-2021-122.life": (
        {"audit_life": 366 * _DAY},
        [{"audit_life": 367 * _DAY}, {"audit_life": 179 * _DAY}, {"audit_deleted_by": "month"}],
    ),
    "fapi-2.fa4": ({}, [{"code_life": 61 * _S}]),
    "fapi-2.fa8": ({}, [{"clock_ahead": 9 * _S}, {"clock_ahead": 61 * _S}]),
}
_RULES = shipped_rules().rules


def test_every_rule_that_something_decides_is_in_the_table() -> None:
    assert set(DECIDED) == {rule.id for rule in _RULES.values() if rule.holds}


@pytest.mark.parametrize("rule", DECIDED)
def test_some_settings_meet_it_and_each_of_the_others_does_not(rule: str) -> None:
    meeting, others = DECIDED[rule]
    assert judged(report(**meeting), rule).verdict is Verdict.MET
    otherwise = Verdict.NOT_MET if _RULES[rule].who is None else Verdict.NOT_OURS
    assert [judged(report(**changes), rule).verdict for changes in others] == [otherwise] * len(others)


@pytest.mark.parametrize("rule", DECIDED)
def test_each_of_its_conditions_alone_may_fail(rule: str) -> None:
    """None is only for show."""
    failed = {
        rank
        for changes in DECIDED[rule][1]
        for rank, condition in enumerate(_RULES[rule].holds)
        if not condition.is_true_of(installation(**changes))
    }
    assert failed == set(range(len(_RULES[rule].holds)))


def test_what_nothing_here_decides_is_met_by_its_tests_or_said_by_somebody_else() -> None:
    for rule in _RULES.values():
        if not rule.holds:
            expected = Verdict.MET if rule.who is None else Verdict.NOT_OURS
            assert judged(report(), rule.id).verdict is expected
        assert rule.shown_by or rule.who


def test_the_fapi_profile_has_no_object_where_no_client_chose_it() -> None:
    without = {name: client for name, client in CLIENTS.items() if client.profile is None}
    for rule in (rule for rule in _RULES.values() if rule.profile):
        found = report(clients=without, code_life=61 * _S, clock_ahead=61 * _S)
        assert judged(found, rule.id).verdict is Verdict.NO_OBJECT
        assert not judged(found, rule.id).is_broken
    assert report().fapi_clients == ("dossier-patient",)
    assert without


def test_each_means_has_rules_of_every_text_that_concerns_it() -> None:
    texts = {part.means: {one.rule.standard for one in part.judged} for part in report().means}
    assert texts == {
        "cps": {"rie-1", "rie-2", "nist-63b-4"},
        "psc": {"rie-1", "nist-63b-4"},
        "password": {"rie-1", "rie-2", "nist-63b-4", "cnil-2022-100"},
        "passkey": {"rie-1", "rie-2", "nist-63b-4"},
        "service": {"rie-1", "rie-2", "cnil-2021-122", "fapi-2", "rgaa-4"},
    }


def test_the_draft_binds_nobody_and_every_other_text_has_its_day() -> None:
    forces = {
        standard: {rule.force_on(NOON.date()) for rule in _RULES.values() if rule.standard == standard}
        for standard in shipped_rules().standards
    }
    assert forces.pop("rie-2") == {Force.DRAFT}
    assert forces.pop("rie-1") == {Force.IN_FORCE, Force.ENDED}
    assert set(map(frozenset, forces.values())) == {frozenset({Force.IN_FORCE})}
