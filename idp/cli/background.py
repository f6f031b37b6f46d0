"""Commands that run beside the web processes, until they are told to stop. They import no web framework."""

import argparse
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import structlog

from idp.adapters.card_host.application import CardHost
from idp.adapters.card_host.proxy_listener import CardProxy
from idp.adapters.card_host.socket_listener import SocketListener
from idp.adapters.card_host.tls_listener import CardListener, ListenerLimits
from idp.adapters.http.logout_post import HttpLogoutPost
from idp.adapters.http.outbound import OutboundHttp
from idp.adapters.igc.crl_refresh import CrlRefresher
from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.adapters.mail.sealed import OpeningTransport
from idp.adapters.mail.smtp import SmtpTransport
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.outbox import OutboxWorker
from idp.adapters.sql.store import SqlStore
from idp.cli.lanes import Lanes
from idp.clients.operator_rules import operator_rules
from idp.clients.registry import ClientFile
from idp.core.ephemeral import StoreUnavailable
from idp.core.logs import configure_logging
from idp.core.refusal_trail import RefusalTrail
from idp.protocol.logout.backchannel import BackChannelLogout
from idp.protocol.logout.logout_token import LogoutTokens
from idp.settings import Settings
from idp.wiring.cards import build_card_policy, build_crl_refresher
from idp.wiring.resources import Resources, open_key_directory, open_resources, open_subjects

log = structlog.get_logger()

_PAUSE_SECONDS = 0.25
_CRL_PAUSE_SECONDS = 20
_PURGED_AT_ONCE = 1000
#: Longer than any token of a grant can live.
_GRANTS_KEPT = timedelta(days=2)
#: Beyond that, `idp logouts list` forgets; longer than grants, so that no end is told twice.
_NOTICES_KEPT = timedelta(days=7)
_PURGE_EVERY = timedelta(minutes=1)


def _on_stop(act: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: act())


def _issuing_certificates(settings: Settings) -> tuple[bytes, ...]:
    policy = build_card_policy(settings)
    return () if policy is None else tuple(authority.der for authority in policy.anchors.issuing)


def _card_listener(resources: Resources) -> SocketListener:
    """Terminates the TLS itself, or listens to the proxy that does."""
    s = resources.settings
    limits = ListenerLimits(connections=s.card_connections, per_peer=s.card_connections_per_peer)
    trail = RefusalTrail(SqlAudit(resources.database, resources.clock), resources.store)
    application = CardHost(
        store=resources.store,
        trail=trail,
        issuer=s.issuer,
        card_host=s.card_host,
        presentation_life=s.card_presentation_life,
    )
    if s.card_listen.startswith("unix:"):
        return CardProxy(
            Path(s.card_listen.removeprefix("unix:")),
            s.card_proxy_user,
            application,
            on_stranger=lambda: application.witness_header("stranger"),
            limits=limits,
        )
    addresses = [part.rsplit(":", 1) for part in s.card_listen.split(",")]
    return CardListener(
        [host.strip("[] ") for host, _port in addresses],
        int(addresses[0][1]),
        str(s.card_certificate_file),
        str(s.card_key_file),
        application,
        client_cas_der=_issuing_certificates(s),
        limits=limits,
    )


def card_host(settings: Settings, options: argparse.Namespace) -> int:
    configure_logging()
    resources = open_resources(settings)
    listener = _card_listener(resources)
    _on_stop(listener.shutdown)
    listener.serve_forever()
    return 0


def _purge(resources: Resources, expired: SqlStore) -> None:
    """Everything that is over, in short transactions: no record outlives its use."""
    while expired.purge(_PURGED_AT_ONCE) == _PURGED_AT_ONCE:
        pass
    now = resources.clock.now()
    SqlGrants(resources.database).purge(now - _GRANTS_KEPT)
    SqlLogoutNotices(resources.database).purge(now - _NOTICES_KEPT)
    SqlAudit(resources.database, resources.clock).purge(now - resources.settings.audit_life)


def _refresh_lists(refresher: CrlRefresher, stopped: threading.Event) -> None:
    while True:
        try:
            refresher.run_due()
        except StoreUnavailable:
            log.error("crl_store_unavailable")
        except Exception:  # a thread that died would leave the lists to age in silence
            log.exception("crl_refresh_failed")
        if stopped.wait(_CRL_PAUSE_SECONDS):
            return


def _outbox(resources: Resources) -> OutboxWorker:
    settings = resources.settings
    transport = SmtpTransport(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_sender,
        starttls=settings.smtp_starttls,
        username=settings.smtp_username or None,
        password=settings.smtp_password or None,
        clock=resources.clock,
    )
    return OutboxWorker(resources.database, resources.clock, OpeningTransport(transport, resources.sealer))


def _back_channel(resources: Resources) -> BackChannelLogout:
    settings = resources.settings
    keys = KeysInForce(open_key_directory(settings, resources.clock))
    accounts, audit = SqlAccounts(resources.database), SqlAudit(resources.database, resources.clock)
    return BackChannelLogout(
        notices=SqlLogoutNotices(resources.database),
        tokens=LogoutTokens(
            issuer=settings.issuer,
            keys=keys,
            subjects=open_subjects(settings),
            accounts=accounts,
            life=settings.logout_token_life,
            clock=resources.clock,
        ),
        client=ClientFile(settings.clients_file, operator_rules(settings)).get,
        outside=HttpLogoutPost(
            OutboundHttp(settings.outbound_networks, authority_files=settings.outbound_authority_files)
        ),
        audit=audit,
        clock=resources.clock,
    )


def worker(settings: Settings, options: argparse.Namespace) -> int:
    configure_logging()
    resources = open_resources(settings)
    outbox, back_channel = _outbox(resources), _back_channel(resources)
    lanes = Lanes(back_channel.deliver_next)
    expired = SqlStore(resources.database, resources.clock)
    stopped = threading.Event()
    _on_stop(stopped.set)
    refresher = build_crl_refresher(resources)
    if refresher is not None:
        # Beside the mails: a list of tens of MB must not keep a code waiting.
        threading.Thread(target=_refresh_lists, args=(refresher, stopped), daemon=True).start()
    purge_at = resources.clock.now()
    while not stopped.wait(_PAUSE_SECONDS):
        try:
            for client_id in back_channel.clients_due():
                lanes.run(client_id)
            outbox.drain_once()
            if resources.clock.now() >= purge_at:
                _purge(resources, expired)
                purge_at = resources.clock.now() + _PURGE_EVERY
        except StoreUnavailable:
            log.error("worker_store_unavailable")
            stopped.wait(5)
    lanes.stop()
    return 0
