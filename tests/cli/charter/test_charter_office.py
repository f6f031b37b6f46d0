"""`idp charter`: what an operator sees before a charter is published, announced or withdrawn, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from idp.accounts.charter import CharterRevision
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.schema import audit_events
from idp.cli.main import main
from tests.cli.terminal import sit_at
from tests.commands import set_environment
from tests.provider import Provider

WORDS = "mot " * 60
FAR = "2099-12-15"


@dataclass
class Operator:
    place: Path
    house: Provider
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def file(self, name: str, text: str) -> str:
        path = self.place / f"{name}.md"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def run(self, *arguments: str, typed: str | None = None) -> tuple[int, str, str]:
        """`typed`: at the terminal; None: there is none."""
        sit_at(self.monkeypatch, typed)
        try:
            status = main(["charter", *arguments])
        except SystemExit as end:
            status = int(str(end.code))
        said = self.capsys.readouterr()
        return status, said.out, said.err

    def publish(self, revision: str, *more: str, text: str | None = None) -> tuple[int, str, str]:
        file = self.file(revision, text or f"# Charte {revision}\n{WORDS}\n")
        return self.run("publish", "--revision", revision, "--fr", file, "--yes", *more)

    def refused(self, status: int, *arguments: str, typed: str | None = None) -> str:
        """Why nothing was done."""
        before = self.names()
        found, _, told = self.run(*arguments, typed=typed)
        assert (found, self.names()) == (status, before)
        assert told.startswith(("idp: ", "usage: "))
        assert "Traceback" not in told
        return told

    def names(self) -> list[str]:
        listed = json.loads(self.run("list", "--json")[1])
        return [f"{one['charter']} {one['revision']}: {one['state']}" for one in listed]

    def told(self) -> list[tuple[str, dict[str, str]]]:
        rows = sa.select(audit_events.c.event, audit_events.c.facts).where(
            audit_events.c.event.like("charter:%")
        )
        with self.house.database.connect() as connection:
            return [(row.event, row.facts) for row in connection.execute(rows.order_by(audit_events.c.id))]


@pytest.fixture
def operator(
    tmp_path: Path,
    app_factory: Callable[..., Provider],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Operator:
    house = app_factory()
    set_environment(monkeypatch, DATABASE=house.settings.where.database)
    return Operator(tmp_path, house, monkeypatch, capsys)


def test_what_it_will_do_is_shown_and_asked_about(operator: Operator) -> None:
    assert operator.publish("2026-2")[0] == 0
    text = f"---\nchanges: Deux lignes.\n---\n## Article 1\n\n# Les **règles**\n{WORDS}\nLigne.\n"
    asked = ("publish", "--revision", "2026-3", "--fr", operator.file("next", text))
    for answer in ("n\n", "\n", "", "yes please\n"):
        assert "not published" in operator.refused(1, *asked, typed=answer)
    status, said, _ = operator.run(*asked, typed="y\n")
    assert status == 0
    for words in (
        "charter    house, revision 2026-3",
        "text fr    Les **règles**, 65 words",
        "lines: 4 added, 1 removed since 2026-2",
        "tells what changed: Deux lignes.",
        "asks       1 person",
        "Publish it? [y/N]",
        "Published: charter house, revision 2026-3.",
    ):
        assert words in said, words


def test_what_another_operator_published_meanwhile_is_looked_at_before(operator: Operator) -> None:
    file = operator.file("mine", f"# Charte\n{WORDS}Ma ligne.\n")
    other = CharterRevision(
        revision="theirs", published_at=datetime.now(UTC), texts={"fr": f"# Charte\n{WORDS}Ma ligne.\n"}
    )
    charters = SqlCharters(operator.house.database)
    sit_at(operator.monkeypatch, "y\n", meanwhile=lambda: charters.publish(other))
    assert main(["charter", "publish", "--revision", "mine", "--fr", file]) == 1
    assert "meanwhile: look again" in operator.capsys.readouterr().err
    assert charters.current().revision == "theirs"


def test_without_a_terminal_nothing_is_published_unless_it_was_said(operator: Operator) -> None:
    asked = ("publish", "--revision", "2026-2", "--fr", operator.file("next", f"# Charte\n{WORDS}"))
    assert "say --yes" in operator.refused(2, *asked)
    assert "say --yes" in operator.refused(2, "withdraw", "2026-1")
    assert operator.run(*asked, "--yes")[0] == 0


#: Texts, and why none of them is a charter.
NO_CHARTERS = (
    ("x", "fewer than 50 words (1)"),
    ("", "fewer than 50 words (0)"),
    ("# Charte\n\n* * *\n", "fewer than 50 words (1)"),
    (WORDS, "no title"),
    (f"<h1>Charte</h1><p>{WORDS}</p>", "no title"),
    (f"#\n{WORDS}", "no title"),
    (f"---\nchange: x\n---\n# Charte\n{WORDS}", "`change` is no member"),
    (f"---\nchanges: 'x\n---\n# Charte\n{WORDS}", "expected YAML"),
)


def test_a_text_that_is_no_charter_is_refused_in_either_language(operator: Operator) -> None:
    good = operator.file("good", f"# Charte\n{WORDS}")
    for text, words in NO_CHARTERS:
        file = operator.file("wrong", text)
        asked = ("publish", "--revision", "2026-2", "--yes", "--fr")
        assert words in operator.refused(1, *asked, file), text
        assert words in operator.refused(1, *asked, good, "--en", file), text


def test_a_file_that_is_missing_or_no_text_is_told(operator: Operator) -> None:
    (operator.place / "scan.md").write_bytes(b"%PDF-1.7\xff\xfe")
    for name, words in (("scan.md", "not UTF-8"), ("none.md", "no such file")):
        file = str(operator.place / name)
        assert words in operator.refused(1, "publish", "--revision", "2026-2", "--fr", file, "--yes")
        assert words in operator.run("preview", "--fr", file)[2]


def test_the_same_text_is_not_published_again_nor_the_same_name(operator: Operator) -> None:
    operator.publish("2026-2")
    same = ("publish", "--fr", str(operator.place / "2026-2.md"), "--yes", "--revision")
    assert "that is the text of 2026-2" in operator.refused(3, *same, "2026-3")
    assert "exists already" in operator.refused(3, *same, "2026-2")


def test_a_revision_is_announced_listed_counted_and_withdrawn(operator: Operator) -> None:
    status, said, _ = operator.publish("2026-2", "--from", FAR)
    assert (status, "Announced: charter house, revision 2026-2." in said) == (0, True)
    assert "from 15 December 2099 on; until then they may put it off" in said
    assert operator.names() == ["house 2026-1: in force", "house 2026-2: announced for 2099-12-15"]
    assert json.loads(operator.run("status", "--json")[1]) == [
        {
            "charter": "house",
            "in_force": "2026-1",
            "announced": "2026-2",
            "due_from": "2099-12-15",
            "people": 1,
            "left": 1,
            "due": 0,
        }
    ]
    assert "2026-2 from 2099-12-15" in operator.run("status")[1]
    other = ("publish", "--revision", "2026-3", "--yes", "--fr", operator.file("3", f"# Trois\n{WORDS}"))
    assert "`idp charter withdraw 2026-2` first" in operator.refused(3, *other)
    assert "`idp charter withdraw 2026-2` first" in operator.refused(3, *other, "--from", "2099-01-01")
    status, said, _ = operator.run("withdraw", "2026-2", typed="y\n")
    assert (status, "only announced: nobody is asked for it any more" in said) == (0, True)
    assert operator.names()[1].startswith("house 2026-2: withdrawn 20")
    facts = {"charter": "house", "revision": "2026-2"}
    assert operator.told() == [
        ("charter:publish:accepted", facts | {"from": "2099-12-14T23:00:00+00:00"}),
        ("charter:withdraw:accepted", facts),
    ]


def test_what_is_in_force_is_withdrawn_and_the_one_before_comes_back(operator: Operator) -> None:
    assert "none before 2026-1" in operator.refused(1, "withdraw", "2026-1", "--yes")
    assert "there is no revision 2025-1" in operator.refused(1, "withdraw", "2025-1", "--yes")
    operator.publish("2026-2")
    assert "not withdrawn" in operator.refused(1, "withdraw", "2026-2", typed="n\n")
    assert "2026-1 is not in force" in operator.refused(1, "withdraw", "2026-1", "--yes")
    # What would come of it is not told of what is not done.
    assert operator.run("withdraw", "2026-1", "--yes")[1] == ""
    assert "exists already" in operator.refused(3, "withdraw", "2026-2", "--as", "2026-1", "--yes")
    status, said, _ = operator.run("withdraw", "2026-2", "--yes")
    assert status == 0
    assert "accepted by 0 people" in said
    # The one person had accepted the text that came back.
    assert "In force: 2026-1-again, with the text of before; 0 people still to accept it." in said
    assert "was withdrawn on" in operator.refused(1, "withdraw", "2026-2", "--yes")
    assert operator.told()[-1] == (
        "charter:withdraw:accepted",
        {"charter": "house", "revision": "2026-2", "restored": "2026-1-again"},
    )
    listed, standing = (json.loads(operator.run(which, "--json")[1]) for which in ("list", "status"))
    assert [one["accepted"] for one in listed] == [1, 0, 1]
    assert (standing[0]["people"], standing[0]["left"]) == (1, 0)
    operator.publish("2026-4")
    assert operator.run("withdraw", "2026-4", "--as", "2026-5", "--yes")[0] == 0
    assert operator.names()[-1] == "house 2026-5: in force"


def test_a_day_that_cannot_be_is_refused(operator: Operator) -> None:
    file, form = operator.file("next", f"# Charte\n{WORDS}"), "expected a day, year first"
    days = {
        "2020-01-01": "1 January 2020 is not to come",
        datetime.now(UTC).date().isoformat(): "is not to come",
        "2099-02-30": "there is no such day",
        **dict.fromkeys(("15/12/2099", "2099-W50", "20991215", "demain", ""), form),
    }
    for day, words in days.items():
        asked = ("publish", "--revision", "2026-2", "--fr", file, "--yes", f"--from={day}")
        assert words in operator.refused(2, *asked), day


def test_the_first_revision_of_a_charter_cannot_be_announced(operator: Operator) -> None:
    file = operator.file("first", f"# Charte\n{WORDS}")
    asked = ("publish", "--charter", "region", "--revision", "1", "--fr", file, "--yes")
    assert "the first revision has none before it" in operator.refused(2, *asked, "--from", FAR)
    status, said, _ = operator.run(*asked)
    assert (status, "0 people, and whoever comes to an application" in said) == (0, True)
    assert operator.publish("2", "--charter", "region", "--from", FAR)[0] == 0
    assert operator.names()[1:] == ["region 1: in force", "region 2: announced for 2099-12-15"]
    assert "region" not in operator.run("list", "--charter", "house")[1]


def test_a_translation_that_falls_away_is_told(operator: Operator) -> None:
    operator.publish("2026-2", "--en", operator.file("en", f"# Charter\n{WORDS}"))
    assert "text en    none, and 2026-2 has one: its readers will see French" in operator.publish("2026-3")[1]
    said = operator.publish("2026-4", "--en", operator.file("en", f"# Charter\n{WORDS}"))[1]
    assert "2026-3 has none in this language" in said


def test_a_text_is_shown_as_it_was_published(operator: Operator) -> None:
    operator.publish("2026-2", "--from", FAR)
    text = f"# Charte 2026-2\n{WORDS}\n"
    status, said, told = operator.run("show")
    assert (status, said, "announced for 2099-12-15, 63 words" in told) == (0, text, True)
    assert "Lisez" in operator.run("show", "2026-1")[1]
    shown = json.loads(operator.run("show", "2026-2", "--json")[1])
    assert (shown["texts"], shown["accepted"], shown["due_from"]) == ({"fr": text}, 0, "2099-12-15")
    for unknown in (("2025-9",), ("--charter", "region")):
        assert "has no revision" in operator.refused(1, "show", *unknown)


def test_a_preview_is_the_page_of_the_real_template_in_one_file(operator: Operator) -> None:
    file = operator.file("next", f"---\nchanges: Tout.\n---\n# Règles\n<script>alert(1)</script>\n\n{WORDS}")
    out = operator.place / "page.html"
    asked = ("preview", "--fr", file, "--from", FAR, "--revision", "2026-9")
    assert operator.run(*asked, "--out", str(out))[:2] == (0, f"Written: {out}\n")
    page = out.read_text("utf-8")
    for words in (
        "<h2>Règles</h2>",
        "Version 2026-9",
        "15\u00a0décembre\u00a02099",
        "Plus tard",
        "Ce qui change",
        "<style>",
    ):
        assert words in page, words
    assert "/static/" not in page
    assert "<script>" not in page
    assert "Read and accept" in operator.run(*asked, "--lang", "en")[1]
    assert "Lisez." in operator.run("preview")[1]
    assert "has no 2025-1" in operator.refused(1, "preview", "--revision", "2025-1")
    assert "--en goes with --fr" in operator.refused(2, "preview", "--en", file)
    assert operator.names() == ["house 2026-1: in force"]


def test_an_announcement_is_published_for_its_day(operator: Operator) -> None:
    operator.publish("2026-2", "--from", FAR)
    charters = SqlCharters(operator.house.database)
    assert (charters.current().revision, charters.newest().revision) == ("2026-1", "2026-2")
    assert charters.newest().due_from == datetime(2099, 12, 14, 23, tzinfo=UTC)
