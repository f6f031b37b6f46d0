"""Contains the audit trail, built from the settings: its rows, its lines, its keeping, where a request comes from.

Not here: an event, a flow that writes one.
"""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from multiprocessing.util import Finalize
from typing import Any

from sqlalchemy import Engine
from werkzeug.wrappers import Request

from idp.adapters.audit_lines.lines import Lines, Place
from idp.adapters.audit_lines.places import place_of
from idp.adapters.audit_lines.syslog import Trust
from idp.adapters.sql.audit import People, SqlAudit, Trail
from idp.adapters.sql.audit_keeping import AuditKeeper
from idp.core.audit_chain import Chains
from idp.core.audit_record import on_committed
from idp.core.clock import Clock
from idp.core.origin import Origin
from idp.core.sealing import derive_key
from idp.interaction.store import fingerprint
from idp.settings import Settings
from idp.web.caller_address import Address, address_of
from idp.web.cookies import Cookies
from idp.web.network import CallerNetworks

#: Of a digest of what the browser is known by.
_BROWSING = 16
_LONGEST_NODE = 40


def build_audit(settings: Settings, database: Engine, clock: Clock) -> SqlAudit:
    chains = Chains(chain_key(settings), node_of(settings))
    return SqlAudit(database, clock, Trail(chains, build_audit_people(settings)))


def build_audit_people(settings: Settings) -> People:
    return People(derive_key(settings.keys.application, "audit_person"))


def chain_key(settings: Settings) -> bytes:
    return derive_key(settings.keys.application, "audit_chain")


def node_of(settings: Settings) -> str:
    """Returns what tells this machine from the others, in letters, digits and dashes."""
    name = settings.audit.node or os.uname().nodename.partition(".")[0]
    return re.sub("[^A-Za-z0-9-]", "-", name)[:_LONGEST_NODE] or "node"


def build_keeper(settings: Settings, database: Engine, clock: Clock) -> AuditKeeper:
    return AuditKeeper(
        database=database,
        clock=clock,
        key=chain_key(settings),
        life=settings.lives.audit_life,
        address_life=settings.audit.address_life,
        by_month=settings.audit.deleted_by == "month",
    )


def send_lines(settings: Settings) -> Callable[[], None]:
    """Send a line for each event that this process commits. Returns what ends that, once they have left."""
    if not settings.audit.lines:
        return lambda: None
    lines = Lines(place=_place_of(settings))
    stop_listening = on_committed(lines)

    def close() -> None:
        stop_listening()
        lines.close()

    return close


def _place_of(settings: Settings) -> Place:
    told = settings.audit
    trust = Trust(
        authorities=told.lines_ca_file, certificate=told.lines_certificate_file, key=told.lines_key_file
    )
    return place_of(told.lines, node_of(settings), trust)


def send_lines_to_the_end(settings: Settings) -> None:
    """The same, until this process ends."""
    # Of a web worker, too, which is a forked child: `atexit` is its parent's.
    Finalize(None, send_lines(settings), exitpriority=1)


# Where a request comes from.


def build_origin_of(
    settings: Settings, networks: CallerNetworks, cookies: Cookies
) -> Callable[[dict[str, Any]], Origin]:
    """Returns what finds the origin of a WSGI request, once it is asked for."""
    shorten = _SHORTENED[settings.audit.address]

    def find_address(environ: dict[str, Any]) -> str:
        return shorten(networks.address_in(environ))

    def find_browsing(environ: dict[str, Any]) -> str | None:
        browser = cookies.browser(Request(environ, populate_request=False))
        return None if browser is None else fingerprint(browser)[:_BROWSING]

    def origin_of(environ: dict[str, Any]) -> Origin:
        return Origin(
            find_address=partial(find_address, environ), find_browsing=partial(find_browsing, environ)
        )

    return origin_of


def build_peer_origin(settings: Settings) -> Callable[[str], Origin]:
    """Returns what makes the origin of a peer that speaks to us without a proxy."""
    shorten = _SHORTENED[settings.audit.address]
    return lambda peer: Origin(find_address=lambda: shorten(address_of(peer)), find_browsing=lambda: None)


@lru_cache(maxsize=4096)
def _whole(address: Address | None) -> str:
    return "" if address is None else str(address)


@lru_cache(maxsize=4096)
def _network(address: Address | None) -> str:
    if address is None:
        return ""
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


_SHORTENED: Mapping[str, Callable[[Address | None], str]] = {
    "whole": _whole,
    "network": _network,
    "none": lambda _address: "",
}
