"""Broken files of clients, each with what is told of it: place, member, what stands there, what was expected, meant.

Contains the walk of `broken.jsonl`, whose lines are read through `change`; the same files before the JSON Schema.
`"schema": "takes"` is what no schema can see: files, the environment, dates (texts in YAML 1.2), a member or a client
twice, two members of which one lists the other's names; null is what an editor cannot read as YAML at all.
"""

import hashlib
import json
import re
from argparse import Namespace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from idp.cli.clients.check import check
from idp.clients.schema import schema_of_clients, schema_text

ROOT = Path(__file__).parents[2]
SECRET = "kX3vQ9mT7bZ1wR5yN8pL2cF6hJ4dS0gA"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
ENTRY = f"""\
  - client_id: viatrajectoire
    client_name: ViaTrajectoire
    client_uri: https://trajectoire.example/
    client_secret: {{sha256: {DIGEST}}}
    redirect_uris: ["https://trajectoire.example/callback"]
"""
GOOD = f"clients:\n{ENTRY}"
_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "WKn-ZIGevcwGIyyrzFoZNBdaq9_TsqzGl96oc0CWuis",
    "y": "y77t-RvAHRKTsSGdIYUfweuOvwrvDD-Q3Hv5J0fSKbE",
}
BROKEN: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("broken.jsonl").read_text("utf-8").splitlines()
]


#: Told once only, as JSON: it takes a second to read.
_LARGE = 100_000
#: With more faults than the table says.
_MANY = ("a bomb of aliases", "a profile with a secret")


class _Editor(yaml.SafeLoader):
    """YAML 1.2, core schema, as editors read it: only true and false are truth values, no dates."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 of the library


for _tag, _pattern, _first in (
    ("bool", r"true|false|True|False|TRUE|FALSE", "tfTF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _Editor.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^({_pattern})$"), list(_first))


def change(row: dict[str, Any]) -> bytes:
    if isinstance(row.get("whole"), dict):
        return bytes.fromhex(row["whole"]["hex"])
    text = row.get("whole")
    if text is None and "added" in row:
        text = GOOD + ("{ENTRY}" if row["added"] == "{ENTRY}" else f"    {row['added']}\n")
    elif text is None:
        replaced = row["replaced"].replace("DIGEST", DIGEST)
        assert replaced in GOOD
        text = GOOD.replace(replaced, row["by"], 1)
    text = re.sub(r"\{(.)\*(\d+)\}", lambda found: found[1] * int(found[2]), text)
    text = text.replace("{ENTRY}", ENTRY).replace("SECRET", SECRET).replace("DIGEST", DIGEST)
    return str(text).encode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    (tmp_path / "short").write_text("hunter2")
    (tmp_path / "keys.jwks").write_text(json.dumps({"keys": [_KEY]}))
    return tmp_path / "clients.yaml"


def checked(file: Path, capsys: pytest.CaptureFixture[str]) -> list[list[Any]]:
    """The faults as the table has them; the secret is in neither form of them."""
    status = check(Namespace(files=[file], no_secrets=False, json=True))
    told = capsys.readouterr().out
    faults = json.loads(told)["faults"]
    assert status == (1 if faults else 0)
    if file.stat().st_size < _LARGE:
        assert check(Namespace(files=[file], no_secrets=False, json=False)) == status
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == len(faults)
        for fault, line in zip(faults, lines, strict=True):
            assert line.startswith(f"idp: {file}:{fault['line']}:{fault['column']}: {fault['expected']}")
            assert ("did you mean" in line) == (fault["did_you_mean"] is not None)
        told += "".join(lines)
    assert SECRET not in told
    members = ("member", "found", "expected", "did_you_mean")
    return [[f"{fault['line']}:{fault['column']}", *(fault[name] for name in members)] for fault in faults]


def test_every_fault_of_every_broken_file_is_told_at_its_place(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(GOOD)
    assert checked(file, capsys) == []
    wrong = []
    for row in BROKEN:
        file.write_bytes(change(row))
        told = checked(file, capsys)
        # The table has the beginning of what was expected, and of a bomb the first of its anchors.
        for fault, known in zip(told, row["faults"], strict=False):
            fault[3] = fault[3][: len(known[3])]
        if told[: len(row["faults"])] != row["faults"] or (len(told) > 2 and row["case"] not in _MANY):
            wrong.append((row["case"], told))
    assert not wrong
    assert len({row["case"] for row in BROKEN}) == len(BROKEN) >= 100


def test_an_editor_refuses_what_a_schema_can_see(file: Path) -> None:
    judge = jsonschema.Draft202012Validator(schema_of_clients())
    said = {}
    for row in BROKEN:
        try:
            found = yaml.load(change(row), Loader=_Editor)  # noqa: S506 a SafeLoader
        except (yaml.YAMLError, RecursionError, UnicodeError):
            said[row["case"]] = None
        else:
            said[row["case"]] = "takes" if judge.is_valid(found) else "refuses"
    by_anchor = ("an anchor", "a bomb of aliases", "UTF-16")
    assert said | dict.fromkeys(by_anchor) == {row["case"]: row["schema"] for row in BROKEN}


def test_the_schema_is_one_and_takes_every_example() -> None:
    schema = schema_of_clients()
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema)
    for path in (ROOT / "clients.yaml", *sorted((ROOT / "docs").rglob("clients*.yaml"))):
        judge.validate(yaml.load(path.read_text("utf-8"), Loader=_Editor))  # noqa: S506 a SafeLoader
    judge.validate(yaml.load(GOOD, Loader=_Editor))  # noqa: S506 a SafeLoader


def test_the_schema_beside_the_example_is_the_one_of_the_code() -> None:
    assert (ROOT / "docs" / "clients.schema.json").read_text("utf-8") == schema_text()
    assert "# yaml-language-server: $schema=docs/clients.schema.json" in (ROOT / "clients.yaml").read_text()
