"""What a browser sends with a form of ours: where to, and its hidden fields.

By patterns, since thousands of pages are read: a parser took a tenth of the time of these tests. Our templates write
attributes in double quotes, and escape `<`, `>` and `"` in them. Not here: what a page looks like (Beautiful Soup).
"""

import re
from html import unescape

_FORM = re.compile(r"<form\b(?P<about>[^<>]*)>(?P<within>.*?)</form>", re.DOTALL)
_INPUT = re.compile(r"<input\b([^<>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def form_to(page: str, action_end: str) -> tuple[str, dict[str, str]]:
    """Returns the address of the first form whose address ends so, and its hidden fields. Raises AssertionError."""
    forms = [
        (action, form["within"])
        for form in _FORM.finditer(_COMMENT.sub("", page))
        if (action := _attributes(form["about"])["action"]).endswith(action_end)
    ]
    assert forms, f"no form to {action_end} on {re.findall('<title>.*?</title>', page, re.DOTALL)}"
    action, within = forms[0]
    inputs = [_attributes(found) for found in _INPUT.findall(within)]
    return action, {it["name"]: it["value"] for it in inputs if it.get("type") == "hidden"}


def _attributes(tag: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
