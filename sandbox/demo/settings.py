"""What each program of the demo is told: the provider's settings, the clients of both sides.

Contains names and values, written to files or to an environment. Not here: processes, pages.
"""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.demo import conformance
from sandbox.demo.conformance import Certification
from sandbox.demo.fapi_keys import fapi_keys
from sandbox.demo.places import ROOT, Places, write_atomically
from sandbox.demo.ports import Ports
from sandbox.demo.suite_nginx import mtls_settings, write_nginx

PSC_CLIENT_ID = "caducee-demo"
_SCOPES = ("openid", "profile", "email", "address", "professional")
#: Scopes that a client may ask for beside these: `login?scope=…` of a relying party, or of one's own.
_ALLOWED = (*_SCOPES, "psc", "professional_context")

# Every request comes from 127.0.0.1; a CI of relying parties signs the same person in many times a minute.
# Everything else is as in production: tries per code, failures per person, lives.
_ROOM_FOR_CI: Mapping[str, str] = {
    "CADUCEE_PASSWORD_POSTS_PER_IP": "2000",  # default: 200 in a minute
    "CADUCEE_MAIL_CODES_PER_IP": "5000",  # 600 in five minutes
    "CADUCEE_SIGN_INS_PER_IP": "100000",  # 1000 in five minutes
    "CADUCEE_MAIL_CODES_PER_MINUTE": "100",  # 1 per person
    "CADUCEE_MAIL_CODES_PER_HOUR": "500",  # 5 per person
    "CADUCEE_MAIL_CODES_PER_DAY": "500",  # 10 per person
}
PROFILES: Mapping[str, Mapping[str, str]] = {
    "default": _ROOM_FOR_CI,
    "strict": {},  # the default values: to see the limits at work
    conformance.PROFILE: conformance.SETTINGS,
}
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy"})


@dataclass(frozen=True, slots=True)
class Party:
    """One relying party, for both sides."""

    name: str
    client_id: str
    client_secret: str
    port: int
    alg: str

    @property
    def home(self) -> str:
        return f"http://localhost:{self.port}/"

    @property
    def redirect_uri(self) -> str:
        return f"{self.home}callback"


def parties(ports: Ports, places: Places) -> tuple[Party, ...]:
    known = (("ViaTrajectoire", "viatrajectoire", "RS256"), ("Trajectoire Grand Âge", "grand-age", "ES256"))
    return tuple(
        Party(name, client_id, places.secret(client_id), ports.relying_party(rank), alg)
        for rank, (name, client_id, alg) in enumerate(known)
    )


def provider_settings(ports: Ports, places: Places, *, redis: str, profile: str) -> dict[str, str]:
    """Returns the provider's variables. Secrets are in files, made at the first call."""
    for name in ("application-key", "password-pepper", "psc-client-secret"):
        places.secret(name)
    listen = f"127.0.0.1:{ports.card},[::1]:{ports.card}"
    return {
        "CADUCEE_ISSUER": ports.issuer,
        "CADUCEE_CARD_HOST": ports.card_host,
        "CADUCEE_DATABASE": f"sqlite:///{places.database}",
        "CADUCEE_REDIS": redis,
        "CADUCEE_CLIENTS_FILE": str(places.clients),
        "CADUCEE_CLIENTS_DIRECTORY": str(places.more_clients),
        "CADUCEE_KEYS_DIRECTORY": str(places.keys),
        "CADUCEE_APPLICATION_KEY_FILE": str(places.secret_file("application-key")),
        "CADUCEE_PASSWORD_PEPPER_FILE": str(places.secret_file("password-pepper")),
        "CADUCEE_PSC_ISSUER": ports.psc_issuer,
        "CADUCEE_PSC_DISCOVERY_URL": f"{ports.psc_issuer}/.well-known/wallet-openid-configuration",
        "CADUCEE_PSC_CLIENT_ID": PSC_CLIENT_ID,
        "CADUCEE_PSC_CLIENT_SECRET_FILE": str(places.secret_file("psc-client-secret")),
        "CADUCEE_PSC_BACKCHANNEL_LOGOUT": "true",
        "CADUCEE_CARD_ROOT_FILES": str(places.igc / "ca" / "root.pem"),
        "CADUCEE_CARD_ISSUING_FILES": str(places.igc / "ca" / "issuing.pem"),
        "CADUCEE_CARD_OCSP_URL": f"{ports.igc_url}/ocsp",
        "CADUCEE_CARD_CRL_URLS": f"{ports.igc_url}/CRL/ACI-FO-PP-TEST.crl",
        "CADUCEE_CARD_ROOT_CRL_URLS": f"{ports.igc_url}/CRL/ACR-FO-TEST.crl",
        "CADUCEE_CARD_ACCEPT_TEST_CARDS": "true",
        "CADUCEE_CARD_LISTEN": listen,
        "CADUCEE_CARD_CERTIFICATE_FILE": str(places.igc / "tls" / "server.crt"),
        "CADUCEE_CARD_KEY_FILE": str(places.igc / "tls" / "server.key"),
        "CADUCEE_OPERATIONS_PORT": str(ports.operations),
        "CADUCEE_OUTBOUND_NETWORKS": "127.0.0.0/8 ::1/128",
        "CADUCEE_SMTP_HOST": "127.0.0.1",
        "CADUCEE_SMTP_PORT": str(ports.smtp),
        **(_tls(places) if ports.scheme == "https" else {}),
        **(mtls_settings(ports, places) if profile == conformance.PROFILE else {}),
        **PROFILES[profile],
    }


