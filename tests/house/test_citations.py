"""What is cited exists: facts by section and id, decisions by number, and the targets of links in the documents."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.house.reading import ROOT
from tests.house.test_repository import texts

FACTS = ROOT / "docs" / "facts"
NAMES = {path.stem for path in FACTS.glob("*.md")} - {"README"}
ADR = ROOT / "docs" / "adr"

#: This file makes citations up.
OWN = Path(__file__)
#: Written by tools: a digest may hold any letters.
OF_TOOLS = (".lock", ".svg", "package-lock.json")

#: Of facts/security. Ids of one letter are too short to be recognised anywhere; beside `facts/…` they are.
PREFIXES = "AZ TK JW LO FA PS CP PW OT RC TH SE WB AC RI GD LG CF".split()
_ID = r"[A-Z]{1,2}\d{1,2}"
_ITEM = rf"(?:§\d+(?:\.\d+)*|{_ID}(?:-{_ID})?)\b"
#: « facts/security §0.2, TH1-TH2 and T22 », also where a comment goes on in the next line.
_CITATION = re.compile(rf"\bfacts/([a-z]+)(?:\.md)?((?:(?:,|,? (?:and|to))?\s+(?:#:?\s+)?{_ITEM})*)")
_BARE = re.compile(rf"\b(?:(?:{'|'.join(PREFIXES)})\d{{1,2}}|T\d\d)\b")
_NOT_HERE = re.compile(r"\bdesign(?:\.md)? §|\bfacts? sheet\b")
_DECISION = re.compile(r"(?:\bADR |\badr/)(\d{4})\b")
_NUMBER = re.compile(r"(?<![\w.:/-])00\d\d(?![\w:-])")
_DOCUMENT = re.compile(r"\bdocs/[\w./-]+\.(?:md|conf|png)\b")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@cache
def defined(name: str) -> frozenset[str]:
    """Returns what `docs/facts/<name>.md` defines: `§0.2` by headings, `§11.8` by numbered lists, `TK5` by tables."""
    return frozenset(_defined((FACTS / f"{name}.md").read_text("utf-8")))


def _defined(text: str) -> Iterator[str]:
    section = ""
    for line in text.splitlines():
        if heading := re.match(r"#{2,4} (\d+(?:\.\d+)*)\.? ", line):
            section = heading[1]
            yield f"§{section}"
        elif listed := re.match(r"(\d+)\. ", line):
            yield f"§{section}.{listed[1]}"
        elif named := re.match(rf"(?:\| |#### )({_ID})(?: \([HML]/[HML]\))?(?: \||: )", line):
            yield named[1]


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Returns (facts file, section or id); of a range its two ends. An id alone is of facts/security."""
    for name, items in _CITATION.findall(text):
        yield name, ""
        for item in re.findall(rf"§[\d.]*\d|{_ID}", items):
            yield name, item
    for found in _BARE.findall(text):
        yield "security", found


def leading_nowhere(text: str) -> set[str]:
    wrong = set(_NOT_HERE.findall(text))
    for name, item in cited(text):
        if name not in NAMES or (item and item not in defined(name)):
            wrong.add(f"facts/{name} {item}".strip())
    return wrong


@cache
def decisions() -> dict[str, Path]:
    return {path.name[:4]: path for path in ADR.glob("[0-9]*.md")}


def decisions_missed(text: str, *, also_bare: bool = False) -> set[str]:
    """Returns decisions that do not exist. `also_bare`: in a decision a number alone is a citation too."""
    found = set(_DECISION.findall(text)) | (set(_NUMBER.findall(text)) if also_bare else set())
    return found - decisions().keys()


@cache
def anchors(path: Path) -> frozenset[str]:
    """Returns the anchors that GitHub makes of headings."""
    found: list[str] = []
    for heading in re.findall(r"(?m)^#+ (.+)$", _prose(path.read_text("utf-8"))):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return frozenset(found)


def _prose(text: str) -> str:
    return re.sub(r"(?ms)^```.*?^```", "", text)


def broken_links(text: str, beside: Path) -> list[str]:
    broken = []
    for link in _LINK.findall(re.sub(r"`[^`\n]*`", "", _prose(text))):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = beside.parent / file if file else beside
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


CITING = {
    str(path.relative_to(ROOT)): text
    for path, text in texts().items()
    if path != OWN and not path.name.endswith(OF_TOOLS)
}
DOCUMENTS = [name for name in CITING if name.endswith(".md")]


def test_every_fact_cited_is_there() -> None:
    wrong = {name: found for name, text in CITING.items() if (found := leading_nowhere(text))}
    assert wrong == {}


def test_every_decision_cited_is_there() -> None:
    wrong = {
        name: found
        for name, text in CITING.items()
        if (found := decisions_missed(text, also_bare=re.match(r"docs/adr/\d", name) is not None))
    }
    assert wrong == {}


def test_every_document_named_is_there() -> None:
    named = {(name, found) for name, text in CITING.items() for found in _DOCUMENT.findall(text)}
    assert [(name, found) for name, found in named if not (ROOT / found).is_file()] == []
    assert len(named) > 20


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_of_a_document_leads_to_a_file_and_its_heading(name: str) -> None:
    assert broken_links(CITING[name], ROOT / name) == []


