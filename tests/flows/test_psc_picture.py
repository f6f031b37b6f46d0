"""The official button from the operator's folder: shown with its words, served as it is, refused when it is none."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from idp.settings import BadSetting
from idp.web.psc_button import BadPicture, read_pictures
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import by_psc, listening, person, settings_of
from tests.provider import Provider

#: One white pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg=="
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bouton.png").write_bytes(PNG)
    return tmp_path


def test_picture_replaces_the_text_and_keeps_its_words(
    psc: HostilePsc, app_factory: Callable[..., Provider], folder: Path
) -> None:
    (folder / "bouton-survol.svg").write_bytes(SVG)
    house = app_factory(**settings_of(psc), psc_picture_folder=str(folder))
    browser = house.browser()
    page = browser.follow(browser.authorize())
    soup = BeautifulSoup(page.text, "html.parser")
    shown = soup.select("form[action$='/psc'] button img")
    assert [(image["src"], image["alt"]) for image in shown] == [
        ("/psc/picture/bouton", "S'identifier avec Pro Santé Connect"),
        ("/psc/picture/bouton-survol", ""),
    ]
    png, svg = (browser.get(str(image["src"])) for image in shown)
    assert (png.data, png.mimetype) == (PNG, "image/png")
    assert (svg.data, svg.mimetype) == (SVG, "image/svg+xml")
    assert "default-src 'none'" in svg.headers["Content-Security-Policy"]
    assert svg.headers["X-Content-Type-Options"] == "nosniff"
    # And it is the button.
    assert "code=" in by_psc(browser, psc, page).headers["Location"]


def test_without_a_folder_the_button_is_text(psc: HostilePsc, app_factory: Callable[..., Provider]) -> None:
    browser = app_factory(**settings_of(psc)).browser()
    page = browser.follow(browser.authorize())
    assert "/psc/picture" not in page.text
    assert browser.get("/psc/picture/bouton").status_code == 404


@pytest.mark.parametrize("name", ["..", "bouton.png", "%2e%2e%2fclients.yaml", "x" * 500])
def test_nothing_else_of_the_folder_is_served(
    psc: HostilePsc, app_factory: Callable[..., Provider], folder: Path, name: str
) -> None:
    (folder / "secret").write_text("secret")
    browser = app_factory(**settings_of(psc), psc_picture_folder=str(folder)).browser()
    assert browser.get(f"/psc/picture/{name}").status_code == 404
    assert browser.get("/psc/picture/secret").status_code == 404


@pytest.mark.parametrize("content", [b"", b"<html>", b"GIF89a", PNG + b"\0" * 300_000])
def test_file_that_is_no_such_picture_refuses_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bouton.png").write_bytes(content)
    with pytest.raises(BadPicture, match=r"bouton\.png"):
        read_pictures(str(tmp_path))


def test_missing_folder_refuses_the_start(
    psc: HostilePsc, app_factory: Callable[..., Provider], tmp_path: Path
) -> None:
    with pytest.raises(BadSetting, match="PSC_PICTURE_FOLDER: a folder with .*; it is no folder") as caught:
        app_factory(**settings_of(psc), psc_picture_folder=str(tmp_path / "nowhere"))
    assert str(tmp_path) not in str(caught.value)


def test_empty_folder_and_hover_alone_are_the_text_button(tmp_path: Path) -> None:
    (tmp_path / "bouton-survol.png").write_bytes(PNG)
    pictures = read_pictures(str(tmp_path))
    assert (pictures.has_button, pictures.has_hover) == (False, False)
