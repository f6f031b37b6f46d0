"""What a person can do on a page: its forms, fields, buttons and links, found by their visible words.

Contains reading forms and filling them. Not here: HTTP, cookies, what a page means.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.demo.html_tree import Node, plain, read_tree

Typed = Mapping[str, str | bool]

_NOT_FIELDS = frozenset({"submit", "button", "image", "reset"})


class NotOnThePage(LookupError):
    """The page has no such form, field or link. The message says what it has."""


@dataclass(frozen=True, slots=True)
class Field:
    """One control. `value`: what it sends if left as it is; None for a box not ticked."""

    name: str
    kind: str
    value: str | None
    autocomplete: str
    when_ticked: str

    def entered(self, value: str | bool) -> str | None:
        """Returns what it sends after the person typed `value`, or ticked (True) or cleared (False) the box."""
        if isinstance(value, bool):
            return self.when_ticked if value else None
        return value


@dataclass(frozen=True, slots=True)
class Button:
    words: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Form:
    action: str
    method: str
    fields: tuple[Field, ...]
    buttons: tuple[Button, ...]

    def find(self, wanted: str) -> Field | None:
        """Returns a field by name, else by autocomplete token, written with `_` for `-`: `one_time_code`."""
        by_name = [known for known in self.fields if known.name == wanted]
        token = wanted.replace("_", "-")
        by_token = [known for known in self.fields if token in known.autocomplete.split()]
        return next(iter([*by_name, *by_token]), None)

    def button(self, words: str) -> Button | None:
        return next((known for known in self.buttons if known.words == plain(words)), None)

    def filled(self, button: Button, typed: Typed) -> list[tuple[str, str]]:
        """Returns what the browser sends when the button is pressed."""
        entered = {self.find(wanted): value for wanted, value in typed.items()}
        sent = [
            (known.name, known.entered(entered[known]) if known in entered else known.value)
            for known in self.fields
        ]
        sent.append((button.name, button.value))
        return [(name, value) for name, value in sent if name and value is not None]


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    text: str
    forms: tuple[Form, ...]
    links: tuple[tuple[str, str], ...]
    """Words and address."""
    frames: tuple[str, ...]
    refresh: str | None
    """Where the page goes by itself at once (`<meta http-equiv="refresh" content="0; url=…">`)."""

    def form(self, button: str, typed: Typed) -> Form:
        """Returns the form with this button and these fields. Raises NotOnThePage for none, or several that differ."""
        found = [f for f in self.forms if f.button(button) and all(f.find(wanted) for wanted in typed)]
        if not found:
            there = [([b.words for b in f.buttons], [k.name for k in f.fields]) for f in self.forms]
            raise NotOnThePage(f"{self.title!r}: no button {button!r} with fields {list(typed)}, but {there}")
        if len({form.action for form in found}) > 1:
            raise NotOnThePage(f"{self.title!r}: {len(found)} forms with {button!r}; name a field of one")
        return found[0]

    def link(self, words: str) -> str | None:
        return next((address for seen, address in self.links if seen == plain(words)), None)

    def field(self, wanted: str) -> Field | None:
        """Returns a field of any form, by name or autocomplete token."""
        return next((found for form in self.forms if (found := form.find(wanted))), None)


def read_document(html: str) -> Document:
    tree = read_tree(html)
    return Document(
        title=next((node.words for node in tree.all("title")), ""),
        text=tree.words,
        forms=tuple(_form(node) for node in tree.all("form")),
        links=tuple(
            (node.words, node.attributes["href"]) for node in tree.all("a") if "href" in node.attributes
        ),
        frames=tuple(node.attributes["src"] for node in tree.all("iframe") if "src" in node.attributes),
        refresh=next((found for node in tree.all("meta") if (found := _refresh(node))), None),
    )


def _refresh(node: Node) -> str | None:
    if node.attributes.get("http-equiv", "").lower() != "refresh":
        return None
    found = re.fullmatch(r"\s*0\s*[;,]\s*url\s*=\s*(.+)", node.attributes.get("content", ""), re.IGNORECASE)
    return found[1] if found else None


def _form(node: Node) -> Form:
    controls = [c for c in node.all("input", "select", "textarea") if "disabled" not in c.attributes]
    inputs = [c for c in controls if c.attributes.get("type", "text").lower() not in _NOT_FIELDS]
    pressed = [c for c in controls if c.attributes.get("type", "").lower() == "submit"]
    buttons = [b for b in node.all("button") if b.attributes.get("type", "submit") == "submit"]
    return Form(
        action=node.attributes.get("action", ""),
        method=node.attributes.get("method", "get").lower(),
        fields=tuple(_field(control) for control in inputs),
        buttons=tuple(_button(button) for button in [*buttons, *pressed]),
    )


def _field(control: Node) -> Field:
    given = control.attributes
    kind = given.get("type", "text").lower() if control.tag == "input" else control.tag
    return Field(
        name=given.get("name", ""),
        kind=kind,
        value=_VALUES.get(kind, _typed_value)(control),
        autocomplete=given.get("autocomplete", ""),
        when_ticked=given.get("value", "on"),
    )


def _typed_value(control: Node) -> str | None:
    return control.attributes.get("value", "")


def _ticked_value(control: Node) -> str | None:
    return control.attributes.get("value", "on") if "checked" in control.attributes else None


def _selected_value(control: Node) -> str | None:
    options = list(control.all("option"))
    chosen = [option for option in options if "selected" in option.attributes] or options[:1]
    return chosen[-1].attributes.get("value", chosen[-1].words) if chosen else None


def _written_value(control: Node) -> str | None:
    return "".join(child for child in control.children if isinstance(child, str))


_VALUES = {
    "checkbox": _ticked_value,
    "radio": _ticked_value,
    "select": _selected_value,
    "textarea": _written_value,
}


def _button(node: Node) -> Button:
    given = node.attributes
    words = node.words if node.tag == "button" else plain(given.get("value", ""))
    return Button(words, given.get("name", ""), given.get("value", ""))
