"""Contains the card host as the settings want it. Not here: a judgement on a card (`cards`)."""

from pathlib import Path

from idp.adapters.card_host.application import CardHost
from idp.adapters.card_host.proxy_listener import CardProxy
from idp.adapters.card_host.socket_listener import SocketListener
from idp.adapters.card_host.tls_listener import CardListener, ListenerLimits
from idp.adapters.sql.audit import SqlAudit
from idp.core.refusal_trail import RefusalTrail
from idp.settings import Settings
from idp.wiring.cards import build_card_policy
from idp.wiring.resources import Resources


def _issuing_certificates(settings: Settings) -> tuple[bytes, ...]:
    policy = build_card_policy(settings)
    return () if policy is None else tuple(authority.der for authority in policy.anchors.issuing)


def build_card_listener(resources: Resources) -> SocketListener:
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
            on_unknown_peer=lambda: application.record_forged_header("stranger"),
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
