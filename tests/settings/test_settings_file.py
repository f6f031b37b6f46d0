"""`idp --settings FILE`: what systemd, Docker and a shell read alike; the environment wins over it."""

import os
from pathlib import Path
from unittest.mock import patch

import pytest

from idp.settings import BadSettingsFile, add_to_environment, read_settings_file
from tests.commands import ROOT


def read(place: Path, text: str | bytes) -> dict[str, str]:
    file = place / "caducee.conf"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return dict(read_settings_file(file).values)


def test_lines_comments_and_quotes(tmp_path: Path) -> None:
    text = "# a comment\n\n; another\nA=1\r\n B=two words \nC=\nD=\"x # y\"\nE='z'\nF=a=b#c\nG='\n"
    with pytest.raises(BadSettingsFile, match="line 10: a value without"):
        read(tmp_path, text)
    assert read(tmp_path, text.removesuffix("G='\n")) == {
        "A": "1",
        "B": "two words",
        "C": "",
        "D": "x # y",
        "E": "z",
        "F": "a=b#c",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("CADUCEE_ISSUER", "line 1: NAME=value"),
        ("\nCADUCEE_ISSUER = x", "line 2: NAME=value"),
        ("export A=hunter2", "line 1: NAME=value"),
        ("1A=hunter2", "line 1: NAME=value"),
        ("A=1\nA=hunter2", "line 2: A is set in line 1 already"),
        ("A=hunter2\\n", "line 1: a value without"),
        ("A=hunt'er2", "line 1: a value without"),
        ('A="hunter2', "line 1: a value without"),
        ("A='hun\"ter2'", "line 1: a value without"),
    ],
)
def test_what_others_would_read_otherwise_is_refused_and_not_quoted(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(BadSettingsFile) as caught:
        read(tmp_path, text)
    assert told in str(caught.value)
    assert "hunt" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(BadSettingsFile, match=why):
            read_settings_file(path)
    with pytest.raises(BadSettingsFile, match="Not UTF-8"):
        read(tmp_path, b"A=\xff")


def test_the_environment_wins() -> None:
    with patch.dict(os.environ, {"CADUCEE_CODE_LIFE": "30"}, clear=True):
        add_to_environment({"CADUCEE_CODE_LIFE": "60", "CADUCEE_HELP_DESK": "3999"})
        assert dict(os.environ) == {"CADUCEE_CODE_LIFE": "30", "CADUCEE_HELP_DESK": "3999"}


def test_the_file_beside_the_units_is_one(tmp_path: Path) -> None:
    assert "CADUCEE_ISSUER" in read_settings_file(ROOT / "deploy" / "systemd" / "caducee.conf").values
