"""`idp charter publish` and what `idp clients check` says of charters, as an operator runs them."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from idp.accounts.charter import NoCharterPublished
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import open_database
from idp.adapters.sql.schema import audit_events
from tests.commands import idp
from tests.made_once import place_database

#: Enough to make a charter.
WORDS = "mot " * 60
_CLIENT = """\
clients:
  - client_id: viatrajectoire
    client_name: ViaTrajectoire
    client_uri: https://trajectoire.example/
    token_endpoint_auth_method: none
    redirect_uris: ["https://trajectoire.example/callback"]
"""


@dataclass
class Operator:
    """A shell with the settings of one provider."""

    place: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.place / 'db.sqlite'}"

    def run(self, *arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        own = {"DATABASE": self.url, "CLIENTS_FILE": str(self.place / "clients.yaml")}
        return idp(*arguments, **(own | changes))

    def publish(self, revision: str, *more: str) -> "subprocess.CompletedProcess[str]":
        text = self.place / "charter.md"
        text.write_text(f"# Charte {revision}\n{WORDS}\n")
        return self.run("charter", "publish", "--revision", revision, "--fr", str(text), "--yes", *more)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    place_database(tmp_path / "db.sqlite")
    (tmp_path / "clients.yaml").write_text(f"{_CLIENT}    charters: [viatrajectoire, ghr]\n")
    return Operator(tmp_path)


def test_each_charter_has_revisions_of_its_own(operator: Operator) -> None:
    assert operator.publish("2026-1").returncode == 0
    assert operator.publish("2026-1", "--charter", "ghr").returncode == 0
    again = operator.publish("2026-1", "--charter", "ghr")
    assert (again.returncode, "exists already" in again.stderr) == (3, True)
    database = open_database(operator.url)
    assert [SqlCharters(database).current(name).revision for name in ("house", "ghr")] == ["2026-1"] * 2
    with pytest.raises(NoCharterPublished):
        SqlCharters(database).current("viatrajectoire")
    with database.connect() as connection:
        facts = list(
            connection.execute(sa.select(audit_events.c.facts).order_by(audit_events.c.id)).scalars()
        )
    database.dispose()
    assert facts == [{"charter": name, "revision": "2026-1"} for name in ("house", "ghr")]


@pytest.mark.parametrize("name", ["", "Ghr", "a b", "é", "-a", "x" * 41])
def test_a_name_that_no_client_could_demand_is_wrong_use(operator: Operator, name: str) -> None:
    refused = operator.publish("2026-1", f"--charter={name}")
    assert refused.returncode == 2
    assert "small letters, digits and dashes" in refused.stderr


def test_the_check_names_each_charter_never_published_at_its_place(operator: Operator) -> None:
    checked = operator.run("clients", "check")
    file = operator.place / "clients.yaml"
    assert checked.returncode == 1
    assert checked.stderr.splitlines() == [
        f"idp: {file}:7:{column}: expected a published charter: `idp charter publish --charter {name}`"
        f"; `{name}` stands there (`charters` of `viatrajectoire`)"
        for column, name in ((16, "viatrajectoire"), (32, "ghr"))
    ]
    operator.publish("2026-1", "--charter", "viatrajectoire")
    assert operator.run("clients", "check").stderr.count("expected a published charter") == 1
    operator.publish("2026-1", "--charter", "ghr")
    checked = operator.run("clients", "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "no fault" in checked.stdout


@pytest.mark.parametrize("database", ["sqlite:////nowhere/db.sqlite", "postgresql://u@127.0.0.1:1/none"])
def test_without_a_database_the_check_says_that_it_did_not_look(operator: Operator, database: str) -> None:
    checked = operator.run("clients", "check", DATABASE=database)
    assert checked.returncode == 0, checked.stderr
    assert "charters were not looked up" in checked.stdout


def test_the_check_needs_no_database_when_no_client_demands_a_charter(operator: Operator) -> None:
    (operator.place / "clients.yaml").write_text(_CLIENT)
    checked = operator.run("clients", "check", DATABASE="sqlite:////nowhere/db.sqlite")
    assert (checked.returncode, checked.stdout.count("\n")) == (0, 1)


def published(operator: Operator, text: str) -> "subprocess.CompletedProcess[str]":
    file = operator.place / "noted.md"
    file.write_bytes(text.encode())
    return operator.run("charter", "publish", "--revision", "2026-2", "--fr", str(file), "--yes")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_front_matter_tells_what_changed_and_is_no_part_of_the_text(operator: Operator, end: str) -> None:
    lines = (
        "---",
        "changes: |",
        "  L'article *6*",
        "  est nouveau.",
        "---",
        "",
        "# Charte",
        "---",
        "fin",
        WORDS,
        "",
    )
    assert published(operator, end.join(lines)).returncode == 0
    database = open_database(operator.url)
    found = SqlCharters(database).current()
    database.dispose()
    assert found.changes == {"fr": "L'article *6*\nest nouveau."}
    assert found.texts == {"fr": end.join(lines[6:])}


@pytest.mark.parametrize("text", ["# Charte\n", "---\n# Charte\n", "# Charte\n---\nfin\n---\n"])
def test_a_text_without_front_matter_is_published_as_it_is(operator: Operator, text: str) -> None:
    text += WORDS
    assert published(operator, text).returncode == 0
    database = open_database(operator.url)
    found = SqlCharters(database).current()
    database.dispose()
    assert (found.texts, found.changes) == ({"fr": text}, {})


@pytest.mark.parametrize(
    ("front", "told"),
    [
        ("change: x", ":2:9: `change` is no member of the front matter of a charter; expected `changes`"),
        ("changes: [a]", ":2:10: expected a text"),
        ("changes: 2", ":2:10: expected a text"),
        ("- changes", ":2:1: expected `name: value` pairs"),
        ("changes: 'x", "expected YAML"),
        ("changes: &a x", ":2:10: expected no anchor and no alias"),
    ],
)
def test_a_fault_of_the_front_matter_is_told_at_its_place_and_nothing_is_published(
    operator: Operator, front: str, told: str
) -> None:
    refused = published(operator, f"---\n{front}\n---\n# Charte\n")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"idp: {operator.place / 'noted.md'}")
    assert told in refused.stderr
    database = open_database(operator.url)
    with pytest.raises(NoCharterPublished):
        SqlCharters(database).current()
    database.dispose()
