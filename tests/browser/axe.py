"""axe-core, asked about pages as they are rendered: which rules of WCAG 2.2 AA and of good practice they break.

Contains what axe says of each page, as data. Not here: which pages, what is expected of them (`test_axe`), how a
page takes the place of another (`stage`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium import webdriver

from tests.browser import stage
from tests.limits import within

AXE = Path(__file__).with_name("tools") / "node_modules/axe-core/axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
#: What is another thing in the dark.
COLOURS = ("color-contrast", "link-in-text-block")
#: In one call of the driver.
_AT_ONCE = 20
#: Colours are most of the work, and follow from the elements and their classes: of pages that differ in their words
#: alone the first is looked at.
_JUDGE = """
const [pages, runOnly, done] = arguments;
const shape = () => [...document.querySelectorAll("body, body *")]
  .map(one => [one.tagName, one.className.baseVal ?? one.className, one.hidden, one.ariaPressed]).join();
(async () => {
  const found = [];
  for (const [name, html] of pages) {
    take(html);
    document.querySelectorAll("details").forEach(fold => fold.open = true);
    const isNew = !window.shapes.has(shape());
    window.shapes.add(shape());
    const told = await axe.run(document, {
      runOnly, rules: {"color-contrast": {enabled: isNew}},
      resultTypes: ["violations", "incomplete"], preload: false, iframes: false,
    });
    for (const kind of ["violations", "incomplete"])
      for (const rule of told[kind])
        for (const node of rule.nodes)
          found.push([name, rule.id, kind, rule.help, node.target.join(" "), node.html, node.failureSummary || ""]);
  }
  done(found);
})().catch(error => done(String(error)));
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`rule`: its name in axe; `is_certain`: axe leaves the others to a person; `target`: a CSS selector."""

    page: str
    rule: str
    is_certain: bool
    help: str
    target: str
    html: str
    why: str


def findings(
    driver: webdriver.Chrome, pages: Iterable[tuple[str, str]], *, rules: Sequence[str] = ()
) -> Iterator[Finding]:
    """Yields what axe finds in these pages (name, HTML), all that is folded away opened.

    `rules`: these alone, instead of those of `TAGS`. Size and colours are those that the driver pretends (`stage`).
    """
    stage.set_up(driver)
    driver.execute_script(f"{AXE.read_text()}; window.shapes = new Set();")
    driver.set_script_timeout(within(60))
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    waiting = list(pages)
    while waiting:
        now, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
        told: Any = driver.execute_async_script(_JUDGE, now, only)
        assert isinstance(told, list), told
        for page, rule, kind, help_, target, html, why in told:
            yield Finding(
                page=page,
                rule=rule,
                is_certain=kind == "violations",
                help=help_,
                target=target,
                html=html,
                why=why,
            )
