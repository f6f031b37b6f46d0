"""`idp clients secret`: what it prints lets the relying party in, and nothing else does."""

import base64
import hashlib
import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from werkzeug.test import create_environ
from werkzeug.wrappers import Request

from idp.cli.main import main
from idp.clients.client_file import ClientFile
from idp.clients.credential_uses import CredentialUses
from idp.clients.registry import Client
from idp.core.clock import SystemClock
from idp.protocol.client_auth.client_authentication import ClientAuthentication, ClientRefused
from idp.protocol.client_auth.secret_client import SecretAuthentication
from tests.fakes import Uncounted
from tests.logged import logged_here

_ENTRY = """\
clients:
  - client_id: viatrajectoire
    client_name: ViaTrajectoire
    client_uri: https://trajectoire.example/
    redirect_uris: ["https://trajectoire.example/callback"]
    token_endpoint_auth_method: {method}
    {member}
"""
METHODS = ("client_secret_basic", "client_secret_post")
CHOSEN = "chosen-by-the-relying-party-0123456789"


def printed(capsys: pytest.CaptureFixture[str], *more: str) -> list[str]:
    assert main(["clients", "secret", *more]) == 0
    return capsys.readouterr().out.splitlines()


def answered(path: Path, member: str, method: str, secret: str | None) -> Client:
    """Raises ClientRefused."""
    path.write_text(_ENTRY.format(method=method, member=member))
    clock = SystemClock()
    secrets = SecretAuthentication(CredentialUses(clock, timedelta(days=30)), clock)
    authentication = ClientAuthentication(
        ClientFile(path, clock=clock), dict.fromkeys(METHODS, secrets.has_secret), cast(Any, Uncounted())
    )
    basic = base64.b64encode(f"viatrajectoire:{secret or ''}".encode()).decode()
    is_basic = method == "client_secret_basic" and secret is not None
    headers = {"Authorization": f"Basic {basic}"} if is_basic else {}
    form = {"client_id": "viatrajectoire"}
    if method == "client_secret_post" and secret is not None:
        form["client_secret"] = secret
    return authentication.authenticate(Request(create_environ(method="POST", headers=headers)), form)


@pytest.mark.parametrize("method", METHODS)
def test_a_made_secret_lets_in_by_its_line_and_no_other_text_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    first, member = printed(capsys)
    secret = first.partition(" ")[0]
    assert re.fullmatch(r"[A-Za-z0-9]{43}", secret)
    assert secret not in member
    assert answered(tmp_path / "clients.yaml", member, method, secret).client_id == "viatrajectoire"
    for other in (
        None,
        "",
        " ",
        "\n",
        secret[:-1],
        f"{secret}\n",
        member,
        hashlib.sha256(secret.encode()).hexdigest(),
    ):
        with pytest.raises(ClientRefused):
            answered(tmp_path / "clients.yaml", member, method, other)
    assert printed(capsys)[0].partition(" ")[0] != secret


def test_a_chosen_secret_is_asked_for_and_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The mark of an editor and spaces around it are no part of it, as in a file.
    for typed in (CHOSEN, f"{CHOSEN}\n", f"{CHOSEN}\r\n", f"\ufeff{CHOSEN} \r\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        (member,) = printed(capsys, "--given")
        assert CHOSEN not in member
        assert answered(tmp_path / "clients.yaml", member, METHODS[0], CHOSEN)


@pytest.mark.parametrize("typed", ["", "\n", "secret\n", "x" * 64, "s3cr3t-of-31-characters-too-bad"])
def test_a_chosen_secret_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert main(["clients", "secret", "--given"]) == 1
    told = capsys.readouterr()
    assert not told.out
    assert told.err.startswith("idp: expected a secret")


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_a_chosen_secret_that_is_no_text_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, errors: str
) -> None:
    """Its digest would be of other octets than those that the relying party sends. `errors`: of the locale."""
    typed = io.BytesIO(f"Hélène-{CHOSEN}\n".encode("latin-1"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(typed, encoding="utf-8", errors=errors))
    assert main(["clients", "secret", "--given"]) == 1
    told = capsys.readouterr()
    assert (told.out, told.err.startswith("idp: expected a secret of UTF-8 text")) == ("", True)


@pytest.mark.parametrize("method", METHODS)
def test_a_short_secret_under_its_digest_is_refused_and_the_operator_told(
    tmp_path: Path, method: str
) -> None:
    """Nothing tells from a digest how short its secret is: the first to send it learns that it is none."""
    short = "twenty-characters-20"
    member = f"client_secret: {{sha256: {hashlib.sha256(short.encode()).hexdigest()}}}"
    with logged_here() as logs, pytest.raises(ClientRefused):
        answered(tmp_path / "clients.yaml", member, method, short)
    assert [(line["event"], line["client_id"]) for line in logs] == [
        ("client_secret_too_weak", "viatrajectoire")
    ]
    assert short not in str(logs)


def test_a_secret_in_a_file_is_its_owner_s_alone_and_never_put_over_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "viatrajectoire"
    lines = printed(capsys, "--file", str(path))
    secret = path.read_text().strip()
    assert re.fullmatch(r"[A-Za-z0-9]{43}", secret)
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret not in "".join(lines)
    members = [line.strip() for line in lines if "client_secret: {" in line]
    assert len(members) == 2
    for member in members:
        assert answered(tmp_path / "clients.yaml", member, METHODS[0], secret).client_id == "viatrajectoire"
    (tmp_path / "linked").symlink_to(tmp_path / "elsewhere")
    for there in (path, tmp_path / "linked"):
        assert main(["clients", "secret", "--file", str(there)]) == 3
        assert "is there already" in capsys.readouterr().err
    assert path.read_text().strip() == secret
    assert not (tmp_path / "elsewhere").exists()
    assert main(["clients", "secret", "--file", str(tmp_path / "no" / "folder")]) == 1
