"""What the programs of the cluster are told: paths, passwords, the configuration of nginx, the provider's settings.

Contains names and values. Not here: processes.
"""

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path
from string import Template

from sandbox.cluster.ports import ClusterPorts
from sandbox.demo import settings
from sandbox.demo.places import ROOT, Places, write_atomically
from sandbox.serving import loopback_addresses

DEPLOY = ROOT / "deploy"
_CONF = (*(ROOT / "docs").glob("nginx-*.conf"), *(DEPLOY / "nginx").iterdir())
#: The provider does no TLS of its own behind nginx.
_NOT_HERE = (
    "CADUCEE_TLS_",
    "CADUCEE_MTLS_",
    "CADUCEE_PROXY_SECRET",
    "CADUCEE_CARD_CERTIFICATE",
    "CADUCEE_CARD_KEY",
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where everything is."""

    ports: ClusterPorts
    places: Places

    @property
    def data(self) -> Path:
        """Returns the directory of PostgreSQL's data."""
        return self.places.state / "postgresql"

    def redis(self, name: str) -> Path:
        return self.places.state / name

    @property
    def card_socket(self) -> Path:
        return self.places.state / "run" / "card.sock"

    @property
    def nginx(self) -> Path:
        return self.places.state / "nginx"

    @property
    def redis_url(self) -> str:
        sentinels = ",".join(f"127.0.0.1:{self.ports.sentinel(rank)}" for rank in range(3))
        password = self.places.secret("redis-password")
        return f"redis+sentinel://:{password}@{sentinels}/caducee?sentinel_password={password}"

    @property
    def database_url(self) -> str:
        password = self.places.secret("postgres-password")
        return f"postgresql+psycopg://caducee:{password}@127.0.0.1:{self.ports.postgresql}/caducee"

    def provider_settings(self) -> dict[str, str]:
        """Returns the provider's variables."""
        around = settings.provider_settings(
            self.ports.around, self.places, redis=self.redis_url, profile="default"
        )
        return {
            **{name: value for name, value in around.items() if not name.startswith(_NOT_HERE)},
            "CADUCEE_DATABASE": self.database_url,
            "CADUCEE_CARD_LISTEN": f"unix:{self.card_socket}",
            "CADUCEE_CARD_PROXY_USER": pwd.getpwuid(os.geteuid()).pw_name,
            "CADUCEE_TRUSTED_PROXY_HOPS": "1",
            "CADUCEE_OPERATIONS_WORKER_PORT": str(self.ports.operations_of_worker),
        }


def write_files(cluster: Cluster) -> None:
    """Write what the programs read, at each start; what Redis kept goes, since its ports may be others."""
    places = cluster.places
    settings.write_files(cluster.ports.around, places, cluster.provider_settings(), None)
    for name in (*(f"redis-{rank}" for rank in (1, 2)), *(f"sentinel-{rank}" for rank in (1, 2, 3))):
        shutil.rmtree(cluster.redis(name), ignore_errors=True)
        cluster.redis(name).mkdir(mode=0o700)
    for made in (cluster.nginx, cluster.card_socket.parent):
        made.mkdir(mode=0o700, exist_ok=True)


def write_nginx(cluster: Cluster) -> None:
    """Write the configuration of nginx. The certificates of the test IGC must be there."""
    _gather(cluster)
    around = cluster.ports.around
    served = Template((DEPLOY / "cluster" / "nginx.conf.template").read_text("utf-8")).safe_substitute(
        CADUCEE_CONF=cluster.nginx / "conf",
        CADUCEE_TLS=cluster.nginx / "tls",
        CADUCEE_NODE_1=f"127.0.0.1:{cluster.ports.provider(0)}",
        CADUCEE_NODE_2=f"127.0.0.1:{cluster.ports.provider(1)}",
        CADUCEE_CARD_SOCKET=cluster.card_socket,
        CADUCEE_ISSUER_LISTEN=_listen(around.base),
        CADUCEE_ISSUER_NAME="localhost",
        CADUCEE_CARD_LISTEN=_listen(around.card),
        CADUCEE_CARD_NAME="localhost",
    )
    write_atomically(cluster.nginx / "served.conf", served)
    write_atomically(cluster.nginx / "nginx.conf", _frame(cluster))


def _listen(port: int) -> str:
    """Returns what stands between `listen` and `ssl`: one address, or several directives."""
    addresses = (f"[{address}]" if ":" in address else address for address in loopback_addresses())
    return " ssl; listen ".join(f"{address}:{port}" for address in addresses)


def _gather(cluster: Cluster) -> None:
    """Lay the files out as docker-compose.yml mounts them."""
    igc = cluster.places.igc
    conf, tls = cluster.nginx / "conf", cluster.nginx / "tls"
    for made in (conf, tls):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
    for file in _CONF:
        (conf / file.name).symlink_to(file)
    for name in ("issuer", "card"):
        for kind in ("crt", "key"):
            (tls / f"{name}.{kind}").symlink_to(igc / "tls" / f"server.{kind}")
    (tls / "card-authorities.pem").symlink_to(igc / "ca" / "issuing.pem")


def _frame(cluster: Cluster) -> str:
    """Returns what an image of nginx has around `http { … }`."""
    place = cluster.nginx
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""\
{user}
daemon off;
worker_processes 1;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{
    worker_connections 1024;
}}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    include {place}/served.conf;
}}
"""
