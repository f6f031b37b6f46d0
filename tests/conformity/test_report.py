"""When a rule makes the report red: the day, whether the means is open, and what the operator answered."""

import json
from pathlib import Path

import pytest

from idp.conformity.as_json import as_json
from idp.conformity.markdown import markdown
from idp.conformity.rule import Force, RuleBook, Verdict
from idp.conformity.rule_book import rule_book
from tests.conformity.judging import PSC, judged, on, report, written

_TRANSITION = "rie-1.exi-03.transition"
_KEPT = {**PSC, "passkeys": "demand", "account_identity_proved_every": 24}


def book_of(place: Path, text: str) -> RuleBook:
    return rule_book(written(place / "rules.yaml", text))


def _answer(more: str = "", **changes: str) -> str:
    members = {
        "rule": _TRANSITION,
        "answer": "met",
        "by": '"Décision 7: approved | *really* _so_ [x](y) PASSWORD_MAX <b>"',
        "since": "2026-02-01",
        **changes,
    }
    return "answers:\n  - " + "\n    ".join(f"{name}: {value}" for name, value in members.items()) + more


@pytest.mark.parametrize(
    ("day", "force", "is_red"),
    [
        ("2025-12-31", Force.NOT_YET, False),
        ("2026-01-01", Force.IN_FORCE, True),
        ("2036-01-01", Force.IN_FORCE, True),
    ],
)
def test_transition_means_break_their_rule_from_its_day_on(day: str, force: Force, is_red: bool) -> None:
    found = report(at=on(day), **_KEPT)
    one = judged(found, _TRANSITION)
    assert (one.verdict, one.force, one.is_broken, found.is_red) == (Verdict.NOT_MET, force, is_red, is_red)


@pytest.mark.parametrize(
    ("day", "force"),
    [
        ("2022-05-31", Force.NOT_YET),
        ("2022-06-01", Force.IN_FORCE),
        ("2025-12-31", Force.IN_FORCE),
        ("2026-01-01", Force.ENDED),
    ],
)
def test_a_rule_is_in_force_on_its_first_day_and_on_its_last(day: str, force: Force) -> None:
    assert judged(report(at=on(day)), "rie-1.exi-22").force is force


def test_a_rule_that_ended_breaks_nothing(tmp_path: Path) -> None:
    text = (
        "rules:\n  - {id: rie-1.exi-03.transition, standard: rie-1, clause: x, since: 2026-01-01, "
        "until: 2026-06-30, means: [password], asks: {fr: x, en: x}, source: x, "
        "holds: [{setting: PASSWORD_DOOR, is: false}], shown_by: "
        "[tests/flows/test_choice.py::test_tokens_of_the_password_door_end_when_the_house_closes_it]}\n"
    )
    book = book_of(tmp_path, text)
    assert [report(book, at=on(day), **_KEPT).is_red for day in ("2026-06-30", "2026-07-01")] == [True, False]


def test_a_closed_means_breaks_nothing_and_is_judged_all_the_same() -> None:
    found = report(opened={"password": False}, **_KEPT)
    one = judged(found, _TRANSITION)
    assert (one.verdict, one.is_broken, found.is_red) == (Verdict.NOT_MET, False, False)


def test_a_password_with_a_mail_code_is_no_two_factors_and_the_report_is_red() -> None:
    found = report(**PSC)
    assert {(one.means, one.rule.id) for one in found.broken} == {
        ("password", _TRANSITION),
        ("password", "rie-1.exi-27.own"),
        ("passkey", "rie-1.exi-27.own"),
        ("password", "nist-63b-4.aal2.password"),
    }


