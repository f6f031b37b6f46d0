"""The tables of docs/performance.md."""

import json
from pathlib import Path

import pytest

from bench import report
from bench.report import PAGE, read_rows, replace_section, spread, write_report

ROW = {
    "peer": "caducee-es256",
    "mode": "one core",
    "at": 1764460800,
    "workload": "W1",
    "flows_per_s": 500.0,
    "server_ms": 1.5,
    "stores_ms": 0.5,
    "p50_ms": 12.0,
    "p99_ms": 20.0,
    "rss_mib": 100.0,
    "pss_mib": 90.0,
}
BEFORE = {**ROW, "peer": "before-es256", "flows_per_s": 50.0, "server_ms": 16.0, "stores_ms": 4.0}


def test_a_section_is_written_between_its_marks_and_kept_without_content() -> None:
    page = "a\n<!-- rates: written by make bench -->\nold\n<!-- end of rates -->\nb\n"
    assert replace_section(page, "rates", "new") == page.replace("old", "new")
    assert replace_section(page, "rates", "") == page
    with pytest.raises(ValueError, match="no section memory"):
        replace_section(page, "memory", "new")


def test_a_figure_is_the_median_with_least_and_most() -> None:
    assert spread([{"a": 1.0}, {"a": 9.0}, {"a": 2.0}], "a") == "2.0 (1.0–9.0)"
    assert spread([{"a": 1234.5}], "a") == "1,234.5"
    assert spread([{"a": None}], "a") == "–"


def test_runs_that_failed_are_no_rows(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    results.write_text(f"{json.dumps(ROW)}\n{json.dumps({'peer': 'x', 'failed': 'y'})}\n")
    assert read_rows(results) == [ROW]
    assert read_rows(tmp_path / "none") == []


def test_the_page_says_before_and_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, results = tmp_path / "performance.md", tmp_path / "results.jsonl"
    page.write_text(PAGE.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "BEFORE_FILE", tmp_path / "before.jsonl")
    results.write_text(f"{json.dumps(ROW)}\n{json.dumps(BEFORE)}\n")
    write_report(results)
    written = page.read_text("utf-8")
    assert (
        "| PostgreSQL + Redis, ES256 | W1 | 50.0 | 500.0 | × 10.0 | 20.00 | 2.00 | ÷ 10.0 | – | – |"
        in written
    )
    assert "| Caducée, PostgreSQL + Redis | 500.0 |" in written
    assert "| Caducée, PostgreSQL + Redis, ES256 | – | 100 · 90 | – |" in written
    # What was before is kept: a later run alone tells the same.
    results.write_text(f"{json.dumps(ROW)}\n")
    page.write_text(PAGE.read_text("utf-8"), "utf-8")
    write_report(results)
    assert page.read_text("utf-8") == written
