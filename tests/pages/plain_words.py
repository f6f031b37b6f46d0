"""What a page or mail says, read fast: its words outside the brackets of the pseudo-language, its paragraphs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from html.parser import HTMLParser
from typing import Any

from sandbox.style_guide.rendering import CATALOGUES

#: Attributes that are read out or shown.
_SPOKEN = ("alt", "title", "aria-label", "placeholder", "data-warning")
#: Elements without an end.
_VOID = frozenset("area base br col embed hr img input link meta source track wbr path".split())
#: What stands within a sentence.
_INLINE = frozenset("a strong span b em code img svg path".split())
#: Ends a paragraph (Unicode); no page has it.
_END = "\u2029"
_WORD = re.compile(r"[^\W\d_]+")
_KEYS = frozenset(CATALOGUES.texts["fr"]) | {key.rpartition(".")[0] for key in CATALOGUES.texts["fr"]}


class Reader(HTMLParser):
    """Reads a page as a person does: its texts, but for what says that it is in another language than `locale`, and
    what stands in elements that are `left_out`."""

    def __init__(self, locale: str, left_out: frozenset[str]) -> None:
        super().__init__()
        self.locale, self.left_out = locale, left_out | {"style", "script"}
        self.root: dict[str, str | None] = {}
        self.said: list[str] = []
        #: For each open element, whether its texts count.
        self._counts = [True]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.root = self.root or told
        is_ours = told.get("lang") in (None, self.locale) and tag not in self.left_out
        if self._counts[-1] and is_ours:
            self.said += [f"{_END}{told[name]}{_END}" for name in _SPOKEN if told.get(name)]
            self.said += [told["content"] or ""] if told.get("name") == "description" else []
        self._cut(tag)
        if tag not in _VOID:
            self._counts.append(self._counts[-1] and is_ours)

    def handle_endtag(self, tag: str) -> None:
        self._cut(tag)
        if tag not in _VOID:
            self._counts.pop()

    def handle_data(self, data: str) -> None:
        if self._counts[-1]:
            self.said.append(data)

    def paragraphs(self) -> list[str]:
        """Returns what stands together on the page."""
        return [text for text in (" ".join(part.split()) for part in "".join(self.said).split(_END)) if text]

    def _cut(self, tag: str) -> None:
        if tag not in _INLINE:
            self.said.append(_END)


def read(html: str, locale: str, left_out: frozenset[str] = frozenset()) -> Reader:
    reader = Reader(locale, left_out)
    reader.feed(html)
    return reader


def plain_words(reader: Reader) -> set[str]:
    """Returns the words outside brackets."""
    return {word for said in reader.said for word in words_of(said)}


def words_of(text: str) -> set[str]:
    while (less := re.sub(r"\[[^\[\]]*\]", " ", text)) != text:
        text = less
    return set(_WORD.findall(text))


def values_of(value: Any) -> set[str]:
    """Returns the words of every value that the page was given, keys of the catalogue excepted."""
    return {word for text in _texts(value) if text not in _KEYS for word in _WORD.findall(text)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for one in fields(value):
            yield from _texts(getattr(value, one.name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
