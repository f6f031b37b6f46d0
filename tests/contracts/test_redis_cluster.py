"""A Redis Cluster whose slots move and whose masters die; Cluster and Sentinel over TLS, with rights."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis
from redis.crc import key_slot

from idp.adapters.redis_eviction import evicting
from idp.adapters.redis_store import RedisStore
from idp.adapters.redis_urls import redis_store
from idp.core.ephemeral import Kind, Limited, StoreUnavailable
from tests.contracts.test_redis_traffic import every_operation
from tests.limits import eventually
from tests.servers import (
    RunningServer,
    free_port,
    redis_cluster,
    redis_cluster_node,
    redis_masters,
    redis_sentinel,
    redis_server,
)

LIFE = timedelta(minutes=1)
CODE = Kind.AUTHORIZATION_CODE
ROOT = Path(__file__).parents[2]
#: Enough that each master has some.
KEYS = [f"code {number}" for number in range(30)]


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[RunningServer]]:
    """Three masters, and a replica of the first."""
    with redis_cluster(replicas=1) as nodes:
        yield nodes


def direct(url: str) -> Redis:
    return Redis.from_url(url.replace("+cluster", ""), decode_responses=True)


def fill(store: RedisStore) -> None:
    for key in KEYS:
        store.put(CODE, key, {"is": key}, LIFE)


def found(store: RedisStore) -> list[str]:
    return [key for key in KEYS if (record := store.get(CODE, key)) and record.value == {"is": key}]


def is_whole(store: RedisStore) -> bool:
    try:
        return found(store) == KEYS
    except StoreUnavailable:
        return False


def test_records_are_shared_among_all_masters_and_what_is_counted_together_is_not(
    nodes: list[RunningServer],
) -> None:
    with closing(redis_store(nodes[0].url)) as store:
        fill(store)
        assert all(len(_keys(url)) for url in redis_masters(nodes[0].url))
        assert found(store) == KEYS
        quota = [
            Limited((kind, str(number)), LIFE, 3)
            for number, kind in enumerate((Kind.MAIL_QUOTA_IP, Kind.MAIL_QUOTA_HOUR, Kind.MAIL_QUOTA_MINUTE))
        ]
        assert list(store.count_all(quota)) == [1, 1, 1]


def _keys(url: str) -> list[str]:
    with direct(url) as master:
        return [key for key in master.keys("*") if CODE.value in key]


def test_a_slot_that_moves_is_followed_key_by_key_and_then_known(nodes: list[RunningServer]) -> None:
    source_url, target_url, *_ = redis_masters(nodes[0].url)
    with (
        closing(redis_store(nodes[0].url)) as store,
        direct(source_url) as source,
        direct(target_url) as target,
    ):
        fill(store)
        key = next(key for key in source.keys("*") if CODE.value in key)
        slot = key_slot(key.encode())
        of_source, of_target = source.execute_command("CLUSTER MYID"), target.execute_command("CLUSTER MYID")
        target.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", of_source)
        source.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", of_target)
        assert found(store) == KEYS
        moved_to = urlsplit(target_url)
        keys = source.execute_command("CLUSTER GETKEYSINSLOT", slot, 100)
        source.execute_command("MIGRATE", moved_to.hostname, moved_to.port, "", 0, 1000, "KEYS", *keys)
        # Gone from the one that has the slot: it points at the other, which answers whoever was sent.
        assert found(store) == KEYS
        for node in (target, source):
            node.execute_command("CLUSTER SETSLOT", slot, "NODE", of_target)
        assert found(store) == KEYS


def test_after_a_master_died_its_replica_is_found_and_until_then_its_keys_fail_closed() -> None:
    with redis_cluster(replicas=1) as nodes, closing(redis_store(nodes[-1].url)) as store:
        fill(store)
        # Asynchronous: what was acknowledged last may be lost, hence nothing durable is here (docs/adr/0002).
        with direct(nodes[0].url) as first:
            first.execute_command("WAIT", 1, 1000)
        assert nodes[0].process is not None
        nodes[0].process.kill()
        with pytest.raises(StoreUnavailable):
            found(store)
        assert not store.is_alive()
        assert eventually(lambda: is_whole(store), seconds=15, every=0.1)
        assert store.is_alive()


def test_a_node_that_was_taken_out_of_the_cluster_misleads_nobody(nodes: list[RunningServer]) -> None:
    """It goes on answering, and knows of no slot (CLUSTER RESET)."""
    with redis_cluster_node() as outside:
        both = f"{outside.url},{nodes[0].url.removeprefix('redis+cluster://')}"
        with closing(redis_store(both)) as store:
            fill(store)
            assert found(store) == KEYS
        with closing(redis_store(outside.url)) as store, pytest.raises(StoreUnavailable):
            store.get(CODE, "k")


def test_no_node_that_answers_is_an_outage_and_names_none() -> None:
    port = free_port()
    with (
        closing(redis_store(f"redis+cluster://:s3cret@127.0.0.1:{port}")) as store,
        pytest.raises(StoreUnavailable) as raised,
    ):
        store.get(CODE, "k")
    assert "s3cret" not in str(raised.value)


def rights() -> list[str]:
    (found,) = re.findall(r"`(~caducee:1:\* [^`]*)`", (ROOT / "docs/operate.md").read_text("utf-8"))
    return str(found).split()


def tls_files(directory: Path) -> tuple[list[str], Path]:
    """Returns what the command of a server is given, and the authority."""
    certificate = directory / "server.pem"
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
        f" -addext subjectAltName=IP:127.0.0.1 -keyout {directory / 'server.key'} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )
    files = f"--tls-cert-file {certificate} --tls-key-file {directory / 'server.key'} --tls-ca-cert-file {certificate}"
    return [*files.split(), "--tls-auth-clients", "no"], certificate


def use_all(store: RedisStore) -> None:
    store.put(CODE, "k", {"n": 1}, LIFE)
    for _name, use in every_operation(store):
        use()


def test_a_cluster_over_tls_is_used_with_the_rights_that_the_guide_of_operation_names(tmp_path: Path) -> None:
    files, authority = tls_files(tmp_path)
    with redis_cluster(tls=files) as nodes:
        for server in nodes:
            with direct(server.url) as operator:
                operator.execute_command("ACL SETUSER", "caducee", "on", ">p@ss", *rights(), "+cluster|slots")
        url = f"rediss+cluster://caducee:p%40ss@127.0.0.1:{nodes[0].tls_port}"
        with closing(redis_store(f"{url}?ssl_ca_certs={authority}")) as store:
            use_all(store)
            fill(store)
            assert found(store) == KEYS
        with closing(redis_store(url)) as store, pytest.raises(StoreUnavailable):
            store.get(CODE, "k")


def test_sentinel_and_its_master_are_reached_over_tls_each_with_its_user(tmp_path: Path) -> None:
    files, authority = tls_files(tmp_path)
    tls_port = free_port()
    guest = (
        "user guest on >w@tch +auth +ping +sentinel|masters +sentinel|sentinels +sentinel|get-master-addr-by-name",
    )
    with redis_server(more=[*files, "--tls-port", str(tls_port)]) as server, direct(server.url) as operator:
        operator.execute_command("ACL SETUSER", "caducee", "on", ">p@ss", *rights())
        watched = f"redis://127.0.0.1:{tls_port}/0"
        with redis_sentinel(watched, "caducee", tls=files, more=guest) as sentinel:
            url = (
                f"rediss+sentinel://caducee:p%40ss@127.0.0.1:{sentinel.tls_port}/caducee"
                f"?sentinel_username=guest&sentinel_password=w%40tch&ssl_ca_certs={authority}"
            )
            with closing(redis_store(url)) as store:
                use_all(store)
            wrong = url.replace("w%40tch", "wrong")
            with closing(redis_store(wrong)) as store, pytest.raises(StoreUnavailable):
                store.get(CODE, "k")


def test_who_drops_records_when_full_is_told_to_who_may_ask(
    nodes: list[RunningServer],
) -> None:
    last = redis_masters(nodes[0].url)[-1]
    with direct(last) as master:
        assert evicting(nodes[0].url) is None
        master.config_set("maxmemory-policy", "allkeys-lru")
        try:
            assert evicting(nodes[0].url) == "allkeys-lru"
        finally:
            master.config_set("maxmemory-policy", "noeviction")
    with redis_server() as server, direct(server.url) as operator:
        operator.config_set("maxmemory-policy", "volatile-ttl")
        operator.execute_command("ACL SETUSER", "caducee", "on", ">p@ss", *rights())
        url = server.url.replace("//", "//caducee:p%40ss@")
        assert evicting(url) is None
        operator.execute_command("ACL SETUSER", "caducee", "+info")
        assert evicting(url) == "volatile-ttl"


def test_a_full_cluster_fails_closed(nodes: list[RunningServer]) -> None:
    with closing(redis_store(nodes[0].url)) as store:
        fill(store)
        for url in redis_masters(nodes[0].url):
            with direct(url) as master:
                master.config_set("maxmemory", "1")
        try:
            with pytest.raises(StoreUnavailable):
                fill(store)
            assert found(store) == KEYS
        finally:
            for url in redis_masters(nodes[0].url):
                with direct(url) as master:
                    master.config_set("maxmemory", "0")
        fill(store)


def test_within_its_limit_of_time_a_node_that_hangs_is_given_up(nodes: list[RunningServer]) -> None:
    with closing(redis_store(nodes[0].url)) as store:
        fill(store)
        nodes[1].pause()
        try:
            with pytest.raises(StoreUnavailable):
                found(store)
        finally:
            nodes[1].resume()
        assert eventually(lambda: is_whole(store), seconds=10, every=0.1)
