"""Contains how an operator's files become the texts of a charter, and which are none: nearly empty, without a title.

Not here: a revision in the database (`publishing`), what a person sees (`preview`).
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from idp.clients.located_yaml import compose_text
from idp.flows.shared.charter_text import title_of
from idp.settings.files import read_words

_FENCE = "---"


@dataclass(frozen=True, slots=True)
class CharterFile:
    """`text`: Markdown, without the front matter: this is what people accept. `changes`: Markdown; "": no note."""

    text: str
    changes: str = ""

    @property
    def words(self) -> int:
        return len(re.findall(r"\w+", self.text))


@dataclass(frozen=True, slots=True)
class Difference:
    """Lines of a text that are not in the one before, and lines of that one that are gone."""

    added: int
    removed: int


def read_files(fr: Path, en: Path | None) -> dict[str, CharterFile]:
    """Returns them by language. Raises BadYaml, OSError."""
    given = {"fr": fr} if en is None else {"fr": fr, "en": en}
    return {locale: read_charter(path) for locale, path in given.items()}


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


def faults_of(files: Mapping[str, CharterFile], least_words: int) -> Iterator[str]:
    """Yields why these files are no charter, in words; none: they are one."""
    for locale, file in files.items():
        if file.words < least_words:
            least = f"fewer than {least_words} words ({file.words})"
            yield f"the text in --{locale} has {least}: that is no charter (CADUCEE_CHARTER_LEAST_WORDS)"
        elif title_of(file.text) is None:
            yield f"the text in --{locale} has no title: expected Markdown with a heading (`# …`)"


def difference(before: str, after: str) -> Difference:
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return Difference(*(sum(line.startswith(mark) for line in lines) for mark in ("+ ", "- ")))


def _parted(whole: str) -> tuple[str, str]:
    """Returns what stands between a first line `---` and the next such line, and the text after it."""
    lines = whole.splitlines(keepends=True)
    fences = [at for at, line in enumerate(lines) if line.rstrip() == _FENCE][:2]
    # A text that has no second one begins with a line across the page, as Markdown understands it.
    if len(fences) < 2 or fences[0] != 0:
        return "", whole
    return "".join(lines[: fences[1]]), "".join(lines[fences[1] + 1 :]).lstrip("\r\n")
