"""The pictures of two states and a mail: each in its forms, on the sheet and in a montage; what is too wide is told."""

import json
import struct
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from sandbox.style_guide.exhibits import exhibits, languages
from sandbox.style_guide.pages import FAMILIES
from sandbox.style_guide.words import LANGUAGES
from tests.pictures import __main__ as pictures
from tests.pictures import camera
from tests.pictures.forms import LOOKED_AT


def size(file: Path) -> tuple[int, int]:
    """Of a PNG (its §11.2.2)."""
    width, height = struct.unpack(">II", file.read_bytes()[16:24])
    return width, height


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["pictures", *arguments])
    pictures.main()


def test_every_language_is_looked_at_and_every_family_has_its_words() -> None:
    assert tuple(LOOKED_AT) == languages().tags
    for told in LANGUAGES.values():
        assert set(told["of"]) == {*FAMILIES, "mails"}


def test_a_part_of_a_name_takes_its_states_in_every_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "--to", str(tmp_path), "--browsers", "1", "email_changed")
    taken = {str(file.relative_to(tmp_path)): size(file) for file in tmp_path.rglob("*.png")}
    names = [one.name for one in exhibits("fr") if "email_changed" in one.name]
    assert len(names) == 2
    for tag, forms in LOOKED_AT.items():
        for form in forms:
            for name in names:
                width, height = taken.pop(f"{tag}/{form.name}/{name}.png", (0, 0))
                assert (width > 0) == form.of_mails
                assert not width or (width == form.width and height >= form.height)
    assert all(name.startswith("montages/") for name in taken)
    assert json.loads((tmp_path / "axe.json").read_text()) == []
    page = BeautifulSoup((tmp_path / "index.html").read_text(), "html.parser")
    assert all((tmp_path / str(one["src"])).is_file() for one in page.select("img"))
    assert "out of the window" not in capsys.readouterr().out


def test_what_leaves_its_window_and_what_axe_finds_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = "<!DOCTYPE html><html><title>-</title><main><h1>-</h1><p style='width: 500px'>Trop large</p></main>"
    for module in (camera, pictures):
        monkeypatch.setattr(module, "shown", lambda *_: bad)
    run(monkeypatch, "--to", str(tmp_path), "--browsers", "1", "form-post")
    said = capsys.readouterr().out
    assert "/fr/form-post phone: out of the window: <p" in said
    assert "/fr/form-post desktop: out" not in said
    assert "form-post fr desktop: html-has-lang: html" in said
    assert "/fr/form-post phone: out" in (tmp_path / "index.html").read_text()


def test_a_name_that_no_state_has_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, "--to", str(tmp_path), "nothing-of-the-kind")
    assert list(tmp_path.iterdir()) == []
