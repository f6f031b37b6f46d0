"""Contains the sections of « Mon compte », built with what they need. Not here: how a person signs in."""

from collections.abc import Iterator
from typing import Protocol

from idp.flows.account.charters import CharterAcceptancesFlow
from idp.web.page_routes import PageRoute
from idp.wiring.flow_parts import FlowParts
from idp.wiring.parts import Parts


class Section(Protocol):
    def routes(self) -> Iterator[PageRoute]: ...


def build_account(parts: Parts, shared: FlowParts) -> Iterator[Section]:
    yield CharterAcceptancesFlow(
        signed_in=shared.signed_in,
        charters=parts.charters,
        clients=parts.clients,
        rendering=parts.web.rendering,
    )
