"""Contains `idp charter`: a revision is read from Markdown files, with what the operator notes in their front matter.

Not here: what a charter is (`accounts/charter`).
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from idp.accounts.charter import HOUSE, CharterRevision, RevisionExists
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import open_database
from idp.adapters.sql.work import SqlUnitOfWork
from idp.clients.located_yaml import compose_text
from idp.core.audit import AuditEvent
from idp.core.clock import SystemClock
from idp.settings import Settings
from idp.settings.files import read_words
from idp.wiring.audit import build_audit

_FENCE = "---"


@dataclass(frozen=True, slots=True)
class CharterFile:
    """`text`: Markdown, without the front matter: this is what people accept. `changes`: Markdown; "": no note."""

    text: str
    changes: str = ""


def publish(settings: Settings, options: argparse.Namespace) -> int:
    """Raises BadYaml (the front matter), OSError (the files)."""
    files = {"fr": read_charter(options.fr)}
    if options.en is not None:
        files["en"] = read_charter(options.en)
    published = CharterRevision(
        revision=options.revision,
        published_at=SystemClock().now(),
        texts={locale: file.text for locale, file in files.items()},
        charter=options.charter or HOUSE,
        changes={locale: file.changes for locale, file in files.items() if file.changes},
    )
    database = open_database(settings.where.database)
    try:
        with SqlUnitOfWork(database).together():
            SqlCharters(database).publish(published)
            build_audit(settings, database, SystemClock()).record(
                AuditEvent.CHARTER_PUBLISHED, charter=published.charter, revision=options.revision
            )
    except RevisionExists:
        print(f"idp: revision {options.revision} exists already: choose another name", file=sys.stderr)
        return 3
    return 0


def read_charter(path: Path) -> CharterFile:
    """Returns the text of a charter and its note. Raises BadYaml, OSError."""
    front, text = _parted(read_words(path))
    stated = compose_text(front, path)
    if stated is None:
        return CharterFile(text)
    members = stated.members()
    for name, member in members.items():
        if name != "changes":
            raise member.fail(f"`{name}` is no member of the front matter of a charter; expected `changes`")
    return CharterFile(text, members["changes"].text().strip() if members else "")


def _parted(whole: str) -> tuple[str, str]:
    """Returns what stands between a first line `---` and the next such line, and the text after it."""
    lines = whole.splitlines(keepends=True)
    fences = [at for at, line in enumerate(lines) if line.rstrip() == _FENCE][:2]
    # A text that has no second one begins with a line across the page, as Markdown understands it.
    if len(fences) < 2 or fences[0] != 0:
        return "", whole
    return "".join(lines[: fences[1]]), "".join(lines[fences[1] + 1 :]).lstrip("\r\n")
