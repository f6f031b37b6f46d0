"""`idp keys …` as an operator runs it: processes of their own on a real database and a keys directory."""

import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from idp.adapters.software_signer import generate_signer
from idp.adapters.sql.database import open_database
from idp.adapters.sql.schema import audit_events
from tests.commands import idp
from tests.key_files import write_key
from tests.made_once import place_database

DAY = timedelta(days=1)
_SINCE_JANUARY = generate_signer("ES256")


@dataclass(frozen=True)
class Row:
    kid: str
    alg: str
    state: str
    since: str
    until: str
    place: str = "file"


@dataclass
class Operator:
    """A shell with the settings of one provider."""

    place: Path

    def run(self, *arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        return self.run_any("keys", *arguments, **changes)

    def run_any(self, *arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        own = {
            "DATABASE": f"sqlite:///{self.place / 'db.sqlite'}",
            "KEYS_DIRECTORY": str(self.place / "keys"),
        }
        return idp(*arguments, **(own | changes))

    def rows(self, *arguments: str, status: int = 0) -> list[Row]:
        done = self.run(*arguments)
        assert done.returncode == status, done.stderr
        return [Row(*line.split()) for line in done.stdout.splitlines()[1:]]

    def audited(self) -> list[str]:
        database = open_database(f"sqlite:///{self.place / 'db.sqlite'}")
        with database.connect() as connection:
            events = connection.execute(sa.select(audit_events.c.event).order_by(audit_events.c.id)).scalars()
            found = list(events)
        database.dispose()
        return found


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    place_database(tmp_path / "db.sqlite")
    return Operator(tmp_path)


@pytest.fixture
def settled(operator: Operator) -> Operator:
    """With one P-256 key since January."""
    write_key(operator.place / "keys" / "sign-20260101-p256.pem", _SINCE_JANUARY)
    return operator


def test_the_first_keys_sign_at_once_and_the_next_ones_after_a_day(operator: Operator) -> None:
    first = operator.rows("generate")
    assert [(row.alg, row.state, row.until) for row in first] == [
        ("RS256", "active", "-"), ("ES256", "active", "-"),
    ]  # fmt: skip
    following = operator.rows("generate")
    assert [row.state for row in following] == ["published"] * 2
    for row in following:
        assert datetime.fromisoformat(row.until) - datetime.fromisoformat(row.since) >= DAY
    again = operator.run("generate")
    assert (again.returncode, again.stdout) == (3, "")
    assert "the next key is published already" in again.stderr
    assert operator.audited() == ["key:generate:accepted"] * 4


def test_list_reads_a_directory_of_an_earlier_version_and_writes_nothing(settled: Operator) -> None:
    rows = settled.rows("list")
    assert rows == [Row(_SINCE_JANUARY.kid, "ES256", "active", "2026-01-01T00:00:00Z", "-")]
    assert len(list((settled.place / "keys").iterdir())) == 1


def test_a_rotation_announces_and_now_activates_with_a_warning(settled: Operator) -> None:
    quiet = settled.run("rotate", "--alg", "ES256")
    assert (quiet.returncode, quiet.stderr) == (0, "")
    announced = Row(*quiet.stdout.splitlines()[1].split())
    assert (announced.alg, announced.state) == ("ES256", "published")
    hasty = settled.run("rotate", "--alg", "ES256", "--now")
    assert hasty.returncode == 0
    assert "warning" in hasty.stderr
    assert "24 h" in hasty.stderr
    assert [(row.kid, row.state) for row in settled.rows("list")] == [
        (_SINCE_JANUARY.kid, "retired"), (announced.kid, "active"),
    ]  # fmt: skip
    assert settled.audited() == ["key:rotate:accepted"] * 2


def test_the_active_key_is_not_retired_but_replaced_when_compromised(settled: Operator) -> None:
    kid = _SINCE_JANUARY.kid
    refused = settled.run("retire", kid)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "idp keys rotate" in refused.stderr
    revoked, successor = settled.rows("retire", kid, "--compromised")
    assert (revoked.kid, revoked.state, revoked.until) == (kid, "retired", revoked.since)
    assert successor.state == "active"
    assert settled.run("retire", kid, "--compromised").returncode == 3
    assert settled.audited() == ["key:revoke:accepted"]


def test_a_published_key_is_withdrawn_and_what_is_unknown_is_refused(settled: Operator) -> None:
    (announced,) = settled.rows("rotate", "--alg", "ES256")
    assert [row.state for row in settled.rows("retire", announced.kid)] == ["retired"]
    assert settled.run("retire", announced.kid).returncode == 3
    unknown = settled.run("retire", "nobody")
    assert (unknown.returncode, "no key has this kid" in unknown.stderr) == (1, True)
    assert settled.audited() == ["key:rotate:accepted", "key:retire:accepted"]


def test_what_cannot_be_audited_is_not_done_but_for_a_compromised_key(settled: Operator) -> None:
    (settled.place / "db.sqlite").unlink()
    assert settled.run("rotate").returncode == 1
    assert len(list((settled.place / "keys").iterdir())) == 1
    told = settled.run("retire", _SINCE_JANUARY.kid, "--compromised")
    assert (told.returncode, bool(told.stderr)) == (1, True)
    assert [row.state for row in settled.rows("list")] == ["retired", "active"]


def test_wrong_use_and_wrong_settings_say_so(settled: Operator) -> None:
    assert settled.run("rotate", "--alg", "HS256").returncode == 2
    short = settled.run("list", KEY_PUBLISH_BEFORE="3600")
    assert (short.returncode, "CADUCEE_KEY_PUBLISH_BEFORE" in short.stderr) == (2, True)
    (settled.place / "keys").chmod(0o777)
    unsafe = settled.run("list")
    assert (unsafe.returncode, "others may write" in unsafe.stderr) == (1, True)
