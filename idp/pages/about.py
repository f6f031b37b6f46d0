"""Contains what the pages about the service show. Not here: their addresses (`flows/about`), the footer (`frame`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AboutPage:
    """/about/<name>: the operator's text. `html`: of their Markdown; `lang`: what it is written in."""

    name: str
    html: str
    lang: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessibilityPage:
    """/about/accessibility. `state`: as `House.accessibility`. `audited_by`, `audited_on`, `rate`: of the audit in
    force, "" and 0 for none. `html`: what the operator adds, "" for nothing."""

    state: str
    audited_by: str = ""
    audited_on: str = ""
    rate: int = 0
    html: str = ""
    lang: str = "fr"
