"""The connections of the Redis store: TLS and rights, threads, forked processes."""

import multiprocessing
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from idp.adapters.redis_connections import command
from idp.adapters.redis_store import RedisStore
from idp.adapters.redis_urls import connect_redis
from idp.core.ephemeral import Kind, StoreUnavailable
from tests.contracts.test_redis_traffic import every_operation
from tests.contracts.test_store_outages import put_together
from tests.limits import beyond, eventually, within
from tests.servers import free_port, redis_server

LIFE = timedelta(minutes=1)
CODE = Kind.AUTHORIZATION_CODE
ROOT = Path(__file__).parents[2]


def test_the_rights_that_the_guide_of_operation_names_are_enough_over_tls_too(tmp_path: Path) -> None:
    (rights,) = re.findall(r"`(~caducee:1:\* [^`]*)`", (ROOT / "docs/operate.md").read_text("utf-8"))
    certificate, tls_port = tmp_path / "server.pem", free_port()
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
        f" -addext subjectAltName=DNS:localhost -keyout {tmp_path / 'server.key'} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(tmp_path / "server.key"))
    options = ("--tls-port", str(tls_port), *files, "--tls-ca-cert-file", str(certificate))
    with (
        redis_server(more=(*options, "--tls-auth-clients", "no")) as server,
        Redis.from_url(server.url) as operator,
    ):
        operator.execute_command("ACL SETUSER", "caducee", "on", ">p@ss", *rights.split())
        url = f"rediss://caducee:p%40ss@localhost:{tls_port}/3?ssl_ca_certs={certificate}"
        with connect_redis(url) as connections:
            store = RedisStore(connections)
            store.put(CODE, "k", {"n": 1}, LIFE)
            for _name, use in every_operation(store):
                use()
            # All of it on one connection.
            assert eventually(lambda: len(operator.client_list()) == 2, 5)


def test_each_thread_gets_its_own_answers_on_no_more_connections_than_threads() -> None:
    with (
        redis_server() as server,
        connect_redis(server.url) as connections,
        Redis.from_url(server.url) as operator,
    ):
        store = RedisStore(connections)
        for number in range(6):
            store.put(CODE, f"k{number}", {"n": number}, LIFE)

        def read(number: int) -> set[Any]:
            records = [store.get(CODE, f"k{number}") for _ in range(100)]
            return {None if record is None else record.value["n"] for record in records}

        with ThreadPoolExecutor(6) as threads:
            assert list(threads.map(read, range(6))) == [{number} for number in range(6)]
        assert eventually(lambda: len(operator.client_list()) <= 6 + 1, 5)


def fork_and_read(url: str) -> None:
    """Parent and child of a fork use the store at the same time; the process ends badly if one got the other's."""
    with connect_redis(url) as connections:
        store = RedisStore(connections)
        for name in ("parent", "child"):
            store.put(CODE, name, {"of": name}, LIFE)
        child = os.fork()
        name = "parent" if child else "child"
        right = all(store.get(CODE, name) == ({"of": name}, 0) for _ in range(200))
        if not child:
            with Redis.from_url(url) as operator:
                # The parent's, the child's, and the operator's.
                own = eventually(lambda: len(operator.client_list()) == 3, 5)
                os._exit(0 if right and own else 1)
        _, status = os.waitpid(child, 0)
        # The child's end closed no connection of the parent.
        assert right
        assert store.get(CODE, "parent") is not None
        assert os.waitstatus_to_exitcode(status) == 0


def test_a_forked_child_and_its_parent_share_no_connection() -> None:
    with redis_server() as server:
        # From a process of one thread: forking one of many is not what is tried here.
        apart = multiprocessing.get_context("forkserver").Process(target=fork_and_read, args=(server.url,))
        apart.start()
        apart.join(within(30))
        assert apart.exitcode == 0


def test_a_refusal_costs_no_connection_and_a_master_that_is_none_any_more_all() -> None:
    with (
        redis_server() as server,
        connect_redis(f"{server.url}?socket_timeout={beyond(5)}") as connections,
        Redis.from_url(server.url) as operator,
    ):
        store = RedisStore(connections)

        def ours() -> set[str]:
            return {one["id"] for one in operator.client_list() if int(one["id"]) != operator.client_id()}

        with ThreadPoolExecutor(1) as beside:
            waiting = beside.submit(connections.ask, [command("list", "BLPOP", "list", 0)])
            assert eventually(lambda: operator.info("clients")["blocked_clients"] == 1, 5)
            store.put(CODE, "k", {}, LIFE)
            operator.rpush("list", "on")
            waiting.result()
        both = ours()
        assert len(both) == 2
        operator.config_set("maxmemory", "1")
        with pytest.raises(StoreUnavailable):
            put_together(store)
        assert store.get(CODE, "k") == ({}, 0)
        assert ours() == both
        operator.config_set("maxmemory", "0")
        operator.replicaof("127.0.0.1", str(free_port()))
        with pytest.raises(StoreUnavailable):
            put_together(store)
        assert eventually(lambda: ours() == set(), 5)
