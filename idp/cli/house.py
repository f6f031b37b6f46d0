"""Contains which doors this service has open, for commands that judge whom they let in. Not here: a judgement."""

from dataclasses import dataclass

from idp.adapters.sql.professional_contexts import SqlProfessionalContexts
from idp.adapters.sql.upstream_links import SqlUpstreamLinks
from idp.clients.client_file import ClientFile
from idp.interaction.authenticator import Doors
from idp.interaction.professional_context import ContextAction
from idp.wiring.cards import build_card_policy
from idp.wiring.itinerary import build_itinerary
from idp.wiring.psc import build_upstream
from idp.wiring.resources import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """`psc_issuer`: "" without Pro Santé Connect."""

    doors: Doors
    has_psc: bool
    psc_issuer: str


def open_house(resources: Resources, clients: ClientFile) -> House:
    """Raises BadSetting, AnchorsRefused."""
    upstream = build_upstream(resources.settings, resources.clock, resources.audit)
    issuer = upstream.issuer if upstream else ""
    links = SqlUpstreamLinks(resources.database, issuer)
    itinerary = build_itinerary(
        resources,
        clients,
        ContextAction(links, SqlProfessionalContexts(resources.database)),
        has_psc=upstream is not None,
        has_cps=build_card_policy(resources.settings) is not None,
    )
    return House(doors=itinerary.doors, has_psc=upstream is not None, psc_issuer=issuer)
