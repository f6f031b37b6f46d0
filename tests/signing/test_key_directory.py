"""The keys directory on a real disk: what is written, what is refused, and what an earlier version left."""

import base64
import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from idp.adapters.key_files.directory import RING, KeyDirectory
from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.adapters.software_signer import BadKeyFile, generate_signer, load_signer
from idp.signing.schedule import AlreadyRetired, KeyState, KeyStillSigns, NextKeyExists, UnknownKey
from tests.fakes import NOON, FixedClock
from tests.key_files import DAY, MINUTE, key_directory, write_key, write_pair
from tests.limits import within

LEAD = DAY + 2 * MINUTE


def states(directory: KeyDirectory, alg: str = "ES256") -> list[KeyState]:
    schedule, now = directory.schedule(), directory.clock.now()
    return [schedule.state(record, now) for record in schedule.records if record.alg == alg]


def key_set(directory: KeyDirectory) -> list[str]:
    return [record.kid for record in directory.schedule().published(directory.clock.now())]


def edit(directory: KeyDirectory, change: Callable[[Any], None]) -> None:
    ring = directory.path / RING
    document = json.loads(ring.read_text())
    change(document)
    ring.write_text(json.dumps(document))


class TestAnEarlierVersion:
    def test_one_pair_starts_unchanged_and_nothing_is_written(self, legacy: KeyDirectory) -> None:
        before = sorted(path.name for path in legacy.path.iterdir())
        assert states(legacy, "RS256") == states(legacy, "ES256") == [KeyState.ACTIVE]
        assert sorted(path.name for path in legacy.path.iterdir()) == before

    def test_the_newest_by_name_signs_and_the_older_is_kept_a_day_after_the_newest_s_day(
        self, keys_directory: Path, clock: FixedClock
    ) -> None:
        directory = key_directory(keys_directory, clock)
        assert states(directory) == [KeyState.RETIRED, KeyState.ACTIVE]
        assert len(key_set(directory)) == 4
        clock.at = datetime(2026, 11, 25, tzinfo=UTC)
        assert len(key_set(directory)) == 2

    def test_a_name_without_a_date_follows_the_names_before_it(self, legacy: KeyDirectory) -> None:
        path = write_key(legacy.path / "sign-newer.pem", generate_signer("ES256"))
        active = legacy.schedule().active("ES256", NOON)
        assert active is not None
        assert active.file == path.name

    def test_one_key_under_two_names_is_one_key(self, legacy: KeyDirectory) -> None:
        shutil.copy(legacy.path / "sign-20260101-p256.pem", legacy.path / "sign-20260102-p256.pem")
        assert len(set(key_set(legacy))) == len(key_set(legacy)) == 2

    def test_the_first_change_writes_all_its_keys_into_the_ring(self, legacy: KeyDirectory) -> None:
        before = legacy.schedule().records
        legacy.announce("ES256")
        assert legacy.schedule().records[:2] == before
        assert states(legacy) == [KeyState.ACTIVE, KeyState.PUBLISHED]


