"""Contains `idp incident`: the end of all sessions of an application, a door, a network, since a time, or of several of
these together. Not here: which sessions those are (`accounts/incident`), one person's (`cli/accounts`)."""

import argparse
import secrets
import sys
from collections.abc import Mapping

from idp.accounts.incident import Criteria, Reach, is_narrower_than_kept, kept_network
from idp.adapters.sql.incidents import SqlIncidents
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cli.asking import require_wish
from idp.clients.operator_rules import registered
from idp.clients.registry import logout_listeners
from idp.core.audit import AuditEvent
from idp.core.ephemeral import StoreUnavailable
from idp.settings import Settings
from idp.wiring.itinerary import build_sessions
from idp.wiring.resources import Resources, open_resources

_NOTHING_TO_DO, _WRONG_USE = 3, 2


def end(settings: Settings, options: argparse.Namespace) -> int:
    """End them in one commit, after saying how many there are, and asking."""
    criteria = Criteria(
        client_id=options.client, door=options.door, network=options.network, since=options.since
    )
    if criteria == Criteria():
        print(
            "idp: which? --client, --door, --network, --since, or several of them together", file=sys.stderr
        )
        return _WRONG_USE
    listeners = logout_listeners(registered(settings))
    resources = open_resources(settings)
    reach = SqlIncidents(resources.database).reach(criteria, resources.clock.now(), listeners)
    _tell(criteria, reach, settings)
    if not reach.sessions:
        return _NOTHING_TO_DO
    if options.dry_run:
        print("Nothing was ended (--dry-run).")
        return 0
    require_wish("End them? They cannot be revived.", "nothing was ended", is_said=options.yes)
    return _ended(resources, criteria, listeners)


def _tell(criteria: Criteria, reach: Reach, settings: Settings) -> None:
    network = criteria.network
    if network is not None and is_narrower_than_kept(network):
        kept = kept_network(network.network_address)
        print(f"Addresses are kept shortened: all of {kept} is meant, not {network} alone.")
    life = settings.lives.access_token_life
    print(
        f"people:            {reach.people}\n"
        f"sessions:          {reach.sessions}, {reach.living} of them not over here\n"
        f"grants:            {reach.grants}\n"
        f"  refresh tokens:  {reach.refresh_tokens}\n"
        f"  access tokens:   of these grants, those not older than {life.total_seconds():.0f} s; not counted\n"
        f"logout notices:    {reach.notices}, to {reach.listeners} applications"
    )


def _ended(resources: Resources, criteria: Criteria, listeners: frozenset[str]) -> int:
    audit, incident = resources.audit, secrets.token_hex(4)
    incidents, now = SqlIncidents(resources.database), resources.clock.now()
    with SqlUnitOfWork(resources.database).together():
        sids, people = incidents.end(criteria, now, listeners)
        audit.record(
            AuditEvent.INCIDENT_ENDED,
            client_id=criteria.client_id,
            incident=incident,
            sessions=len(sids),
            people=len(people),
            **_facts(criteria),
        )
        for account_id in people:
            audit.record(AuditEvent.SESSION_ENDED, account_id=account_id, by="incident", incident=incident)
    print(f"Ended: {len(sids)} sessions of {len(people)} people, incident {incident} in the audit trail.")
    print(
        "Nothing of it can be revived. Whoever may sign in signs in again: no account and no door was changed."
    )
    try:
        # After the commit: these open nothing any more, and are only in the way.
        build_sessions(resources).end_all(sids)
    except StoreUnavailable:
        print(
            "idp: their records in the ephemeral store stay until they expire, and open nothing",
            file=sys.stderr,
        )
    return 0


def _facts(criteria: Criteria) -> Mapping[str, str]:
    facts = {"door": criteria.door, "network": criteria.network, "since": criteria.since}
    return {name: str(value) for name, value in facts.items() if value is not None}
