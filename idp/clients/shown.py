"""What is shown of a value that was refused, and what was probably meant by it.

Contains words only. Not here: where it stands (`clients/located_yaml`), which member holds secrets (`clients/members`).
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches

import yaml

#: Of what stands at the place of a fault, in characters.
_MOST_SHOWN = 60
#: What is drawn by lot, and an address with a password in it.
_LIKE_A_SECRET = re.compile(r"(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_+=-]{24,}|://[^/]*@")
#: YAML 1.1 takes these for truth values; we do not.
_TRUTH = {**dict.fromkeys(("yes", "on", "y", "1"), "true"), **dict.fromkeys(("no", "off", "n", "0"), "false")}


def nearest(text: str, choices: Iterable[str]) -> str | None:
    """Returns what was probably meant by a text that is none of the choices."""
    lowered = {choice.lower(): choice for choice in choices}
    if (usual := _TRUTH.get(text.lower())) in lowered:
        return usual
    # What is much longer is none of them, and would be compared for long.
    near = get_close_matches(text.lower(), lowered, n=1, cutoff=0.6) if len(text) <= _MOST_SHOWN else []
    return lowered[near[0]] if near else None


def shown(node: yaml.Node) -> str:
    """Returns what stands there, short and in quotes, or what kind of thing it is. "": it may be a secret."""
    if not isinstance(node, yaml.ScalarNode):
        kind = "list" if isinstance(node, yaml.SequenceNode) else "mapping"
        return f"a {kind}" if node.value else f"an empty {kind}"
    if node.tag == "tag:yaml.org,2002:null" or not node.value:
        return "nothing"
    # Only of what may be shown: the value may be a megabyte.
    if _LIKE_A_SECRET.search(node.value[: 2 * _MOST_SHOWN]):
        return ""
    kept = node.value if len(node.value) <= _MOST_SHOWN else f"{node.value[:_MOST_SHOWN]}…"
    return "`" + "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in kept) + "`"
