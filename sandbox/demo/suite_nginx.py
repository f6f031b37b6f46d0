"""nginx in front of the demo's provider, for the plans whose clients show a TLS certificate.

Contains its configuration, made of the very files of docs/, and the command that runs it. Not here: running it.
"""

import os
import shlex
import shutil

from sandbox.demo.places import ROOT, Places, write_atomically
from sandbox.demo.ports import Ports
from sandbox.serving import loopback_addresses

_DOCS = ROOT / "docs"
#: Where Debian has it, which the PATH of a user may lack.
_SEARCHED = os.pathsep.join((os.defpath, "/usr/sbin", "/usr/local/sbin"))
_NAME = "proxy-secret"


def mtls_settings(ports: Ports, places: Places) -> dict[str, str]:
    """Returns the provider's variables for the certificates that this nginx passes on. Makes the secret once."""
    places.secret(_NAME)
    return {
        "CADUCEE_MTLS_ORIGIN": ports.mtls_origin,
        "CADUCEE_PROXY_SECRET_FILE": str(places.secret_file(_NAME)),
        "CADUCEE_MTLS_AUTHORITY_FILES": str(places.client_authority),
    }


def write_nginx(ports: Ports, places: Places) -> None:
    """Write its configuration, for its owner alone: the secret is in it."""
    places.nginx.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(places.nginx, _configuration(ports, places), mode=0o600)


def nginx_command(places: Places) -> str:
    """Returns the command that runs it in the foreground."""
    binary = shutil.which("nginx") or shutil.which("nginx", path=_SEARCHED) or "nginx"
    log = places.nginx.with_name("error.log")
    return shlex.join([binary, "-p", str(places.nginx.parent), "-c", str(places.nginx), "-e", str(log)])


def _configuration(ports: Ports, places: Places) -> str:
    place = places.nginx.parent
    listens = "".join(
        f"        listen {f'[{address}]' if ':' in address else address}:{ports.mtls} ssl;\n"
        for address in loopback_addresses()
    )
    return f"""\
# Written by the demo at each start: the origin that asks relying parties for their TLS certificate.
{_user()}daemon off;
worker_processes 1;
pid "{place}/nginx.pid";
error_log "{place}/error.log";
events {{
    worker_connections 256;
}}
http {{
    access_log off;
    client_body_temp_path "{place}/body";
    proxy_temp_path "{place}/proxy";
    fastcgi_temp_path "{place}/fastcgi";
    uwsgi_temp_path "{place}/uwsgi";
    scgi_temp_path "{place}/scgi";
    include "{_DOCS}/nginx-client-cert.conf";
    upstream caducee {{
        server 127.0.0.1:{ports.relay};
    }}
    server {{
{listens}        server_name localhost;
        ssl_certificate "{places.igc}/tls/server.crt";
        ssl_certificate_key "{places.igc}/tls/server.key";
        set $caducee_proxy_secret "{places.secret(_NAME)}";
        include "{_DOCS}/nginx-mtls.conf";
    }}
    # nginx-mtls.conf speaks http to the provider, which does its own TLS in this demo.
    server {{
        listen 127.0.0.1:{ports.relay};
        location / {{
            proxy_pass https://127.0.0.1:{ports.base};
            proxy_ssl_name localhost;
            proxy_ssl_server_name on;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate "{places.ca_bundle}";
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""


def _user() -> str:
    """Returns who the workers run as: the state directory is its owner's alone. Only root may say so."""
    return "user root;\n" if os.geteuid() == 0 else ""