@pytest.mark.parametrize(
    ("day", "verdict", "is_lapsed"),
    [
        ("2026-01-31", Verdict.NOT_MET, False),
        ("2026-02-01", Verdict.MET, False),
        ("2030-01-31", Verdict.MET, False),
        ("2030-02-01", Verdict.NOT_MET, True),
    ],
)
def test_an_answer_counts_in_its_days_and_is_told_once_over(
    tmp_path: Path, day: str, verdict: Verdict, is_lapsed: bool
) -> None:
    book = book_of(tmp_path, _answer("\n    until: 2030-01-31\n"))
    found = report(book, at=on(day), **_KEPT)
    one = judged(found, _TRANSITION)
    assert (one.verdict, one.ours, one.lapsed is not None) == (verdict, Verdict.NOT_MET, is_lapsed)
    assert found.is_red is (verdict is Verdict.NOT_MET)
    assert ("réponse échue le 31 janvier 2030" in markdown(found, "fr")) is is_lapsed
    assert ("sans cette réponse : **non tenu**" in markdown(found, "fr")) is (verdict is Verdict.MET)


def test_an_answer_may_be_that_it_is_not_met(tmp_path: Path) -> None:
    book = book_of(tmp_path, _answer(rule="rie-1.exi-03.own", answer="not_met"))
    found = report(book, opened={"password": False}, **_KEPT)
    assert [(one.means, one.rule.id) for one in found.broken] == [("passkey", "rie-1.exi-03.own")]


def test_an_answer_of_one_means_leaves_the_others(tmp_path: Path) -> None:
    book = book_of(tmp_path, _answer(rule="rie-1.exi-27.own", means="[passkey]"))
    found = report(book, **PSC)
    rule = "rie-1.exi-27.own"
    assert (judged(found, rule, "password").is_broken, judged(found, rule, "passkey").is_broken) == (
        True,
        False,
    )


def test_what_is_removed_is_judged_no_more_and_told(tmp_path: Path) -> None:
    text = f"removed:\n  - {{rule: {_TRANSITION}, why: the service is not sensitive, by: counsel}}\n"
    found = report(book_of(tmp_path, text), **_KEPT)
    assert not found.is_red
    assert f"`{_TRANSITION}` removed by counsel: the service is not sensitive" in markdown(found, "en")
    assert as_json(found)["corrections"]["removed"] == [
        {"rule": _TRANSITION, "why": "the service is not sensitive", "by": "counsel"}
    ]


def test_what_an_operator_writes_comes_out_as_text(tmp_path: Path) -> None:
    page = markdown(report(book_of(tmp_path, _answer())), "fr")
    assert r"Décision 7: approved \| \*really\* \_so\_ \[x](y) PASSWORD_MAX &lt;b>" in page
    assert "<b>" not in page


@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_row_of_a_table_has_its_cells(language: str) -> None:
    rows = [line for line in markdown(report(), language).splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(part.judged) for part in report().means)
    assert {row.replace("\\|", "").count(" | ") for row in rows} == {5}


def test_no_secret_is_shown() -> None:
    found = report(issuer="http://localhost:8400", mail_code_fixed="12345678")
    assert "12345678" not in markdown(found, "fr") + json.dumps(as_json(found))
    assert "`MAIL_CODE_FIXED` = défini, secret (attendu vide)" in markdown(found, "fr")


def test_json_says_what_the_document_says() -> None:
    found = report(**PSC)
    told = json.loads(json.dumps(as_json(found)))
    assert (told["is_red"], told["day"], told["issuer"]) == (True, "2026-11-30", "https://id.example")
    assert {"means": "password", "rule": _TRANSITION} in told["broken"]
    (rule,) = (
        rule
        for part in told["means"]
        for rule in part["rules"]
        if part["id"] == "password" and rule["id"] == _TRANSITION
    )
    assert (rule["verdict"], rule["force"], rule["since"], rule["until"]) == (
        "not_met",
        "in_force",
        "2026-01-01",
        None,
    )
    assert rule["settings"] == [
        {
            "name": "PASSWORD_DOOR",
            "value": {"fr": "true", "en": "true"},
            "wanted": {"fr": "attendu false", "en": "expected false"},
        }
    ]
    assert len(rule["tests"]) == 3