class TestChanges:
    def test_keys_are_made_where_there_is_no_directory_yet(self, tmp_path: Path, clock: FixedClock) -> None:
        directory = key_directory(tmp_path / "deep" / "keys", clock)
        record = directory.announce("ES256")
        assert (record.active_from, states(directory)) == (NOON, [KeyState.ACTIVE])
        assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700

    def test_what_is_written_is_for_its_owner_alone(self, directory: KeyDirectory) -> None:
        directory.announce("ES256")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.path.iterdir()}
        assert set(modes.values()) == {0o600}
        assert RING in modes

    def test_new_files_are_readable_by_the_group_that_reads_the_present_ones(
        self, directory: KeyDirectory
    ) -> None:
        for path in directory.path.glob("sign-*.pem"):
            path.chmod(0o640)
        record = directory.announce("ES256")
        for name in (record.file, RING):
            assert stat.S_IMODE((directory.path / name).stat().st_mode) == 0o640

    def test_rsa_keys_have_3072_bits(self, directory: KeyDirectory) -> None:
        key = load_signer(directory.path / directory.announce("RS256").file).key
        assert isinstance(key, rsa.RSAPrivateKey)
        assert key.key_size == 3072

    def test_an_announced_key_signs_after_its_day_without_any_further_act(
        self, directory: KeyDirectory, clock: FixedClock
    ) -> None:
        record = directory.announce("ES256")
        clock.at = record.active_from
        assert record.active_from == NOON + LEAD
        assert states(directory) == [KeyState.RETIRED, KeyState.ACTIVE]

    def test_a_second_announcement_is_refused_and_leaves_nothing(self, directory: KeyDirectory) -> None:
        directory.announce("ES256")
        before = {path.name: path.read_bytes() for path in directory.path.iterdir()}
        with pytest.raises(NextKeyExists):
            directory.announce("ES256")
        assert {path.name: path.read_bytes() for path in directory.path.iterdir()} == before

    def test_activation_takes_the_published_key_before_it_makes_one(self, directory: KeyDirectory) -> None:
        announced = directory.announce("ES256")
        assert directory.activate("ES256").kid == announced.kid
        assert directory.activate("ES256").kid != announced.kid
        assert states(directory) == [KeyState.RETIRED, KeyState.RETIRED, KeyState.ACTIVE]

    def test_keys_of_one_day_do_not_write_over_each_other(self, directory: KeyDirectory) -> None:
        made = [directory.activate("ES256") for _ in range(4)]
        assert len({record.file for record in made}) == 4
        assert {directory.load(record).kid for record in made} == {record.kid for record in made}

    def test_retiring_tells_what_is_wrong(self, directory: KeyDirectory) -> None:
        active = directory.schedule().active("ES256", NOON)
        assert active is not None
        with pytest.raises(KeyStillSigns):
            directory.retire(active.kid)
        with pytest.raises(UnknownKey):
            directory.retire("nobody")
        announced = directory.announce("ES256")
        directory.retire(announced.kid)
        with pytest.raises(AlreadyRetired):
            directory.retire(announced.kid)
        assert announced.kid not in key_set(directory)

    def test_a_withdrawn_key_never_signs(self, directory: KeyDirectory, clock: FixedClock) -> None:
        directory.retire(directory.announce("ES256").kid)
        clock.advance(days=10)
        assert states(directory) == [KeyState.ACTIVE, KeyState.RETIRED]

    def test_two_operators_at_once_make_one_next_key(self, directory: KeyDirectory) -> None:
        program = (
            "import sys; from pathlib import Path; from idp.signing.schedule import NextKeyExists\n"
            "from tests.fakes import FixedClock; from tests.key_files import key_directory\n"
            "directory = key_directory(Path(sys.argv[1]), FixedClock()); sys.stdin.readline()\n"
            "try: directory.announce('ES256')\n"
            "except NextKeyExists: sys.exit(3)\n"
        )
        racers = [
            subprocess.Popen([sys.executable, "-c", program, str(directory.path)], stdin=subprocess.PIPE)
            for _ in range(3)
        ]
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write(b"\n")
            racer.stdin.close()
        assert sorted(racer.wait(within(30)) for racer in racers) == [0, 3, 3]
        assert states(directory) == [KeyState.ACTIVE, KeyState.PUBLISHED]


