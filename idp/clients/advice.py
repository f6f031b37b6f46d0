"""What is allowed in clients.yaml and better changed: `idp clients check` prints it, nothing is refused for it.

Not here: faults (`clients/rules`).
"""

import stat
from collections.abc import Iterator

from idp.clients.located_yaml import BadYaml, files_named
from idp.clients.members import SECRET_MEMBERS
from idp.clients.reading import Entry, Reading
from idp.clients.rules import ClientRule, broken
from idp.clients.secret_conditions import share_no_day

ADVICE = (
    ClientRule(
        "pkce",
        "better `required`, or `or_nonce`: without PKCE a stolen code can be redeemed (RFC 9700 §2.1.1)",
        lambda v: v["pkce"] == "optional",
    ),
    ClientRule(
        "client_secrets",
        "better some days on which both hold: the application changes its secret on one of them",
        share_no_day,
    ),
    ClientRule(
        "pkce",
        "better `required`: without PKCE all rests on an application that compares the nonce (RFC 9700 §2.1.1)",
        lambda v: v["pkce"] == "or_nonce",
    ),
)


def advice_of(reading: Reading) -> list[BadYaml]:
    """Returns each at its place."""
    advice = []
    for entry in reading.entries:
        advice += [entry.told(rule) for rule in broken(ADVICE, entry.values)]
        advice += _open_secrets(entry)
    return advice


def _open_secrets(entry: Entry) -> Iterator[BadYaml]:
    """The file of a secret that every user of the machine may read."""
    for member in SECRET_MEMBERS:
        named = files_named(entry.given[member]) if member in entry.given else ()
        for at in named:
            try:
                mode = (at.path.parent / str(at.node.value)).stat().st_mode
            except (OSError, ValueError):
                continue
            if mode & stat.S_IROTH:
                fault = at.fail_outside("better a file that only its owner and group read: `chmod o=` it")
                fault.client, fault.member = entry.name, member
                yield fault
