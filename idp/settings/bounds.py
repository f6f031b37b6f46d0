"""Contains how much of a request is read. Not here: the limits of a proxy in front (docs/nginx-issuer.conf)."""

from dataclasses import dataclass
from typing import ClassVar

from idp.settings.declared import number
from idp.settings.faults import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundSettings:
    """Bounds on what is read."""

    PREFIX: ClassVar[str] = ""

    body_bytes: int = number("The body of a request, in octets.", 64 * 1024, source="facts/security WB5")
    parameter_bytes: int = number("One parameter, in octets.", 8 * 1024)
    request_bytes: int = number(
        "What a sign-in or sign-out keeps of its request: `state`, `nonce`, `claims` and so on together, in octets.",
        4 * 1024,
        least=1024,
        source="facts/security §0.2",
    )


RULES: tuple[Rule[BoundSettings], ...] = (
    Rule(
        names="PARAMETER_BYTES",
        expected="BODY_BYTES or less",
        is_broken=lambda s: s.parameter_bytes > s.body_bytes,
        it_is="more",
        beside="BODY_BYTES",
    ),
)
