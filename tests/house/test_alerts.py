"""The alert rules, the dashboard and their page speak of the same alerts and of numbers that there are."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from idp.core import measures
from idp.core.meters import MOST_CHILDREN, Counter, Family, Histogram
from tests.house.reading import modules

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "deploy" / "observability"
RULES = PLACE / "alerts.yml"
PAGE = (ROOT / "docs" / "alerts.md").read_text("utf-8")
_NUMBER = re.compile(r"\bcaducee_[a-z_]+\b")


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def told() -> set[str]:
    """The names of metrics, as their families are called."""
    counted = {
        f"{one.name}_total" if isinstance(one, Counter) else one.name
        for one in vars(measures).values()
        if isinstance(one, Family)
    }
    looked_up = {name for module in modules("idp") if module.room == "wiring" for name in _named(module.path)}
    return counted | looked_up


def _named(source: Path) -> set[str]:
    return set(re.findall(r'name="(caducee_\w+)"', source.read_text("utf-8")))


def samples() -> set[str]:
    """As expressions name them."""
    histograms = [one.name for one in vars(measures).values() if isinstance(one, Histogram)]
    return told() - set(histograms) | {
        f"{name}_{end}" for name in histograms for end in ("bucket", "count", "sum")
    }


def dashboard() -> list[str]:
    panels = json.loads((PLACE / "dashboard.json").read_text("utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_the_page_has_each_alert_and_no_other_and_its_rule_leads_there() -> None:
    names = [rule["alert"] for rule in rules()]
    assert re.findall(r"(?m)^### (\w+)$", PAGE) == names
    for rule in rules():
        assert rule["annotations"]["runbook"] == f"docs/alerts.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]


def test_the_page_has_each_number_and_no_other() -> None:
    table = PAGE.partition("## The numbers")[2]
    assert set(_NUMBER.findall(table)) == told()


def test_expressions_name_numbers_that_there_are() -> None:
    for expression in [*(rule["expr"] for rule in rules()), *dashboard()]:
        unknown = set(_NUMBER.findall(expression)) - samples()
        assert not unknown, (expression, unknown)


def test_every_number_is_on_the_dashboard_or_has_an_alert() -> None:
    seen = set(_NUMBER.findall(" ".join([*(rule["expr"] for rule in rules()), *dashboard()])))
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in seen} | seen
    assert told() - families <= {"caducee_events_total"}


def test_no_label_can_have_values_without_end() -> None:
    """The labels are these, and each has values of ours; `core/meters` bounds them all the same."""
    labels = {label for one in vars(measures).values() if isinstance(one, Family) for label in one.labels}
    assert labels == {
        "answer", "call", "client", "credential", "door", "endpoint", "ends", "event", "kind", "of", "outcome",
        "rule", "status", "stop", "store", "what",
    }  # fmt: skip
    assert MOST_CHILDREN == 400


def test_prometheus_itself_takes_the_rules() -> None:
    checked = subprocess.run(
        ["promtool", "check", "rules", RULES], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert f"{len(rules())} rules found" in checked.stdout


def test_the_expressions_of_the_dashboard_are_promql(tmp_path: Path) -> None:
    """As rules they are parsed by promtool (Debian's package prometheus); `$__rate_interval` is Grafana's."""
    made = [
        {"record": f"panel:{rank}", "expr": expression.replace("$__rate_interval", "5m")}
        for rank, expression in enumerate(dashboard())
    ]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": made}]}, allow_unicode=True))
    checked = subprocess.run(
        ["promtool", "check", "rules", file], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