def _tls(places: Places) -> dict[str, str]:
    """Returns the TLS variables. The card host's certificate names `localhost` too, as a tested relying party's may."""
    return {
        "CADUCEE_OUTBOUND_AUTHORITY_FILES": str(places.ca_bundle),
        "CADUCEE_TLS_CERTIFICATE_FILE": str(places.igc / "tls" / "server.crt"),
        "CADUCEE_TLS_KEY_FILE": str(places.igc / "tls" / "server.key"),
    }


def child_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Returns our environment without other CADUCEE_* variables and proxies: everything is on loopback."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CADUCEE_") and name.lower() not in _PROXIES
    }
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **settings}


def write_files(
    ports: Ports, places: Places, settings: Mapping[str, str], certification: Certification | None
) -> None:
    """Write every file that the programs read, at each start: the ports may have changed."""
    known = parties(ports, places)
    write_atomically(places.clients, _clients_yaml(known) + _of_a_suite(ports, places, certification))
    write_atomically(places.relying_parties, json.dumps(_relying_parties(ports, places, known)), mode=0o600)
    write_atomically(places.psc_clients, json.dumps(_psc_clients(ports, places)), mode=0o600)
    write_atomically(places.command, _command(places, settings), mode=0o700)


def _of_a_suite(ports: Ports, places: Places, certification: Certification | None) -> str:
    """Returns the entries of a certification suite's clients, and writes what stands in front of them."""
    if certification is None:
        return ""
    keys = fapi_keys(places, datetime.now(UTC))
    write_nginx(ports, places)
    write_atomically(places.client_authority, keys["client"].authority)
    return certification.clients_yaml(places, keys)


def _clients_yaml(known: tuple[Party, ...]) -> str:
    head = "# Written by the demo at each start: your own clients belong into clients.d, a file for each, which stay.\n"
    return f"{head}clients:\n" + "".join(_client_yaml(party) for party in known)


def _client_yaml(party: Party) -> str:
    return f"""\
  - client_id: {party.client_id}
    client_name: {party.name}
    client_uri: {party.home}
    client_secret: {{file: secrets/{party.client_id}}}
    redirect_uris: ["{party.redirect_uri}"]
    post_logout_redirect_uris: ["{party.home}signed-out"]
    scopes: [{", ".join(_ALLOWED)}]
    token_endpoint_auth_method: client_secret_basic
    id_token_signed_response_alg: {party.alg}
    backchannel_logout_uri: "{party.home}backchannel-logout"
    # In a frame of the signed-out page as well, once the # is taken away:
    # frontchannel_logout_uri: "{party.home}frontchannel-logout"
"""


def _relying_parties(ports: Ports, places: Places, known: tuple[Party, ...]) -> dict[str, object]:
    entries = [
        {
            "name": party.name,
            "client_id": party.client_id,
            "client_secret": party.client_secret,
            "port": party.port,
            "scope": " ".join(_SCOPES),
            "id_token_signed_response_alg": party.alg,
        }
        for party in known
    ]
    return {"issuer": ports.issuer, "parties": entries, "ca_bundle": str(places.ca_bundle)}


def _psc_clients(ports: Ports, places: Places) -> list[dict[str, object]]:
    return [
        {
            "client_id": PSC_CLIENT_ID,
            "client_secret": places.secret("psc-client-secret"),
            "redirect_uris": [f"{ports.issuer}/psc/callback"],
            "post_logout_redirect_uris": [f"{ports.issuer}/end_session/psc"],
            "backchannel_logout_uri": f"{ports.issuer}/psc/backchannel_logout",
        }
    ]


def _command(places: Places, settings: Mapping[str, str]) -> str:
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in settings.items())
    return f"""\
#!/bin/sh
# The provider's commands with the settings of this demo: {places.command} --help
for name in $(env | sed -n 's/^\\(CADUCEE_[A-Z0-9_]*\\)=.*/\\1/p'); do unset "$name"; done
export PYTHONPATH={shlex.quote(str(ROOT))}
{exports}
exec {shlex.quote(sys.executable)} -m idp.cli "$@"
"""
