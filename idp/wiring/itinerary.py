"""Contains what can be due: the doors, the charter, the session. Not here: what is due now (`interaction`)."""

from idp.adapters.sql.charters import SqlCharters
from idp.interaction.authenticator import Door
from idp.interaction.next_stop import Itinerary
from idp.interaction.professional_context import ContextAction
from idp.interaction.required_action import CharterAction
from idp.interaction.store import Sessions
from idp.web.browser import Web
from idp.wiring.resources import Resources


def _has_bypass(resources: Resources) -> bool:
    return resources.settings.card_revocation_bypass_until is not None


def build_itinerary(
    resources: Resources, web: Web, context: ContextAction, *, has_psc: bool, has_cps: bool
) -> Itinerary:
    s = resources.settings

    def allowed_for(client_id: str) -> frozenset[str]:
        client = web.clients.get(client_id)
        return frozenset(client.authenticators) if client else frozenset()

    doors = (
        Door(id="psc", is_open=has_psc, allowed_for=allowed_for, door="psc"),
        Door(id="cps", is_open=has_cps, allowed_for=allowed_for, door="cps"),
        Door(
            id="cps_unchecked",
            is_open=has_cps and _has_bypass(resources),
            allowed_for=allowed_for,
            door="cps",
        ),
        Door(id="password", is_open=s.password_door, allowed_for=allowed_for, door="password"),
        Door(id="email_otp", is_open=s.password_door, allowed_for=allowed_for, door="password"),
    )
    sources = frozenset({"cps", "psc"} if s.enrolment_from_psc else {"cps"})
    return Itinerary(doors, (build_charter_action(resources, web), context), sources)


def build_charter_action(resources: Resources, web: Web) -> CharterAction:
    def demanded_by(client_id: str) -> tuple[str, ...]:
        client = web.clients.get(client_id)
        return client.charters if client else ()

    return CharterAction(SqlCharters(resources.database), demanded_by)


def build_sessions(resources: Resources) -> Sessions:
    return Sessions(resources.store, resources.settings.session_life, resources.settings.session_idle)
