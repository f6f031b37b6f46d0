"""`idp clients list | show | check | plan`, in this process: what an operator and a pipeline read, and the status."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from idp.cli.main import main
from idp.clients.about import ABOUT
from idp.clients.changes import changes
from idp.clients.members import MEMBERS
from idp.clients.reading import read_files
from tests.clients.test_broken_files import DIGEST, ENTRY, GOOD, SECRET
from tests.commands import set_environment

_OTHER = ENTRY.replace("viatrajectoire", "grand-age").replace("ViaTrajectoire", "Trajectoire Grand Âge")


@dataclass
class Shell:
    """An operator's, whose settings name clients.yaml and clients.d."""

    place: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def file(self) -> Path:
        return self.place / "clients.yaml"

    def write(self, name: str, text: str) -> Path:
        (self.place / name).write_text(text)
        return self.place / name

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        status = main(["clients", *map(str, arguments)])
        said = self.capsys.readouterr()
        return status, said.out, said.err

    def json(self, *arguments: str | Path) -> Any:
        return json.loads(self.run(*arguments, "--json")[1])


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    (tmp_path / "clients.d").mkdir()
    (tmp_path / "clients.yaml").write_text(GOOD)
    (tmp_path / "clients.d" / "grand-age.yaml").write_text(f"clients:\n{_OTHER}")
    set_environment(
        monkeypatch,
        CLIENTS_FILE=str(tmp_path / "clients.yaml"),
        CLIENTS_DIRECTORY=str(tmp_path / "clients.d"),
        DATABASE=f"sqlite:///{tmp_path}/none.sqlite",
    )
    return Shell(tmp_path, capsys)


def test_each_client_is_listed_with_its_place(shell: Shell) -> None:
    status, out, _ = shell.run("list")
    assert status == 0
    assert [line.split("  ")[0].strip() for line in out.splitlines()] == ["viatrajectoire", "grand-age"]
    assert out.splitlines()[1].endswith(f"{shell.place}/clients.d/grand-age.yaml:2")
    assert [(row["client_id"], row["line"]) for row in shell.json("list")] == [
        ("viatrajectoire", 2),
        ("grand-age", 2),
    ]


def test_what_is_in_force_is_shown_whole_with_its_defaults_and_no_secret(shell: Shell) -> None:
    status, out, _ = shell.run("show", "viatrajectoire")
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == f"# {shell.file}:2:5"
    assert [line.partition(":")[0] for line in lines[1:-1]] == list(MEMBERS)
    assert "client_name: ViaTrajectoire" in lines
    assert "pkce: required  # default" in lines
    assert "access_token_life: 300  # CADUCEE_ACCESS_TOKEN_LIFE" in lines
    assert lines[-1] == "# claims that it may receive: sub"
    assert DIGEST not in out
    told = shell.json("show", "viatrajectoire")
    assert told["members"].keys() == MEMBERS.keys()
    assert told["members"]["client_secret"] == {"sha256": "…"}
    assert (told["line"], told["releasable_claims"]) == (2, ["sub"])
    status, _, err = shell.run("show", "viatrajectoir")
    assert (status, "did you mean `viatrajectoire`?" in err) == (1, True)


def test_a_profile_s_defaults_are_told_as_its_own(shell: Shell) -> None:
    entry = ENTRY.replace(f"client_secret: {{sha256: {DIGEST}}}", "profile: fapi2")
    shell.write("clients.yaml", f"clients:\n{entry}    jwks_uri: https://trajectoire.example/jwks\n")
    _, out, _ = shell.run("show", "viatrajectoire")
    assert "require_pushed_authorization_requests: true  # profile fapi2" in out.splitlines()
    assert "dpop_bound_access_tokens: true  # profile fapi2" in out.splitlines()


@pytest.mark.parametrize("command", ["list", "show viatrajectoire"])
def test_a_faulty_file_is_in_force_for_nobody(shell: Shell, command: str) -> None:
    shell.write("clients.d/grand-age.yaml", f"clients:\n{ENTRY}")
    status, out, err = shell.run(*command.split())
    assert (status, out) == (1, "")
    assert "`viatrajectoire` is given twice; first at" in err


