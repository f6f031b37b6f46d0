"""Contains every rule by its identifier, and the page that lists them (docs/refusals.md).

`python -m idp.protocol.rules.rule_book > docs/refusals.md` writes it. Not here: a rule.
"""

from collections.abc import Iterator, Mapping
from types import ModuleType

from idp.core.errors import Rule
from idp.protocol.rules import (
    client_rules,
    form_rules,
    logout_rules,
    request_rules,
    token_rules,
    use_rules,
)
from idp.protocol.rules.authorization_rules import CHECKS


def _defined_in(module: ModuleType) -> tuple[Rule, ...]:
    return tuple(value for value in vars(module).values() if isinstance(value, Rule))


#: Rules under the title of their table.
SECTIONS: Mapping[str, tuple[Rule, ...]] = {
    "Any request": _defined_in(form_rules),
    "`/authorize`, `/par`: who asks, and how the request came": _defined_in(request_rules),
    "`/authorize`, `/par`: the parameters, in the order in which they are looked at": tuple(
        check.rule for check in CHECKS
    ),
    "How an application proves itself: `/token`, `/par`, `/introspect`, `/revoke`": _defined_in(client_rules),
    "`/token`": _defined_in(token_rules),
    "Keys, certificates and tokens that are shown": _defined_in(use_rules),
    "`/end_session`: what is left aside, while the person signs out all the same": _defined_in(logout_rules),
}
#: Every rule, by its identifier.
RULES: Mapping[str, Rule] = {rule.id: rule for rules in SECTIONS.values() for rule in rules}

_HEAD = """\
# Why a request is refused

Every rule that requests of applications keep to. Written by `python -m idp.protocol.rules.rule_book` (`make refusals`)
from `idp/protocol/rules`.

An application reads the error, a description and a reference: `code_challenge is missing: … (reference 1a2b3c4d)`. A
person reads the reference on the page that stands where no answer may go (*). The operator asks `idp error 1a2b3c4d`,
on any node, which endpoint, client and rule it was, and what to change; the log has a line `request_refused` with the
same, and `caducee_refused_requests_total` counts them.

What an application reads never repeats what it sent, and tells nothing of a client that nobody proved to be, nor of a
person. Where it says less than the operator reads, both stand here."""

_COLUMNS = (
    "| Rule | Error | What is wrong | What to change | `clients.yaml` | Source |\n|---|---|---|---|---|---|"
)


def document() -> str:
    return "\n".join(
        [_HEAD, *(line for title, modules in SECTIONS.items() for line in _table(title, modules)), ""]
    )


def _table(title: str, rules: tuple[Rule, ...]) -> Iterator[str]:
    yield f"\n## {title}\n\n{_COLUMNS}"
    for rule in rules:
        error = f"`{rule.error}`{' *' if rule.is_page else ''}"
        read = f" (it reads: « {rule.description} »)" if rule.truth else ""
        member = f"`{rule.member}`" if rule.member else ""
        yield f"| `{rule.id}` | {error} | {rule.wrong}{read} | {rule.cure} | {member} | {rule.clause} |"


if __name__ == "__main__":
    print(document(), end="")
