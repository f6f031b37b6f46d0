"""Contains the door of Pro Santé Connect, built with what it needs. Not here: our client there (`psc`)."""

from collections.abc import Iterator
from datetime import timedelta

from idp.flows.psc import PscFlow
from idp.flows.psc_leave import PscLeaveFlow
from idp.flows.shared.psc_attempts import PscAttempts
from idp.flows.shared.psc_brokers import PscBrokers
from idp.flows.shared.psc_departure import PscDeparture
from idp.flows.shared.psc_freshness import Freshness
from idp.flows.shared.psc_leaving import PscLeaving
from idp.flows.shared.psc_refusals import PscRefusals
from idp.flows.shared.psc_repeated import PscRepeated
from idp.web.page_routes import Flow
from idp.wiring.flow_parts import FlowParts
from idp.wiring.parts import Parts

#: What a callback may take beside the answers of Pro Santé Connect: a place among those that wait, our own records.
_BESIDE_ITS_ANSWERS = timedelta(seconds=5)


def build_psc_door(parts: Parts, shared: FlowParts) -> Iterator[Flow]:
    """Yields its flows; none without Pro Santé Connect."""
    s = parts.settings
    if parts.upstream is not None:
        leaving = PscLeaving(
            store=parts.store,
            sealer=parts.resources.sealer,
            upstream=parts.upstream,
            issuer=s.where.issuer,
            life=s.lives.upstream_life,
        )
        freshness = _freshness(parts)
        attempts = PscAttempts(parts.store, s.lives.upstream_life, parts.clock)
        refusals = PscRefusals(shared.desk, parts.store, shared.linking.links)
        yield PscFlow(
            desk=shared.desk,
            admission=shared.admission,
            accounts=parts.accounts,
            attempts=attempts,
            departure=PscDeparture(
                desk=shared.desk,
                attempts=attempts,
                upstream=parts.upstream,
                refusals=refusals,
                freshness=freshness,
                brokers=_brokers(parts),
                clock=parts.clock,
            ),
            repeated=PscRepeated(
                desk=shared.desk,
                refusals=refusals,
                freshness=freshness,
                longest=s.psc.timeout + _BESIDE_ITS_ANSWERS,
                life=s.psc.answer_again,
                clock=parts.clock,
            ),
            upstream=parts.upstream,
            sealer=parts.resources.sealer,
            linking=shared.linking,
            freshness=freshness,
            refusals=refusals,
            leaving=leaving,
            parameter_bytes=s.bounds.parameter_bytes,
            clock=parts.clock,
        )
        yield PscLeaveFlow(shared.desk, leaving)


def _brokers(parts: Parts) -> PscBrokers:
    s = parts.settings
    hints, names = s.psc.hint_by_name, s.stations.names
    return PscBrokers(
        clients=parts.clients,
        networks=parts.web.networks,
        by_network={network: hints[name] for network, name in names.items() if name in hints},
    )


def _freshness(parts: Parts) -> Freshness:
    settings = parts.settings
    return Freshness(
        cookies=parts.web.cookies,
        stations=parts.web.stations,
        session_life=settings.lives.session_life,
        skew=settings.clock.skew,
    )