def test_the_files_of_the_settings_are_checked_with_a_client_given_twice_at_both_places(shell: Shell) -> None:
    status, out, err = shell.run("check")
    assert (status, err) == (0, "")
    assert out == f"{shell.file} and 1 more: 2 clients, no fault\n"
    shell.write("clients.d/zz.yaml", f"clients:\n{ENTRY}")
    shell.write("clients.d/mine.yml", "clients: []")
    shell.write("clients.d/.mine.yaml.swp.yaml", "clients: [")
    status, out, err = shell.run("check")
    assert status == 1
    assert err == (
        f"idp: {shell.place}/clients.d/zz.yaml:2:5: client_id `viatrajectoire` is given twice; "
        f"first at {shell.file}:2:5 (`viatrajectoire`)\n"
    )
    assert f"advice: {shell.place}/clients.d/mine.yml: not read" in out


def test_a_rule_of_the_settings_is_checked_without_a_file_alone(shell: Shell) -> None:
    text = f"{GOOD}    tls_client_certificate_bound_access_tokens: true\n"
    status, _, err = shell.run("check", shell.write("other.yaml", text))
    assert (status, err) == (0, "")
    shell.write("clients.yaml", text)
    status, _, err = shell.run("check")
    assert (status, "CADUCEE_MTLS_ORIGIN" in err) == (1, True)


def test_a_file_is_checked_without_any_setting(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ISSUER", "APPLICATION_KEY"):
        monkeypatch.delenv(f"CADUCEE_{name}")
    assert shell.run("check", shell.file) == (0, f"{shell.file}: 1 clients, no fault\n", "")
    assert shell.run("check", shell.place / "absent.yaml") == (
        2,
        "",
        f"idp: {shell.place}/absent.yaml: no such file or directory\n",
    )
    assert shell.run("check")[0] == 2  # which needs settings


def test_a_pipeline_without_secrets_minds_them_not_and_all_else(shell: Shell) -> None:
    text = GOOD.replace(f"sha256: {DIGEST}", "file: secrets/nowhere")
    file = shell.write("other.yaml", text)
    assert shell.run("check", file)[0] == 1
    assert shell.run("check", file, "--no-secrets")[0] == 0
    assert shell.run("plan", file, "--against", file, "--no-secrets")[0] == 0
    shell.write("other.yaml", text.replace("https://trajectoire.example/callback", "http://a.example/"))
    status, _, err = shell.run("check", file, "--no-secrets")
    assert (status, err.count("\n")) == (1, 1)


def test_a_secret_that_everybody_reads_is_advised_against_at_its_place(shell: Shell) -> None:
    secret = shell.write("secret", SECRET)
    file = shell.write("other.yaml", GOOD.replace(f"sha256: {DIGEST}", "file: secret"))
    secret.chmod(0o644)
    status, out, _ = shell.run("check", file)
    assert status == 0
    assert f"advice: {file}:5:27: better a file that only its owner and group read" in out
    (advice,) = shell.json("check", file)["advice"]
    assert (advice["line"], advice["member"], advice["found"]) == (5, "client_secret", "`secret`")
    secret.chmod(0o640)
    assert "advice" not in shell.run("check", file)[1]


def test_a_plan_says_who_comes_who_goes_who_may_more_and_who_less(shell: Shell) -> None:
    changed = ENTRY.replace('callback"]', 'callback", "https://b.example/"]') + "    minimum_acr: cps\n"
    file = shell.write("new.yaml", f"clients:\n{changed}{_OTHER.replace('grand-age', 'autre')}")
    status, out, err = shell.run("plan", file)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"added      autre  ({file}:8:5)",
        "loosened   viatrajectoire",
        '  loosens   redirect_uris: + ["https://b.example/"]',
        '  tightens  minimum_acr: "pwd-otp" → "cps"',
    ]
    assert shell.run("plan", file, "--refuse-loosening")[0] == 4
    told = shell.json("plan", file)
    assert (told["loosens"], told["added"], told["removed"]) == (True, ["autre"], [])
    assert [step["direction"] for step in told["changed"][0]["members"]] == ["loosens", "tightens"]


