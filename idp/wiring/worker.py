"""Contains what the worker does, built: mails, logout notices. Not here: when (`cli/background`)."""

from idp.adapters.http.logout_post import HttpLogoutPost
from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.adapters.mail.sealed import OpeningTransport
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.outbox import OutboxWorker
from idp.core.mailer import MailTransport
from idp.protocol.logout.backchannel import BackChannelLogout
from idp.protocol.logout.logout_token import LogoutTokens
from idp.wiring.relying_parties import build_clients, build_outbound_http
from idp.wiring.resources import Resources, open_key_directory, open_subjects


def build_outbox_worker(resources: Resources, transport: MailTransport) -> OutboxWorker:
    return OutboxWorker(resources.database, resources.clock, OpeningTransport(transport, resources.sealer))


def build_back_channel(resources: Resources) -> BackChannelLogout:
    settings = resources.settings
    keys = KeysInForce(open_key_directory(settings, resources.clock))
    accounts, audit = SqlAccounts(resources.database), SqlAudit(resources.database, resources.clock)
    return BackChannelLogout(
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
