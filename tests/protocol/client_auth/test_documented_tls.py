"""What the nginx of docs/ offers a client: the TLS versions and ciphers of BCP 195 (RFC 9325), and no others."""

import socket
import ssl
import warnings
from collections.abc import Iterator

import pytest
from cryptography import x509

from tests.limits import within
from tests.made_once import place_igc, rsa_key
from tests.nginx import DOCS, card_http, nginx
from tests.protocol.tls_certificates import SERVER_AUTH, Authority
from tests.servers import free_port

#: RFC 9325 §4.2, by their names in OpenSSL.
RECOMMENDED = {
    f"ECDHE-{kind}-{cipher}"
    for kind in ("RSA", "ECDSA")
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384")
}
#: The certificate of the card host is RSA alone.
OF_RSA = {name for name in RECOMMENDED if "-RSA-" in name}


@pytest.fixture(scope="module")
def origins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """The port of each origin of docs/, with an RSA and an elliptic key where the operator chooses the certificate."""
    place = tmp_path_factory.mktemp("nginx")
    ports = {name: free_port() for name in ("issuer", "mtls", "card")}
    place_igc(place / "igc")
    web, keys = Authority("Autorité du Web"), (rsa_key("stranger"), None)
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    tls = ""
    for number, key in enumerate(keys):
        held = web.issue("localhost", names=names, usages=[SERVER_AUTH], key=key)
        certificate, secret = held.write(place, f"web{number}")
        tls += f"ssl_certificate {certificate}; ssl_certificate_key {secret};"
    http = f"""
        {card_http(ports["card"], place / "igc", place / "card.sock")}
        upstream caducee {{ server 127.0.0.1:{free_port()}; }}
        server {{ listen 127.0.0.1:{ports["issuer"]} ssl; {tls} include {DOCS}/nginx-issuer.conf; }}
        server {{
            listen 127.0.0.1:{ports["mtls"]} ssl; {tls}
            set $caducee_proxy_secret "none"; include {DOCS}/nginx-mtls.conf;
        }}"""
    with nginx(place, http, ports["card"]):
        yield ports


def _context(version: ssl.TLSVersion) -> ssl.SSLContext:
    """Returns a client that checks no certificate and speaks this version with every cipher that OpenSSL has."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the versions that must not be offered
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    return context


def _offers(port: int, context: ssl.SSLContext) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=within(5)) as plain:
        try:
            with context.wrap_socket(plain):
                return True
        except (ssl.SSLError, ConnectionResetError):
            return False


def _ciphers_offered(port: int) -> set[str]:
    offered = set()
    for name in [cipher["name"] for cipher in _context(ssl.TLSVersion.TLSv1_2).get_ciphers()]:
        context = _context(ssl.TLSVersion.TLSv1_2)
        try:
            context.set_ciphers(f"{name}:@SECLEVEL=0")
        except ssl.SSLError:  # a name of TLS 1.3, which is not chosen this way
            continue
        if _offers(port, context):
            offered.add(name)
    return offered


@pytest.mark.parametrize(
    ("origin", "allowed"), [("issuer", RECOMMENDED), ("mtls", RECOMMENDED), ("card", OF_RSA)]
)
def test_the_ciphers_of_tls_1_2_are_those_recommended(
    origins: dict[str, int], origin: str, allowed: set[str]
) -> None:
    assert _ciphers_offered(origins[origin]) == allowed


@pytest.mark.parametrize(
    ("origin", "spoken"),
    [("issuer", {"TLSv1_2", "TLSv1_3"}), ("mtls", {"TLSv1_2", "TLSv1_3"}), ("card", {"TLSv1_2"})],
)
def test_no_version_before_1_2_is_spoken(origins: dict[str, int], origin: str, spoken: set[str]) -> None:
    versions = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    found = {version.name for version in versions if _offers(origins[origin], _context(version))}
    assert found == spoken
