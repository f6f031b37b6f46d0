"""Files that clients.yaml names: read with it, watched like it, and refused at once where they cannot serve."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.clients.client_file import ClientFile
from idp.clients.client_secrets import MAKE_ONE, secret_among
from idp.clients.located_yaml import BadYaml
from idp.clients.registry import read_clients
from tests.fakes import FixedClock
from tests.logged import logged_here

SECRET = "kX3vQ9mT7bZ1wR5yN8pL2cF6hJ4dS0gA"
NEXT = "Uu5oE1iA9rH3tD7nC2sM6kB8vG4zP0xQ"
CLIENTS = """\
clients:
  - client_id: viatrajectoire
    client_name: ViaTrajectoire
    client_uri: https://trajectoire.example/
    client_secret: {file: secret}
    redirect_uris: ["https://trajectoire.example/callback"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text(SECRET)
    path = tmp_path / "clients.yaml"
    path.write_text(CLIENTS)
    return path


def knows(clients: ClientFile, secret: str) -> bool:
    client = clients.get("viatrajectoire")
    return client is not None and secret_among(client.secrets, secret) is not None


def test_a_changed_secret_is_taken_a_second_later(file: Path) -> None:
    clock = FixedClock()
    clients = ClientFile(file, clock=clock)
    (file.parent / "secret").write_text(NEXT)
    assert knows(clients, SECRET)  # not looked at for each request
    clock.advance(seconds=1)
    assert knows(clients, NEXT)
    assert clients.fault is None


def test_a_secret_behind_a_link_that_is_moved_is_taken(file: Path) -> None:
    """As Kubernetes renews a mounted secret."""
    old, new = file.parent / "..2026_a", file.parent / "..2026_b"
    for folder, secret in ((old, SECRET), (new, NEXT)):
        folder.mkdir()
        (folder / "secret").write_text(secret)
        os.utime(folder / "secret", (0, 0))
    (file.parent / "secret").unlink()
    (file.parent / "secret").symlink_to(old / "secret")
    clock = FixedClock()
    clients = ClientFile(file, clock=clock)
    (file.parent / "next").symlink_to(new / "secret")
    (file.parent / "next").replace(file.parent / "secret")
    clock.advance(seconds=1)
    assert knows(clients, NEXT)


def test_a_bad_secret_keeps_the_old_one_is_logged_once_with_its_place_and_ends_when_it_is_repaired(
    file: Path,
) -> None:
    clock = FixedClock()
    clients = ClientFile(file, clock=clock)
    with logged_here() as logged:
        (file.parent / "secret").write_text("short")
        for _ in range(3):
            clock.advance(seconds=1)
            assert knows(clients, SECRET)
        assert clients.fault == f"{file}:5:27: expected a secret of 32 characters or more there; {MAKE_ONE}"
        (file.parent / "secret").write_text(NEXT)
        clock.advance(seconds=1)
        assert knows(clients, NEXT)
    assert clients.fault is None
    assert [(entry["event"], entry.get("reason")) for entry in logged] == [
        (
            "clients_file_refused",
            f"{file}:5:27: expected a secret of 32 characters or more there; {MAKE_ONE}",
        ),
        ("clients_file_taken", None),
    ]


def test_a_secret_that_appears_is_seen_though_the_first_read_failed(file: Path) -> None:
    clock = FixedClock()
    clients = ClientFile(file, clock=clock)
    (file.parent / "secret").unlink()
    clock.advance(seconds=1)
    assert knows(clients, SECRET)
    assert clients.fault == f"{file}:5:27: expected a readable text file; no such file or directory"
    (file.parent / "secret").write_text(NEXT)
    clock.advance(seconds=1)
    assert knows(clients, NEXT)


def test_a_key_set_in_a_file_is_watched_too(file: Path) -> None:
    from joserfc.jwk import ECKey

    def write_key() -> object:
        jwk = ECKey.generate_key("P-256").as_dict(private=False)
        (file.parent / "keys.json").write_text(json.dumps({"keys": [jwk]}))
        return jwk["x"]

    write_key()
    file.write_text(CLIENTS + "    jwks: {file: keys.json}\n")
    clock = FixedClock()
    clients = ClientFile(file, clock=clock)
    renewed = write_key()
    clock.advance(seconds=1)
    client = clients.get("viatrajectoire")
    assert client is not None
    assert client.jwks[0]["x"] == renewed


def test_a_byte_order_mark_is_no_part_of_a_secret_nor_of_the_file(file: Path) -> None:
    (file.parent / "secret").write_bytes(b"\xef\xbb\xbf" + SECRET.encode() + b"\r\n")
    file.write_bytes(b"\xef\xbb\xbf" + CLIENTS.encode())
    assert secret_among(read_clients(file)["viatrajectoire"].secrets, SECRET)


Make = Callable[[Path], object]


def _pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (_pipe, "not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
        (lambda path: path.write_bytes(b"s" * 10_000_000), "larger than 1024 kib"),
        (Path.mkdir, "is a directory"),
        (lambda path: path.write_bytes(b"\xff" * 43), "not utf-8 text"),
    ],
)
def test_what_is_no_small_file_is_refused_at_once(file: Path, make: Make, told: str) -> None:
    secret = file.parent / "secret"
    secret.unlink()
    make(secret)
    with pytest.raises(BadYaml) as caught:
        read_clients(file)
    assert str(caught.value) == f"{file}:5:27: expected a readable text file; {told}"


