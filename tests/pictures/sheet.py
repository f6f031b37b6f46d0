"""Contains the sheet: one page with every picture by family and form, and montages of many pictures in one.

Not here: taking the pictures (`camera`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

from selenium import webdriver

from sandbox.style_guide.words import LANGUAGES
from tests.pictures.camera import Picture, photograph
from tests.pictures.forms import MONTAGES, Form

INDEX = "index.html"
_MONTAGE_WIDTH = 1568
_MONTAGE_HEIGHT = 1500
_GAP = 12
_CAPTION = 20
_STYLE = """
body { margin: 16px; font: 14px/1.4 system-ui, sans-serif; background: #d9dde1; color: #111; }
h2 { margin: 32px 0 8px; } nav a { margin-right: 12px; }
.row { display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start; }
figure { margin: 0; } figcaption { font-size: 12px; }
.row img { display: block; height: 220px; max-width: 320px; object-fit: cover; object-position: top; background: #fff; }
td, th { padding: 2px 12px 2px 0; text-align: left; vertical-align: top; }
"""
_OF_MONTAGE = """
body { margin: 0; background: #b9c0c6; font: 11px/20px system-ui, sans-serif; color: #111; }
figure { position: absolute; margin: 0; } figcaption { height: 20px; overflow: hidden; white-space: nowrap; }
img { display: block; object-fit: cover; object-position: top; }
"""


def index_html(pictures: Sequence[Picture], target: Path, more: str) -> str:
    """Returns the sheet. `more`: what stands above the pictures, as HTML."""
    head = f"<!DOCTYPE html><meta charset=utf-8><title>Caducée</title><style>{_STYLE}</style>"
    return head + "".join(_body(pictures, target, more))


def _body(pictures: Sequence[Picture], target: Path, more: str) -> Iterator[str]:
    families = {name: list(of_it) for name, of_it in groupby(pictures, _by_family)}
    yield f"<h1>{len(pictures)} pictures</h1><nav>"
    for tag, family in families:
        yield f"<a href='#{tag}-{family}'>{tag} {escape(LANGUAGES['en']['of'][family][0])}</a> "
    yield f"</nav>{more}"
    for (tag, family), of_it in families.items():
        title, told = LANGUAGES["en"]["of"][family]
        yield f"<h2 id='{tag}-{family}'>{escape(title)} ({tag})</h2><p>{escape(told)}</p>"
        by_form: dict[str, list[Picture]] = {}
        for picture in of_it:
            by_form.setdefault(picture.form.name, []).append(picture)
        for form, row in by_form.items():
            yield f"<h3>{form}</h3><div class=row>{''.join(_figure(one, target) for one in row)}</div>"


def _by_family(picture: Picture) -> tuple[str, str]:
    return picture.exhibit.tag, picture.exhibit.family


def _figure(picture: Picture, target: Path) -> str:
    path = picture.file.relative_to(target)
    return (
        f"<figure><a href='{path}'><img loading=lazy src='{path}' alt=''></a>"
        f"<figcaption>{picture.exhibit.name}</figcaption></figure>"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    picture: Picture
    x: int
    y: int
    height: int


def write_montages(driver: webdriver.Chrome, pictures: Sequence[Picture], target: Path) -> list[Path]:
    """Returns the files written, `montages/fr-desktop-01.png` and so on."""
    folder = target / "montages"
    folder.mkdir(exist_ok=True)
    written = []
    for tag, form in MONTAGES:
        of_it = [one for one in pictures if (one.exhibit.tag, one.form) == (tag, form)]
        for number, placed in enumerate(_packed(of_it, form), 1):
            page = folder / f"{tag}-{form.name}-{number:02}.html"
            page.write_text(_montage(placed, form), "utf-8")
            driver.get(page.as_uri())
            written.append(page.with_suffix(".png"))
            photograph(driver, written[-1], _MONTAGE_WIDTH, max(one.y + one.height for one in placed))
            page.unlink()
    return written


def _packed(pictures: Iterable[Picture], form: Form) -> Iterator[list[_Placed]]:
    """Yields a montage after the other: each picture goes below the shortest column, in their order."""
    columns = [0] * (_MONTAGE_WIDTH // (form.shown + _GAP))
    placed: list[_Placed] = []
    for picture in pictures:
        height = min(picture.height * form.shown // (form.column or form.width), form.tallest)
        column = columns.index(min(columns))
        if columns[column] + height + _CAPTION > _MONTAGE_HEIGHT:
            yield placed
            columns, placed, column = [0] * len(columns), [], 0
        placed.append(
            _Placed(
                picture=picture, x=column * (form.shown + _GAP), y=columns[column], height=height + _CAPTION
            )
        )
        columns[column] += height + _CAPTION + _GAP
    if placed:
        yield placed


def _montage(placed: Iterable[_Placed], form: Form) -> str:
    figures = (
        f"<figure style='left:{one.x}px;top:{one.y}px'><figcaption>{one.picture.exhibit.name}</figcaption>"
        f"<img src='{one.picture.file.as_uri()}' width={form.shown} height={one.height - _CAPTION}></figure>"
        for one in placed
    )
    return f"<!DOCTYPE html><meta charset=utf-8><style>{_OF_MONTAGE}</style>{''.join(figures)}"
