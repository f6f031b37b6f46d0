"""Contains the card host, built from the settings. Not here: the verdict on a card (`cards`)."""

from idp.adapters.card_host.application import CardHost
from idp.adapters.card_host.proxy_listener import CardProxy
from idp.adapters.card_host.socket_listener import SocketListener
from idp.adapters.card_host.tls_listener import CardListener, ListenerLimits
from idp.core.refusal_trail import RefusalTrail
from idp.settings import Settings
from idp.wiring.audit import build_peer_origin
from idp.wiring.cards import build_card_policy
from idp.wiring.resources import Resources


def _issuing_certificates(settings: Settings) -> tuple[bytes, ...]:
    policy = build_card_policy(settings)
    return () if policy is None else tuple(authority.der for authority in policy.anchors.issuing)


def build_card_listener(resources: Resources) -> SocketListener:
    """Returns the listener: it does TLS itself, or serves the proxy that does."""
    s = resources.settings
    limits = ListenerLimits(connections=s.card_host.connections, per_peer=s.card_host.connections_per_peer)
    trail = RefusalTrail(resources.audit, resources.store)
    application = CardHost(
        store=resources.store,
        trail=trail,
        issuer=s.where.issuer,
        card_host=s.card_host.origin,
        presentation_life=s.lives.card_presentation_life,
        origin_of=build_peer_origin(s),
    )
    if s.card_host.socket is not None:
        return CardProxy(
            s.card_host.socket,
            s.card_host.proxy_user,
            application,
            on_unknown_peer=lambda: application.record_forged_header("stranger"),
            limits=limits,
        )
    return CardListener(
        s.card_host.hosts,
        s.card_host.port,
        str(s.card_host.certificate_file),
        str(s.card_host.key_file),
        application,
        client_cas_der=_issuing_certificates(s),
        limits=limits,
    )
