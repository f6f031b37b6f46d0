"""The table of `docs/relying-parties/README.md`: who signed in, and what it took.

Contains the lines between two marks. Not here: the rest of that page, which people write.
"""

from collections.abc import Sequence

from tests.demonstration import ROOT
from tests.relying_parties.run import Attempt

PAGES = ROOT / "docs" / "relying-parties"
BEGIN, END = "<!-- begin: written by `make relying-parties` -->", "<!-- end -->"


def table(attempts: Sequence[Attempt]) -> str:
    signed_in = sum(attempt.fault is None for attempt in attempts)
    lines = [
        f"{signed_in} of {len(attempts)} signed a person in, each from its page as written.",
        "",
        "| Page | Run with | Signed in | Beyond its own defaults it needs |",
        "|---|---|---|---|",
        *(
            f"| [{attempt.page.title}]({attempt.page.name}.md) | {attempt.page.versions} "
            f"| {'yes' if attempt.fault is None else '**no**'} | {attempt.page.needs} |"
            for attempt in attempts
        ),
    ]
    return "\n".join(lines)


def write(attempts: Sequence[Attempt]) -> None:
    file = PAGES / "README.md"
    before, _, rest = file.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    file.write_text(f"{before}{BEGIN}\n\n{table(attempts)}\n\n{END}{after}", "utf-8")