@pytest.mark.parametrize(
    ("text", "missed"),
    [
        ("facts/security §99", {"facts/security §99"}),
        ("facts/security §0.2, §1.99", {"facts/security §1.99"}),
        ("facts/security TK4-TK99", {"facts/security TK99"}),
        ("(facts/security CP1, T99; docs/adr/0010)", {"facts/security T99"}),
        ("as in docs/facts/psc.md §13", {"facts/psc §13"}),
        ("facts/psc §5 and §11.10", {"facts/psc §11.10"}),
        ("facts/psc §4.5, T5", {"facts/psc T5"}),
        ("# facts/cps §7,\n    # §12: a comment in two lines", {"facts/cps §12"}),
        ("facts/directory §1", {"facts/directory", "facts/directory §1"}),
        ("# LO99: nobody asks for it", {"facts/security LO99"}),
        ("T99: a threat", {"facts/security T99"}),
        ("(design §7)", {"design §"}),
        ("the facts sheet §2", {"facts sheet"}),
    ],
)
def test_a_citation_that_leads_nowhere_is_found(text: str, missed: set[str]) -> None:
    assert leading_nowhere(text) == missed


@pytest.mark.parametrize(
    "text",
    [
        "facts/security §0.2, FAPI 2.0 §5.3.2.1",
        "facts/security §0.2, TH1-TH2, T22-T24: delays",
        "Sources: facts/security PW1-PW5, §4.5.",
        "facts/psc §9, duplicates",
        "facts/psc §4.5, T1 and T2",
        "facts/psc §11.8",
        "facts/cps §2.4",
        "PS256, ES256, build/, ADR 0019",
    ],
)
def test_a_citation_of_what_is_there_passes(text: str) -> None:
    assert leading_nowhere(text) == set()


def test_a_decision_that_does_not_exist_is_found() -> None:
    assert decisions_missed("ADR 0019, docs/adr/0011, [why](adr/0099-never.md)") == {"0011", "0099"}
    assert decisions_missed("Completes 0007 and 0013. 2026-11-25", also_bare=True) == {"0013"}


def test_a_broken_link_is_found() -> None:
    text = "[a](flow.md) [b](nowhere.md) [c](operate.md#the-charter) [d](operate.md#no-such) `[e](f)` [g](https://h)"
    assert broken_links(text, ROOT / "docs" / "README.md") == ["nowhere.md", "operate.md#no-such"]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_no_fact_has_a_number_or_an_id_twice(name: str) -> None:
    found = list(_defined((FACTS / f"{name}.md").read_text("utf-8")))
    assert len(found) == len(set(found))
    assert len(found) > 50


def test_the_facts_are_whole() -> None:
    """Sections and ids are only ever added: what was cited once can be read later."""
    last = {
        "AZ": 16, "TK": 15, "JW": 7, "LO": 7, "FA": 9, "PS": 10, "CP": 8, "PW": 6, "OT": 4, "RC": 5, "TH": 5, "SE": 6,
        "WB": 6, "AC": 4, "RI": 15, "GD": 7, "LG": 4, "A": 3, "CF": 8, "D": 8, "L": 13, "T": 58, "P": 8,
    }  # fmt: skip
    assert set(PREFIXES) < last.keys()
    expected = {f"{prefix}{rank}" for prefix, top in last.items() for rank in range(1, top + 1)}
    assert expected <= defined("security")
    tops = {"security": (3, 13, 2, 0, 6), "psc": (0, 1, 2, 4, 5, 11), "cps": (0, 4, 5, 0, 0, 5, 6)}
    for name, counts in tops.items():
        for section, subsections in enumerate(counts):
            if (name, section) != ("cps", 0):
                wanted = {f"§{section}"} | {f"§{section}.{rank}" for rank in range(1, subsections + 1)}
                assert wanted <= defined(name), (name, section)


LISTED = re.compile(r"(?m)^\| \[(\d{4})\]\(([\w.-]+)\) \| (.+?) \| (.+) \|$")


def test_the_list_of_decisions_is_that_of_the_files() -> None:
    rows = LISTED.findall((ADR / "README.md").read_text("utf-8"))
    told = {number: (file, title) for number, file, title, _decided in rows}
    assert list(told) == sorted(decisions())
    assert len(rows) == len(told)
    for number, path in decisions().items():
        heading = path.read_text("utf-8").splitlines()[0]
        assert told[number] == (path.name, heading.removeprefix(f"# {number} – "))


def test_the_numbers_without_a_decision_are_told() -> None:
    skipped = re.search(r"(?m)^Skipped: ([\d, ]+)\.", (ADR / "README.md").read_text("utf-8"))
    assert skipped is not None
    numbers = sorted(decisions())
    unused = [f"{rank:04}" for rank in range(1, int(numbers[-1]) + 1) if f"{rank:04}" not in decisions()]
    assert skipped[1].split(", ") == unused