class TestCompromise:
    def test_the_successor_of_an_active_key_signs_at_once(self, directory: KeyDirectory) -> None:
        active = directory.schedule().active("ES256", NOON)
        assert active is not None
        revoked, successor = directory.revoke(active.kid)
        assert successor is not None
        assert directory.schedule().active("ES256", NOON) == successor
        assert revoked.kid not in key_set(directory)

    def test_a_published_key_is_promoted_rather_than_a_new_one_made(self, directory: KeyDirectory) -> None:
        active, announced = directory.schedule().active("ES256", NOON), directory.announce("ES256")
        assert active is not None
        _revoked, successor = directory.revoke(active.kid)
        assert successor is not None
        assert successor.kid == announced.kid

    def test_a_key_that_does_not_sign_needs_no_successor(self, directory: KeyDirectory) -> None:
        announced = directory.announce("ES256")
        assert directory.revoke(announced.kid)[1] is None
        assert states(directory) == [KeyState.ACTIVE, KeyState.RETIRED]

    def test_its_file_is_no_longer_a_key_even_when_the_ring_is_lost(self, directory: KeyDirectory) -> None:
        kid = key_set(directory)[-1]
        revoked, _successor = directory.revoke(kid)
        (directory.path / RING).unlink()
        assert kid not in key_set(directory)
        assert (directory.path / f"{revoked.file}.compromised").exists()

    def test_a_copy_of_it_under_another_name_does_not_bring_it_back(self, directory: KeyDirectory) -> None:
        revoked, _successor = directory.revoke(key_set(directory)[-1])
        aside = directory.path / f"{revoked.file}.compromised"
        shutil.copy(aside, directory.path / revoked.file)
        shutil.copy(aside, directory.path / "sign-20270101-p256.pem")
        assert revoked.kid not in key_set(directory)


class TestCrash:
    def test_a_key_that_no_ring_names_yet_does_not_sign(self, directory: KeyDirectory) -> None:
        """The machine stopped after the key was written, before the ring was."""
        before = (directory.path / RING).read_bytes()
        record = directory.announce("ES256")
        (directory.path / RING).write_bytes(before)
        assert record.kid not in key_set(directory)
        assert states(directory) == [KeyState.ACTIVE]

    def test_a_retired_key_whose_file_was_removed_is_not_missed_once_it_left(
        self, directory: KeyDirectory, clock: FixedClock
    ) -> None:
        old = directory.schedule().active("ES256", NOON)
        assert old is not None
        directory.activate("ES256")
        (directory.path / old.file).unlink()
        with pytest.raises(BadKeyFile, match=old.file):
            KeysInForce(directory)
        clock.at += DAY
        assert len(KeysInForce(directory).jwks()["keys"]) == 2


