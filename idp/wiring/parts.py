"""Contains what several flows and endpoints share, built once in each process. Not here: a flow, an endpoint."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine

from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.adapters.psc.provider import PscProvider
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.leavers import SqlLastSignIns
from idp.adapters.sql.open_sessions import SqlOpenSessions
from idp.adapters.sql.professional_contexts import SqlProfessionalContexts
from idp.adapters.sql.standings import SqlStandings
from idp.adapters.sql.upstream_links import SqlUpstreamLinks
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cards.trust import CardPolicy
from idp.clients.client_file import ClientFile
from idp.clients.key_sets import ClientKeys
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.refusal_trail import RefusalTrail
from idp.core.share import THREADS, Share, share
from idp.interaction.binding import Bindings
from idp.interaction.gate import Gate
from idp.interaction.hub import Hub
from idp.interaction.lending import Lending
from idp.interaction.next_stop import Itinerary
from idp.interaction.people import People
from idp.interaction.professional_context import ContextAction
from idp.interaction.sessions import Sessions
from idp.interaction.sign_in import SignIn
from idp.interaction.sign_out import SignOut
from idp.interaction.store import Interactions
from idp.protocol.rules.refusals import Refusals
from idp.settings import Settings
from idp.signing.key_ring import Keys
from idp.web.hub import Visits
from idp.web.kept_answers import KeptAnswers
from idp.web.leaving import Leaving
from idp.web.network_quota import NetworkQuota
from idp.wiring.cards import build_card_policy
from idp.wiring.house import build_houses
from idp.wiring.itinerary import build_itinerary, build_sessions, build_sign_out, charters_demanded
from idp.wiring.psc import build_upstream
from idp.wiring.relying_parties import build_client_keys, build_clients
from idp.wiring.resources import Resources, open_key_directory, open_resources
from idp.wiring.web import WebParts, build_web, kept_refusals, network_quota


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What several flows and endpoints share."""

    resources: Resources
    share: Share
    work: SqlUnitOfWork
    web: WebParts
    visits: Visits
    clients: ClientFile
    keys: Keys
    client_keys: ClientKeys
    upstream: PscProvider | None
    policy: CardPolicy | None
    links: SqlUpstreamLinks
    context: ContextAction
    contexts: SqlProfessionalContexts
    accounts: SqlAccounts
    charters: SqlCharters
    grants: SqlGrants
    audit: SqlAudit
    trail: RefusalTrail
    refusals: Refusals
    sessions: Sessions
    open_sessions: SqlOpenSessions
    sign_in: SignIn
    sign_out: SignOut
    interactions: Interactions
    itinerary: Itinerary
    standings: SqlStandings
    people: People
    lending: Lending
    entrance: NetworkQuota
    hub: Hub
    gate: Gate

    @property
    def settings(self) -> Settings:
        return self.resources.settings

    @property
    def clock(self) -> Clock:
        return self.resources.clock

    @property
    def store(self) -> EphemeralStore:
        return self.resources.store

    @property
    def database(self) -> Engine:
        return self.resources.database


def build_parts(settings: Settings, own: Share | None = None) -> Parts:
    """Returns the parts. `own`: None for a process that serves alone.

    Raises what the adapters raise: a missing database, a bad file of keys or clients.
    """
    resources = open_resources(settings)
    clients = build_clients(settings, resources.clock)
    database, clock = resources.database, resources.clock
    web = build_web(settings, clock, build_houses(settings))
    grants, audit = SqlGrants(database), resources.audit
    sessions, charters = build_sessions(resources), SqlCharters(database, clock)
    upstream, policy = build_upstream(settings, clock, audit), build_card_policy(settings)
    links = SqlUpstreamLinks(database, upstream.issuer if upstream else "")
    contexts = SqlProfessionalContexts(database)
    context = ContextAction(links, contexts)
    itinerary = build_itinerary(
        resources, clients, context, has_psc=upstream is not None, has_cps=policy is not None
    )
    accounts = SqlAccounts(database, shares_mailboxes=settings.email.shared)
    interactions = Interactions(
        store=resources.store,
        life=settings.lives.interaction_life,
        longest=settings.lives.interaction_longest,
        attempts=settings.crowd.attempts,
    )
    standings = SqlStandings(database, links.issuer, clock)
    people = People(standings, partial(charters_demanded, clients))
    lending = Lending(sessions, people)
    gate = Gate(itinerary.doors)
    open_sessions = SqlOpenSessions(database)
    work = SqlUnitOfWork(database)
    sign_out = build_sign_out(resources, sessions, clients.registry)
    return Parts(
        resources=resources,
        share=own or share(processes=1, threads=THREADS),
        work=work,
        web=web,
        visits=Visits(
            cookies=web.cookies,
            stations=web.stations,
            clock=resources.clock,
            origins=web.origins,
            devices=web.devices,
        ),
        clients=clients,
        keys=KeysInForce(open_key_directory(settings, clock)),
        client_keys=build_client_keys(resources),
        upstream=upstream,
        policy=policy,
        links=links,
        context=context,
        contexts=contexts,
        accounts=accounts,
        charters=charters,
        grants=grants,
        audit=audit,
        trail=RefusalTrail(audit, resources.store),
        refusals=Refusals(kept_refusals(resources, web)),
        sessions=sessions,
        open_sessions=open_sessions,
        sign_in=SignIn(
            sessions=sessions,
            open_sessions=open_sessions,
            sign_out=sign_out,
            gate=gate,
            audit=audit,
            last=SqlLastSignIns(database),
            told_after=settings.mail.new_browser_after if settings.mail.new_browser else None,
        ),
        sign_out=sign_out,
        interactions=interactions,
        itinerary=itinerary,
        standings=standings,
        people=people,
        lending=lending,
        entrance=_entrance(resources, web),
        hub=Hub(
            interactions=interactions,
            lending=lending,
            people=people,
            itinerary=itinerary,
        ),
        gate=gate,
    )


def _entrance(resources: Resources, web: WebParts) -> NetworkQuota:
    crowd = resources.settings.crowd
    return network_quota(resources, web, Kind.SIGN_INS_BY_IP, crowd.begun, crowd.begun_window)


def build_answers(parts: Parts) -> KeptAnswers:
    """Returns what tells a person by GET how a form of theirs ended."""
    web, lives = parts.web, parts.settings.lives
    return KeptAnswers(
        store=parts.store,
        life=lives.interaction_life,
        cookies=web.cookies,
        rendering=web.rendering,
    )


def build_leaving(parts: Parts) -> Leaving:
    return Leaving(parts.web.cookies, Bindings(parts.interactions), parts.visits)
