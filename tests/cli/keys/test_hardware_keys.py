"""`idp keys … --pkcs11` as an operator runs it: processes of their own, a real token of SoftHSM2."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.adapters.hsm.uri import parse_pkcs11_uri
from idp.adapters.key_files.directory import RING
from tests.cli.keys.test_keys import Operator
from tests.hsm import PIN, SoftToken, delete_keys, make_token
from tests.made_once import place_database


@pytest.fixture
def token(tmp_path: Path) -> SoftToken:
    return make_token(tmp_path / "token")


@pytest.fixture
def operator(tmp_path: Path, token: SoftToken) -> Iterator[Operator]:
    place_database(tmp_path / "db.sqlite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(token.configuration))
        yield Operator(tmp_path)


def serve(operator: Operator) -> "subprocess.CompletedProcess[str]":
    clients = operator.place / "clients.yaml"
    clients.write_text("clients: []\n")
    return operator.run_any("serve", "--port", "0", CLIENTS_FILE=str(clients))


def ring(operator: Operator) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((operator.place / "keys" / RING).read_text())["keys"]
    return found


def test_keys_are_made_in_the_token_listed_rotated_there_and_retired(
    operator: Operator, token: SoftToken
) -> None:
    first = operator.rows("generate", "--pkcs11", str(token.uri))
    assert [(row.alg, row.state, row.place) for row in first] == [
        ("RS256", "active", "hardware"), ("ES256", "active", "hardware"),
    ]  # fmt: skip
    # Without a word about the place, the next key is made where the present one is.
    following = operator.rows("rotate", "--alg", "ES256")
    assert [(row.state, row.place) for row in following] == [("published", "hardware")]
    assert [row.state for row in operator.rows("retire", following[0].kid)] == ["retired"]
    revoked, successor = operator.rows("retire", first[1].kid, "--compromised")
    assert (revoked.state, successor.state, successor.place) == ("retired", "active", "hardware")
    assert sorted(path.name for path in (operator.place / "keys").iterdir()) == [RING, "ring.lock"]
    assert operator.rows("list") == [first[0], revoked, *operator.rows("list")[2:]]
    assert operator.audited()[:2] == ["key:generate:accepted"] * 2


def test_the_ring_names_key_and_pin_file_and_holds_no_pin(operator: Operator, token: SoftToken) -> None:
    done = operator.run("generate", "--pkcs11", str(token.uri))
    text = (operator.place / "keys" / RING).read_text()
    assert PIN not in text + done.stdout + done.stderr
    for entry in ring(operator):
        uri = parse_pkcs11_uri(str(entry["file"]))
        assert (uri.token, uri.pin_file, len(uri.id or b"")) == (token.label, token.pin_file, 16)
        assert uri.object is not None
        assert uri.object.startswith("caducee-20")


def test_the_pin_may_come_by_a_setting_that_names_a_file(operator: Operator, token: SoftToken) -> None:
    done = operator.run(
        "generate", "--pkcs11", f"pkcs11:token={token.label}", HSM_PIN_FILE=str(token.pin_file)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "pin" not in (operator.place / "keys" / RING).read_text()


def test_a_file_key_moves_to_hardware_and_back_only_when_asked(operator: Operator, token: SoftToken) -> None:
    operator.rows("generate")
    (moved,) = operator.rows("rotate", "--alg", "ES256", "--now", "--pkcs11", str(token.uri))
    assert (moved.state, moved.place) == ("active", "hardware")
    (back,) = operator.rows("rotate", "--alg", "ES256", "--now", "--in-file")
    assert (back.state, back.place) == ("active", "file")


def test_a_pair_made_by_other_means_is_taken(operator: Operator, token: SoftToken) -> None:
    operator.rows("generate", "--pkcs11", str(token.uri))
    made = [str(entry["file"]) for entry in ring(operator)]
    (operator.place / "keys" / RING).unlink()
    taken = [operator.rows("generate", "--pkcs11", uri)[0] for uri in made]
    assert [(row.alg, row.state, row.place) for row in taken] == [
        ("RS256", "active", "hardware"), ("ES256", "active", "hardware"),
    ]  # fmt: skip
    again = operator.run("generate", "--pkcs11", made[0])
    assert (again.returncode, again.stdout) == (3, "")


def test_a_token_that_is_away_never_leads_to_a_key_in_a_file(operator: Operator, token: SoftToken) -> None:
    rows = operator.rows("generate", "--pkcs11", str(token.uri))
    with token.away():
        for command in (("rotate",), ("generate",), ("retire", rows[0].kid, "--compromised")):
            refused = operator.run(*command)
            assert (refused.returncode, refused.stdout) == (1, ""), command
            assert refused.stderr == "idp: the token is not there\n"
        # What is written is known without it.
        assert operator.rows("list") == rows
    assert list((operator.place / "keys").glob("*.pem")) == []


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("pkcs11:token=nobody?pin-source=/nowhere", "the token is not there"),
        ("pkcs11:token=caducee", "no PIN"),
        ("pkcs11:token=caducee?pin-source=/nowhere", "/nowhere: the PIN cannot be read"),
        ("pkcs11:token=caducee?pin-value=123456", "the PIN never stands in the URI"),
        ("pkcs11:token=caducee;object=nothing?pin-source={pin}", "the key is not in the token"),
        ("softhsm", "begins with `pkcs11:`"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(operator: Operator, token: SoftToken, uri: str, told: str) -> None:
    refused = operator.run("generate", "--pkcs11", uri.format(pin=token.pin_file))
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (1, "", 1)
    assert told in refused.stderr
    assert "123456" not in refused.stderr
    assert operator.audited() == []


def test_a_wrong_pin_is_told_without_the_pin(operator: Operator, token: SoftToken) -> None:
    token.pin_file.write_text("0000-wrong")
    refused = operator.run("generate", "--pkcs11", str(token.uri))
    assert (refused.returncode, "refused the PIN" in refused.stderr) == (1, True)
    assert "0000" not in refused.stderr


def test_rotate_makes_a_key_and_takes_none(operator: Operator, token: SoftToken) -> None:
    operator.rows("generate", "--pkcs11", str(token.uri))
    refused = operator.run("rotate", "--pkcs11", str(ring(operator)[0]["file"]))
    assert (refused.returncode, "names a key" in refused.stderr) == (1, True)


def test_two_places_at_once_are_wrong_use(operator: Operator, token: SoftToken) -> None:
    assert operator.run("generate", "--in-file", "--pkcs11", str(token.uri)).returncode == 2
    assert operator.run("generate", HSM_SESSIONS="0").returncode == 2


def test_a_key_that_was_deleted_is_still_listed_and_refuses_the_start(
    operator: Operator, token: SoftToken
) -> None:
    rows = operator.rows("generate", "--pkcs11", str(token.uri))
    delete_keys(token)
    assert operator.rows("list") == rows
    started = serve(operator)
    assert (started.returncode, started.stdout) == (1, "")
    assert started.stderr == f"idp: key {rows[0].kid} in hardware: the key is not in the token\n"


def test_a_refused_pin_refuses_the_start_before_any_worker_tries_it(
    operator: Operator, token: SoftToken
) -> None:
    operator.rows("generate", "--pkcs11", str(token.uri))
    token.pin_file.write_text("0000-wrong")
    started = serve(operator)
    assert (started.returncode, started.stdout) == (1, "")
    assert "the token refused the PIN" in started.stderr
    assert "0000" not in started.stderr