class TestRefusals:
    @pytest.fixture(autouse=True)
    def _with_a_ring(self, directory: KeyDirectory) -> None:
        directory.announce("ES256")

    @pytest.mark.parametrize("mode", [0o604, 0o644, 0o620, 0o660, 0o606])
    def test_a_ring_that_others_could_read_or_a_group_change(
        self, directory: KeyDirectory, mode: int
    ) -> None:
        (directory.path / RING).chmod(mode)
        with pytest.raises(BadKeyFile, match=RING):
            KeysInForce(directory)

    @pytest.mark.parametrize("mode", [0o777, 0o702, 0o1777])
    def test_a_directory_where_others_may_write(self, directory: KeyDirectory, mode: int) -> None:
        directory.path.chmod(mode)
        with pytest.raises(BadKeyFile, match="others may write"):
            KeysInForce(directory)

    def test_a_directory_that_is_not_there(self, tmp_path: Path, clock: FixedClock) -> None:
        with pytest.raises(BadKeyFile, match="idp keys generate"):
            KeysInForce(key_directory(tmp_path / "nowhere", clock))

    def test_a_key_other_than_the_ring_says(self, directory: KeyDirectory) -> None:
        record = directory.schedule().records[-1]
        (directory.path / record.file).unlink()
        write_key(directory.path / record.file, generate_signer("ES256"))
        with pytest.raises(BadKeyFile, match="not the ES256 key"):
            KeysInForce(directory)

    @pytest.mark.parametrize(
        "text",
        ["", "{", "[]", "null", '"x"', '{"keys": []}', '{"version": 2, "keys": []}', '{"version": 1, "keys": {}}',
         '{"version": 1, "keys": [1]}', '{"version": 1, "keys": [], "more": 1}', "[" * 100_000],
        ids=range(11),
    )  # fmt: skip
    def test_a_ring_that_is_no_ring(self, directory: KeyDirectory, text: str) -> None:
        (directory.path / RING).write_text(text)
        with pytest.raises(BadKeyFile, match=RING):
            KeysInForce(directory)

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("kid", "short"),
            ("kid", None),
            ("alg", "HS256"),
            ("alg", ["RS256"]),
            ("file", "../sign-x.pem"),
            ("file", "sign-/../../x.pem"),
            ("file", "card-host.key"),
            ("created_at", "yesterday"),
            ("created_at", 1),
            ("active_from", "2026-11-23T12:00:00"),
            ("active_from", None),
            ("active_from", "9999-12-31T23:59:59+00:00"),
            ("retired_at", False),
            ("compromised", 1),
            ("compromised", True),
            ("withdrawn", True),
            ("surprise", 1),
            ("public_key", "MFkw"),
            # A key in hardware has its public half beside it, and a file never has.
            ("file", "pkcs11:token=t;id=%01"),
        ],
    )
    def test_an_entry_with_a_faulty_member(self, directory: KeyDirectory, member: str, value: Any) -> None:
        edit(directory, lambda document: document["keys"][1].update({member: value}))
        with pytest.raises(BadKeyFile, match="key 2"):
            KeysInForce(directory)

    @pytest.mark.parametrize(
        ("member", "value", "told"),
        [
            ("file", "pkcs11:token=t;pin-value=123456", "the PIN never stands"),
            ("file", "pkcs11:object=k", "which token"),
            ("file", "pkcs11:token=t é", "`file`"),
            ("public_key", "A" * 124, "no key of ours"),
            ("public_key", "short", "`public_key`"),
            ("public_key", None, "`public_key`"),
            ("alg", "RS256", "not the RS256 key"),
            ("kid", "x" * 43, "not the ES256 key"),
        ],
    )
    def test_a_hardware_entry_with_a_faulty_member(
        self, directory: KeyDirectory, member: str, value: Any, told: str
    ) -> None:
        der = (
            generate_signer("ES256")
            .key.public_key()
            .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        of_hardware = {"file": "pkcs11:token=t;id=%01", "public_key": base64.b64encode(der).decode()}
        edit(directory, lambda document: document["keys"][2].update({**of_hardware, member: value}))
        with pytest.raises(BadKeyFile, match=told) as refused:
            KeysInForce(directory)
        assert "123456" not in str(refused.value)

    @pytest.mark.parametrize("member", ["kid", "file", "alg", "retired_at", "withdrawn"])
    def test_an_entry_without_a_member(self, directory: KeyDirectory, member: str) -> None:
        edit(directory, lambda document: document["keys"][1].pop(member))
        with pytest.raises(BadKeyFile, match="key 2"):
            KeysInForce(directory)

    @pytest.mark.parametrize("member", ["kid", "file"])
    def test_two_entries_for_one_key_or_one_file(self, directory: KeyDirectory, member: str) -> None:
        edit(directory, lambda doc: doc["keys"][1].update({member: doc["keys"][2][member]}))
        with pytest.raises(BadKeyFile, match=f"{member} is given twice"):
            KeysInForce(directory)

    def test_an_active_key_retired_by_hand(self, directory: KeyDirectory) -> None:
        past = (NOON - timedelta(days=1)).isoformat()
        edit(directory, lambda document: document["keys"][0].update(retired_at=past))
        with pytest.raises(BadKeyFile, match="needs an RSA and a P-256 key"):
            KeysInForce(directory)


def test_the_ring_holds_no_private_part(directory: KeyDirectory) -> None:
    record = directory.announce("ES256")
    ring = (directory.path / RING).read_text()
    secret = load_signer(directory.path / record.file).key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert not any(line in ring for line in secret.decode().splitlines()[1:-1])


def test_pairs_of_an_earlier_version_are_for_their_owner_alone(tmp_path: Path) -> None:
    """What the fixtures above rely on."""
    assert {stat.S_IMODE(path.stat().st_mode) for path in write_pair(tmp_path, "20260101")} == {0o600}
