"""Contains what the worker does, built: mails, new browsers, notices, kept logout tokens, lists, ends of accounts.

Not here: when (`cli/worker`).
"""

from idp.accounts.erasure import Eraser
from idp.accounts.leavers import Leavers
from idp.accounts.new_browsers import NewBrowsers
from idp.adapters.http.bounded import SafeHttp
from idp.adapters.http.logout_post import HttpLogoutPost
from idp.adapters.igc.crl_refresh import CrlRefresher
from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.adapters.mail.connections import KeptConnections
from idp.adapters.mail.sealed import OpeningTransport, SealedOutbox
from idp.adapters.mail.smtp import SmtpTransport
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.erasure import SqlErasures
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.kept_logouts import SqlKeptLogouts
from idp.adapters.sql.leavers import SqlUnusedAccounts
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.mail_sender import MailSender
from idp.adapters.sql.open_sessions import SqlOpenSessions
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.upstream_links import SqlUpstreamLinks
from idp.adapters.sql.work import SqlUnitOfWork
from idp.clients.credential_ends import CredentialWatch
from idp.clients.registry import logout_listeners
from idp.core.refusal_trail import RefusalTrail
from idp.flows.shared.new_browser_mail import NewBrowserMailer
from idp.interaction.sign_out import SignOut
from idp.protocol.logout.backchannel import BackChannelLogout
from idp.protocol.logout.kept_logouts import KeptLogoutJudge
from idp.protocol.logout.logout_token import LogoutTokens
from idp.protocol.logout.upstream_ends import UpstreamLogouts
from idp.settings.closing import months
from idp.wiring.accounts import build_notices, build_pseudonyms
from idp.wiring.cards import build_card_policy, build_crl_index, needed_lists
from idp.wiring.itinerary import build_sessions
from idp.wiring.psc import build_upstream
from idp.wiring.relying_parties import build_clients, build_outbound_http
from idp.wiring.resources import Resources, open_key_directory, open_subjects
from idp.wiring.web import build_mails, build_web

#: The worker has time for a list.
_CRL_SECONDS = 15 * 60.0


def build_mail_sender(resources: Resources, relay: SmtpTransport) -> MailSender:
    transport = OpeningTransport(KeptConnections(relay=relay), resources.sealer)
    return MailSender(database=resources.database, clock=resources.clock, transport=transport)


def build_new_browsers(resources: Resources) -> NewBrowsers:
    settings, database, clock = resources.settings, resources.database, resources.clock
    mails = NewBrowserMailer(
        outbox=SealedOutbox(SqlOutbox(database, clock), resources.sealer),
        mails=build_mails(settings),
        life=settings.mail.notice_life,
        help_desk=settings.help_line,
    )
    return NewBrowsers(
        work=SqlUnitOfWork(database),
        open_sessions=SqlOpenSessions(database),
        accounts=SqlAccounts(database),
        mails=mails,
        clock=clock,
    )


def build_keys(resources: Resources) -> KeysInForce:
    """Raises BadKeyFile."""
    return KeysInForce(open_key_directory(resources.settings, resources.clock))


def build_back_channel(resources: Resources, keys: KeysInForce) -> BackChannelLogout:
    settings = resources.settings
    accounts, audit = SqlAccounts(resources.database), resources.audit
    return BackChannelLogout(
        work=SqlUnitOfWork(resources.database),
        notices=SqlLogoutNotices(resources.database),
        tokens=LogoutTokens(
            issuer=settings.where.issuer,
            keys=keys,
            subjects=open_subjects(settings),
            accounts=accounts,
            life=settings.lives.logout_token_life,
            clock=resources.clock,
        ),
        client=build_clients(settings, resources.clock).get,
        outside=HttpLogoutPost(build_outbound_http(settings)),
        audit=audit,
        clock=resources.clock,
    )


def build_kept_logout_judge(resources: Resources) -> KeptLogoutJudge | None:
    """Returns None unless logout tokens of Pro Santé Connect are taken. Raises BadSetting."""
    settings, clock = resources.settings, resources.clock
    database, audit = resources.database, resources.audit
    upstream = build_upstream(settings, clock, audit) if settings.psc.backchannel_logout else None
    if upstream is None:
        return None
    clients = build_clients(settings, clock)
    work = SqlUnitOfWork(database)
    sign_out = SignOut(
        work=work,
        sessions=build_sessions(resources),
        grants=SqlGrants(database),
        audit=audit,
        listeners=lambda: logout_listeners(clients.registry()),
    )
    logouts = UpstreamLogouts(
        upstream=upstream,
        work=work,
        store=resources.store,
        sign_out=sign_out,
        accounts=SqlAccounts(database),
        links=SqlUpstreamLinks(database, upstream.issuer),
        clock=clock,
    )
    kept, trail = SqlKeptLogouts(database, resources.sealer), RefusalTrail(audit, resources.store)
    return KeptLogoutJudge(work=work, kept=kept, logouts=logouts, trail=trail, clock=clock)


def build_eraser(resources: Resources) -> Eraser:
    settings, clock, database = resources.settings, resources.clock, resources.database
    clients = build_clients(settings, clock)
    return Eraser(
        work=SqlUnitOfWork(database),
        accounts=SqlAccounts(database),
        erasures=SqlErasures(database),
        grants=SqlGrants(database),
        notices=build_notices(resources, build_mails(resources.settings)),
        audit=resources.audit,
        clock=clock,
        pseudonyms=build_pseudonyms(settings),
        listeners=lambda: logout_listeners(clients.registry()),
    )


def build_leavers(resources: Resources) -> Leavers:
    settings, clock, database = resources.settings, resources.clock, resources.database
    clients, web = build_clients(settings, clock), build_web(settings, clock)
    ends, rendering = settings.closing, web.rendering

    def motive(locale: str) -> str:
        spoken = web.languages.spoken(locale)
        return rendering.words("leavers.motive", spoken, months=ends.unused_disabled_after)

    return Leavers(
        work=SqlUnitOfWork(database),
        accounts=SqlAccounts(database),
        unused=SqlUnusedAccounts(database),
        grants=SqlGrants(database),
        notices=build_notices(resources, web.mails),
        audit=resources.audit,
        clock=clock,
        warned_after=months(ends.unused_warned_after),
        disabled_after=months(ends.unused_disabled_after),
        motive=motive,
        listeners=lambda: logout_listeners(clients.registry()),
    )


def build_credential_watch(resources: Resources) -> CredentialWatch:
    settings, clock = resources.settings, resources.clock
    return CredentialWatch(build_clients(settings, clock), clock, settings.operations.client_credentials)


def build_crl_refresher(resources: Resources) -> CrlRefresher | None:
    """Returns None when no list is configured."""
    s = resources.settings
    policy = build_card_policy(s)
    if policy is None or not (s.revocation.crl_urls or s.revocation.root_crl_urls):
        return None
    return CrlRefresher(
        needed=needed_lists(s, policy),
        http=SafeHttp(total_seconds=_CRL_SECONDS, body_bytes=s.revocation.crl_bytes),
        index=build_crl_index(resources),
        clock=resources.clock,
    )