@pytest.mark.parametrize(
    ("before", "after", "is_refused"),
    [
        ("", '["https://pages.example"]', True),
        ("[]", "", True),
        ('["https://pages.example"]', "[]", False),
    ],
)
def test_origins_that_may_be_others_are_told_as_more(
    shell: Shell, before: str, after: str, is_refused: bool
) -> None:
    """Without a list they are those of the redirect addresses, not all."""
    entry = ENTRY.replace(f"client_secret: {{sha256: {DIGEST}}}", "token_endpoint_auth_method: none")
    assert entry != ENTRY
    files = [
        shell.write(name, f"clients:\n{entry}" + (f"    allowed_origins: {told}\n" if told else ""))
        for name, told in (("former.yaml", before), ("new.yaml", after))
    ]
    status, _, _ = shell.run("plan", files[1], "--against", files[0], "--refuse-loosening")
    assert status == (4 if is_refused else 0)


def test_a_plan_that_only_tightens_is_not_refused(shell: Shell) -> None:
    file = shell.write("new.yaml", f"{GOOD}    require_pushed_authorization_requests: true\n")
    status, out, _ = shell.run("plan", file, "--refuse-loosening")
    assert (status, out.splitlines()[0]) == (0, "tightened  viatrajectoire")
    assert shell.run("plan", shell.write("none.yaml", "clients: []"), "--refuse-loosening")[:2] == (
        0,
        "removed    viatrajectoire\n",
    )
    assert shell.run("plan", shell.file)[:2] == (0, "nothing changes\n")


def test_a_new_secret_is_told_and_not_shown(shell: Shell) -> None:
    other = hashlib.sha256(b"another secret of more than 32 characters").hexdigest()
    file = shell.write("new.yaml", GOOD.replace(DIGEST, other))
    status, out, _ = shell.run("plan", file)
    assert (status, out.splitlines()[1].strip()) == (0, "changes   client_secret: another one")
    assert not {other, DIGEST} & {*shell.run("plan", file, "--json")[1].split('"')}


def test_a_plan_of_a_faulty_file_tells_its_faults(shell: Shell) -> None:
    file = shell.write("new.yaml", f"{GOOD}    pkce: Required\n")
    status, out, err = shell.run("plan", file)
    assert (status, out, "did you mean `required`?" in err) == (1, "", True)
    assert shell.run("plan", shell.place / "absent.yaml")[0] == 2


#: For each member that goes a way: what stands there before, after, and what that is. And back, the other way.
_WAYS = {
    "profile": ("", "profile: fapi2", "tightens"),
    "post_logout_redirect_uris": ("", "post_logout_redirect_uris: [https://a.example/]", "loosens"),
    "token_endpoint_auth_signing_alg": ("", "token_endpoint_auth_signing_alg: ES256", "tightens"),
    "grant_types": ("", "grant_types: [authorization_code, refresh_token]", "loosens"),
    "scopes": ("", "scopes: [openid, email]", "loosens"),
    "claims": ("", "claims: [sub]", "tightens"),
    "pkce": ("", "pkce: optional", "loosens"),
    "nonce": ("", "nonce: required", "tightens"),
    "require_pushed_authorization_requests": ("", "require_pushed_authorization_requests: true", "tightens"),
    "userinfo_signed_response_alg": ("", "userinfo_signed_response_alg: ES256", "tightens"),
    "dpop_bound_access_tokens": ("", "dpop_bound_access_tokens: true", "tightens"),
    "access_token_life": ("access_token_life: 60", "access_token_life: 300", "loosens"),
    "minimum_acr": ("", "minimum_acr: psc", "tightens"),
    "authenticators": ("", "authenticators: [psc]", "tightens"),
    "charters": ("", "charters: [ghr]", "tightens"),
    "client_name": ("", "", "changes"),
}
_BACK = {"loosens": "tightens", "tightens": "loosens", "changes": "changes"}


def test_every_member_has_its_line_and_the_ways_that_they_go_are_these(tmp_path: Path) -> None:
    assert list(ABOUT) == list(MEMBERS)
    assert all(about.effect for about in ABOUT.values())
    for member, (before, after, direction) in _WAYS.items():
        entries = []
        for number, line in enumerate((before, after)):
            text = GOOD.replace("ViaTrajectoire", f"Via{number}") if member == "client_name" else GOOD
            path = tmp_path / f"{number}.yaml"
            path.write_text(f"{text}    {line}\n" if line else text)
            entries.append(read_files([path]).entries)
        for told, (one, other) in ((direction, entries), (_BACK[direction], entries[::-1])):
            (change,) = changes(one, other).changed
            assert told in [str(step.direction) for name, step in change.steps if name == member], member
