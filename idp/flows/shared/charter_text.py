"""Contains the operator's Markdown as HTML: charters, their contents, and what changed in them. Not here: a page."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from idp.pages.charters import Heading

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

#: So many headings of one rank are worth a table of contents.
_ENOUGH = 4


@cache
def _markdown() -> "MarkdownIt":
    """Returns the operator's Markdown, without raw HTML nor images."""
    # Only now: most sign-ins show no charter, and the parser is a megabyte.
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).disable(["image", "html_inline", "html_block"])


def charter_html(text: str) -> str:
    """Returns the text as HTML. The page has its own `h1`: the operator's headings begin below it."""
    return _rendered(_markdown().parse(text))


def charter_with_contents(text: str) -> tuple[str, tuple[Heading, ...]]:
    """Returns the text as HTML, as `charter_html` does, and its table of contents: the headings of the highest rank of
    which there are enough, each with the id that it has in that HTML; empty: there are not."""
    tokens = _markdown().parse(text)
    found = [(at, words) for at in range(len(tokens)) if (words := _heading(tokens, at))]
    number = Counter(tokens[at].tag for at, _ in found)
    rank = min((tag for tag in number if number[tag] >= _ENOUGH), default=None)
    contents: list[Heading] = []
    for at, words in found:
        if tokens[at].tag == rank:
            contents.append(Heading(f"part-{len(contents) + 1}", words))
            tokens[at].attrSet("id", contents[-1].id)
    return _rendered(tokens), tuple(contents)


def _heading(tokens: Sequence["Token"], at: int) -> str:
    """Returns the words of the heading that begins here, without their markup; "": none does, or it is empty."""
    if tokens[at].type != "heading_open":
        return ""
    parts = tokens[at + 1].children or ()
    return "".join(" " if part.type in ("softbreak", "hardbreak") else part.content for part in parts).strip()


def _rendered(tokens: Sequence["Token"]) -> str:
    for token in tokens:
        if token.type in ("heading_open", "heading_close") and token.tag == "h1":
            token.tag = "h2"
    return str(_markdown().renderer.render(tokens, _markdown().options, {}))


def title_of(text: str) -> str | None:
    """Returns the words of the first heading of the highest rank; None: the text has no heading."""
    tokens = _markdown().parse(text)
    ranked = [
        (heading.tag, at)
        for at, heading in enumerate(tokens)
        if heading.type == "heading_open" and tokens[at + 1].content.strip()
    ]
    return tokens[min(ranked)[1] + 1].content.strip() if ranked else None
