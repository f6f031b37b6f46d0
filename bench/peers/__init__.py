"""Who is measured.

Contains every provider by name (`PEERS`), one module for each kind. Not here: the load (`bench.driver`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.peers.caducee import House, start_caducee
from bench.peers.floor import start_floor
from bench.peers.node import start_node
from bench.processes import Group

Start = Callable[[Group, int], Mapping[str, Any]]
"""Start it with so many workers. Returns the members of `Target`."""

_ALL = ("W1", "W2", "W3", "W4", "W5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """`alg`: what ID tokens are signed with. `needs`: the programs of the machine."""

    title: str
    alg: str
    start: Start
    needs: Sequence[str]
    workloads: Sequence[str] = _ALL


def _caducee(store: str, alg: str, *, is_before: bool) -> Peer:
    stores = {"servers": "PostgreSQL + Redis", "sqlite": "SQLite alone"}[store]
    return Peer(
        title=f"Caducée{' before' if is_before else ''}, {stores}",
        alg=alg,
        start=start_caducee(House(alg, store, is_before=is_before)),
        needs=("redis-server", "initdb") if store == "servers" else (),
        workloads=(*_ALL, "W6"),
    )


def _node(store: str, alg: str) -> Peer:
    needs = ("node", "npm", *(("redis-server",) if store == "redis" else ()))
    return Peer(title=f"oidc-provider, {store}", alg=alg, start=start_node(alg, store), needs=needs)


def _floor(alg: str) -> Peer:
    return Peer(title="floor: bare WSGI, Redis", alg=alg, start=start_floor(alg), needs=("redis-server",))


def _floor_with(pieces: str, title: str) -> Peer:
    start = start_floor("ES256", pieces)
    needs = ("redis-server", "initdb")
    return Peer(title=title, alg="ES256", start=start, needs=needs, workloads=("W1", "W3"))


_ALGS = ("ES256", "RS256")
PEERS: Mapping[str, Peer] = {
    **{f"caducee-{alg.lower()}": _caducee("servers", alg, is_before=False) for alg in _ALGS},
    "caducee-sqlite-es256": _caducee("sqlite", "ES256", is_before=False),
    **{f"node-redis-{alg.lower()}": _node("redis", alg) for alg in _ALGS},
    **{f"node-memory-{alg.lower()}": _node("memory", alg) for alg in _ALGS},
    **{f"floor-{alg.lower()}": _floor(alg) for alg in _ALGS},
    "floor-stores-es256": _floor_with("stores", "floor and durable grants and audit"),
    "floor-engine-es256": _floor_with("engine", "floor, durable, and pyop"),
}
#: The same of another checkout (BENCH_BEFORE).
BEFORE: Mapping[str, Peer] = {
    **{f"before-{alg.lower()}": _caducee("servers", alg, is_before=True) for alg in _ALGS},
    "before-sqlite-es256": _caducee("sqlite", "ES256", is_before=True),
}
