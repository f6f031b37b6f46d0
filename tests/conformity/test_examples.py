"""docs/conformity holds what `idp conformity` says of a hospital, a region and the demo."""

import pytest

from idp.conformity.report import Report
from tests.conformity.examples import EXAMPLES, FOLDER, page_of


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_is_what_the_report_says(name: str) -> None:
    page = (FOLDER / f"{name}.md").read_text("utf-8")
    assert page == page_of(name), "run python -m tests.conformity.examples"


def test_the_hospital_is_green_the_region_and_the_demo_are_red() -> None:
    reports: dict[str, Report] = {name: report() for name, report in EXAMPLES.items()}
    assert {name: report.is_red for name, report in reports.items()} == {
        "hospital": False,
        "region": True,
        "demo": True,
    }
    assert reports["hospital"].fapi_clients == ("dossier-patient",)
    of_demo = {one.rule.id for one in reports["demo"].broken} - {
        one.rule.id for one in reports["region"].broken
    }
    assert of_demo == {"rie-1.exi-03.card", "rie-1.exi-03.psc"}
