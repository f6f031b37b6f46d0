"""Contains what can be due: the doors, the charter, the session. Not here: what is due now (`interaction`)."""

from collections.abc import Callable
from functools import partial

from idp.accounts.email_change import ProvedAgain
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.work import SqlUnitOfWork
from idp.clients.client_file import ClientFile
from idp.clients.registry import ClientRegistry, logout_listeners
from idp.interaction.account_actions import EmailAgainAction, PasswordClosedAction, PasswordRenewalAction
from idp.interaction.authenticator import DOORS, house_doors
from idp.interaction.next_stop import Itinerary
from idp.interaction.professional_context import ContextAction
from idp.interaction.record import OF_NO_CLIENT
from idp.interaction.required_action import CharterAction, ClosingAction
from idp.interaction.sessions import Sessions
from idp.interaction.sign_out import SignOut
from idp.settings import Settings
from idp.wiring.resources import Resources


def _has_bypass(resources: Resources) -> bool:
    settings = resources.settings
    return settings.revocation.bypass_until is not None


def build_itinerary(
    resources: Resources, clients: ClientFile, context: ContextAction, *, has_psc: bool, has_cps: bool
) -> Itinerary:
    s = resources.settings

    def allowed_for(client_id: str) -> tuple[str, ...]:
        if client_id == OF_NO_CLIENT:
            return DOORS
        client = clients.get(client_id)
        return client.authenticators if client else ()

    opened = {
        "psc": has_psc,
        "cps": has_cps,
        "passkey": s.passkey.is_open_at(s.where.issuer),
        "password": s.password.door,
    }
    doors = house_doors(
        opened,
        has_bypass=_has_bypass(resources),
        is_passkey_demanded=s.passkey.is_demanded_at(s.where.issuer),
        allowed_for=allowed_for,
    )
    sources = frozenset({"cps", "psc"} if s.psc.may_enrol else {"cps"})
    again = EmailAgainAction(build_proved_again(s), fresh_for=s.lives.fresh_proof_life)
    charter = build_charter_action(resources, clients)
    password = (PasswordClosedAction(), PasswordRenewalAction())
    return Itinerary(doors, (ClosingAction(), charter, *password, again, context), sources)


def build_proved_again(settings: Settings) -> ProvedAgain:
    rule = settings.email
    return ProvedAgain(
        after=rule.proved_again_after, put_off_for=rule.put_off_for, offered_for=rule.offer_life
    )


def charters_demanded(clients: ClientFile, client_id: str) -> tuple[str, ...]:
    client = clients.get(client_id)
    return client.charters if client else ()


def build_charter_action(resources: Resources, clients: ClientFile) -> CharterAction:
    settings = resources.settings
    return CharterAction(
        charters=SqlCharters(resources.database, resources.clock),
        demanded_by=partial(charters_demanded, clients),
        put_off_for=settings.charter.put_off_for,
    )


def build_sign_out(
    resources: Resources, sessions: Sessions, clients: Callable[[], ClientRegistry]
) -> SignOut:
    """`clients`: returns those that are registered now."""
    return SignOut(
        work=SqlUnitOfWork(resources.database),
        sessions=sessions,
        grants=SqlGrants(resources.database),
        audit=resources.audit,
        listeners=lambda: logout_listeners(clients()),
    )


def build_sessions(resources: Resources) -> Sessions:
    settings = resources.settings
    return Sessions(
        store=resources.store,
        life=settings.lives.session_life,
        idle=settings.lives.session_idle,
        shared_idle=settings.stations.station_idle,
    )
