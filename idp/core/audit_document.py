"""`python -m idp.core.audit_document > docs/audit.md`: every event in a table, written from where it is declared.

Contains the text of that page. Not here: an event (`audit`).
"""

import re
from collections.abc import Iterator
from importlib.resources import files

from idp.core.audit import AuditEvent
from idp.core.refusal_trail import SHARES

_HEAD = """\
# The audit trail

Every event. Written by `python -m idp.core.audit_document` (`make audit`) from `idp/core/audit.py`, where each stands
under its sentence. What else a row holds, and how to look at the trail, is in [audit-trail.md](audit-trail.md).

A name is `subject:action:outcome`. Refusals that any caller on the network can provoke (*) write at most 20 rows
(`client:…`) or 5 rows (the others) for one network and minute; the log has all of them."""
_SECTION, _SENTENCE = re.compile(r"    # (.+)\."), re.compile(r"    #: (.+)")
_MEMBER = re.compile(r'    [A-Z_]+ = "([^"]+)"')


def document() -> str:
    return "\n".join([_HEAD, *_tables(), ""])


def _tables() -> Iterator[str]:
    """Raises ValueError: an event has no sentence above it."""
    source = files("idp.core").joinpath("audit.py").read_text("utf-8")
    sentence: list[str] = []
    for line in source.partition("class AuditEvent(")[2].splitlines():
        if found := _SECTION.fullmatch(line):
            yield f"\n## {found[1]}\n\n| Event | When |\n|---|---|"
        elif found := _SENTENCE.fullmatch(line):
            sentence.append(found[1])
        elif found := _MEMBER.fullmatch(line):
            yield _row(AuditEvent(found[1]), " ".join(sentence))
            sentence = []


def _row(event: AuditEvent, sentence: str) -> str:
    if not sentence:
        raise ValueError(f"{event}: no sentence above it")
    return f"| `{event}`{' *' if event in SHARES else ''} | {sentence} |"


if __name__ == "__main__":
    print(document(), end="")