@pytest.mark.parametrize("make", [_pipe, lambda path: path.write_bytes(b"#" * 10_000_000)])
def test_so_is_such_a_file_of_clients(file: Path, make: Make) -> None:
    clients = ClientFile(file, clock=FixedClock())
    file.unlink()
    make(file)
    assert knows(clients, SECRET)
    assert str(file) in (clients.fault or "")


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (r'client_name: "\ud800"', "3:18"),
        (r'"\udfff": x', "3:5"),
        ('client_name: "' + r"\ud83d" + '"', "3:18"),
    ],
)
def test_half_of_a_surrogate_pair_is_refused_at_its_place(file: Path, line: str, place: str) -> None:
    file.write_text(CLIENTS.replace("client_name: ViaTrajectoire", line))
    with pytest.raises(BadYaml) as caught:
        read_clients(file)
    told = [fault.told() for fault in (caught.value, *caught.value.beside)]
    assert any(f":{place}: expected a text that UTF-8 can hold" in line for line in told)


def test_so_is_one_in_a_file_of_keys(file: Path) -> None:
    (file.parent / "keys.json").write_text(r'{"keys": [{"kty": "EC", "kid": "\ud800"}]}')
    file.write_text(CLIENTS + "    jwks: {file: keys.json}\n")
    with pytest.raises(BadYaml, match=":7:11: expected texts that UTF-8 can hold"):
        read_clients(file)


def test_so_is_a_secret_of_other_octets_in_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_A_CLIENT", os.fsdecode(b"\xff" * 43))
    file.write_text(CLIENTS.replace("file: secret", "env: OF_A_CLIENT"))
    with pytest.raises(BadYaml, match=":5:26: expected a secret of UTF-8 text there"):
        read_clients(file)


BAD_LOGOS = {
    "text": (b"a logo", "a PNG or SVG picture"),
    "jpeg": (b"\xff\xd8\xff\xe0 JFIF", "a PNG or SVG picture"),
    "too large": (b"<svg/>" + b" " * 65536, "larger than 64 kib"),
    "empty": (b"", "a PNG or SVG picture"),
}


@pytest.mark.parametrize("kind", BAD_LOGOS)
def test_a_logo_that_is_no_picture_or_too_large_is_a_fault_at_its_place(file: Path, kind: str) -> None:
    content, expected = BAD_LOGOS[kind]
    (file.parent / "logo").write_bytes(content)
    file.write_text(f"{CLIENTS}    logo: {{file: logo}}\n")
    with pytest.raises(BadYaml, match=f"(?s)7:18.*{expected}"):
        read_clients(file)


@pytest.mark.parametrize("value", ["logo.png", "https://rp.example/logo.png", "{file: gone}", "{env: LOGO}"])
def test_a_logo_is_a_file_that_is_there(file: Path, value: str) -> None:
    file.write_text(f"{CLIENTS}    logo: {value}\n")
    with pytest.raises(BadYaml, match="expected"):
        read_clients(file)
