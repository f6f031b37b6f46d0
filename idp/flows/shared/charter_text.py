"""Contains the operator's Markdown as HTML: charters, and what changed in them. Not here: a page."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


@cache
def _markdown() -> "MarkdownIt":
    """Returns the operator's Markdown, without raw HTML nor images."""
    # Only now: most sign-ins show no charter, and the parser is a megabyte.
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).disable(["image", "html_inline", "html_block"])


def charter_html(text: str) -> str:
    """Returns the text as HTML. The page has its own `h1`: the operator's headings begin below it."""
    tokens = _markdown().parse(text)
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
