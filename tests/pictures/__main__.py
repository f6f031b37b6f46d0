"""`python -m tests.pictures [--to DIRECTORY] [--browsers N] [NAME-PART]`: the pictures, the sheet, what axe says.

Contains options and the order of the steps. Not here: the steps.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from idp.web.languages import Languages
from sandbox.style_guide.exhibits import Exhibit, exhibits, languages, shown
from tests.browser import stage
from tests.browser.axe import Finding, findings
from tests.browser.test_axe import is_expected
from tests.pictures.camera import Picture, take_all
from tests.pictures.forms import DARK, DESKTOP, LOOKED_AT, PHONE, Form
from tests.pictures.sheet import INDEX, index_html, write_montages

#: What axe is asked about: other colours, another size, other words.
_JUDGED: Sequence[tuple[str, Form]] = (("fr", DESKTOP), ("fr", DARK), ("en", PHONE))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.pictures", description="Look at every page and mail."
    )
    parser.add_argument("name_part", nargs="?", default="", help="of the states wanted; all without")
    parser.add_argument("--to", type=Path, default=Path("var/pages"), metavar="DIRECTORY")
    parser.add_argument("--browsers", type=int, default=2, metavar="N", help="beside each other (default 2)")
    parser.add_argument("--without-axe", action="store_true", help="pictures alone")
    options = parser.parse_args()
    began, spoken, target = time.monotonic(), languages(), options.to.resolve()
    wanted = [one for tag in LOOKED_AT for one in exhibits(tag) if options.name_part in one.name]
    if not wanted:
        parser.error(f"no state has {options.name_part!r} in its name")
    pictures = take_all(wanted, spoken, target, options.browsers)
    found = [] if options.without_axe else _judged(wanted, spoken)
    (target / "axe.json").write_text(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
    with stage.opened() as driver:
        montages = write_montages(driver, pictures, target)
    told = _told(pictures, montages, found, target)
    (target / INDEX).write_text(index_html(pictures, target, told), "utf-8")
    for line in _lines(pictures, found):
        print(line)
    print(f"{len(pictures)} pictures in {time.monotonic() - began:.0f} s: {target / INDEX}")


def _judged(wanted: Sequence[Exhibit], spoken: Languages) -> list[Finding]:
    found: list[Finding] = []
    with stage.opened() as driver:
        for tag, form in _JUDGED:
            stage.sized(driver, form.width, form.height)
            stage.pretend(driver, form.media, **form.features)
            pages = [
                (f"{one.name} {tag} {form.name}", shown(one, spoken)) for one in wanted if one.tag == tag
            ]
            found += (one for one in findings(driver, pages) if not is_expected(one))
    return found


def _lines(pictures: Sequence[Picture], found: Sequence[Finding]) -> list[str]:
    """Returns what is wrong, or to be looked at, a line for each."""
    wide = [
        f"{one.exhibit.address} {one.form.name}: out of the window: {one.out}" for one in pictures if one.out
    ]
    return [*wide, *(f"{one.page}: {one.rule}: {one.target}" for one in found if one.is_certain)]


def _told(
    pictures: Sequence[Picture], montages: Sequence[Path], found: Sequence[Finding], target: Path
) -> str:
    links = "".join(f"<a href='{one.relative_to(target)}'>{one.stem}</a> " for one in montages)
    lines = "".join(f"<li>{escape(line)}</li>" for line in _lines(pictures, found))
    return f"<p>{links}</p><p><a href='axe.json'>axe: {len(found)} findings</a></p><ul>{lines}</ul>"


if __name__ == "__main__":
    main()
