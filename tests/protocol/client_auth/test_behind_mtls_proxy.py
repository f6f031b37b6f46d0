"""A real nginx with the files that docs/operate.md names, real TLS certificates of clients, a real `idp serve`."""

import datetime as dt
import http.client
import ipaddress
import json
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from cryptography import x509

from tests.commands import ROOT
from tests.limits import within
from tests.made_once import rsa_key
from tests.protocol.proofs import DpopKey
from tests.protocol.tls_certificates import DAY, SERVER_AUTH, Authority, Held, self_signed
from tests.protocol.tokens.test_code_redemption_race import served
from tests.provider import RP, SECRETS, VERIFIER, Browser, Provider, basic
from tests.servers import RunningServer, free_port

PROXY_SECRET = "q" * 43
AUTHORITY = Authority()
BY_NAME, ANOTHER, OWN = AUTHORITY.issue("application"), AUTHORITY.issue("another"), self_signed()
_FORM = "application/x-www-form-urlencoded"


@dataclass
class Stand:
    """The provider, its port without any proxy, and the two origins of its proxy."""

    provider: Provider
    browser: Browser
    directory: Path
    direct: int
    mtls: int
    issuer: int

    def pair(self, held: Held | None) -> tuple[str, str] | None:
        if held is None:
            return None
        certificate, key = held.write(self.directory, held.thumbprint)
        return str(certificate), str(key)

    def post(
        self, held: Held | None, path: str, headers: dict[str, str] | None = None, **form: str
    ) -> requests.Response:
        """By TLS, with this client certificate or none."""
        url = f"https://localhost:{self.mtls}{path}"
        trusted = str(self.directory / "web-authority.pem")
        return requests.post(
            url, form, headers=headers, cert=self.pair(held), verify=trusted, timeout=within(10)
        )

    def redeem(self, held: Held | None, client_id: str, code: str = "", **headers: str) -> requests.Response:
        callback = f"https://{client_id}.example/callback"
        code = code or self.browser.sign_in(client_id=client_id, redirect_uri=callback)
        form = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": callback,
            "code_verifier": VERIFIER,
        }
        return self.post(held, "/token", headers, **form)

    def raw(
        self, port: int, held: Held | None, lines: list[tuple[str, str]], path: str = "/token", **form: str
    ) -> tuple[int, dict[str, Any]]:
        """Header lines as written here, repeated or odd; over TLS when the port is the proxy's."""
        if port == self.direct:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=within(10))
        else:
            context = ssl.create_default_context(cafile=str(self.directory / "web-authority.pem"))
            pair = self.pair(held)
            if pair is not None:
                context.load_cert_chain(*pair)
            connection = http.client.HTTPSConnection("localhost", port, timeout=within(10), context=context)
        body = urlencode(form).encode()
        connection.putrequest("POST", path)
        for name, value in [*lines, ("Content-Type", _FORM), ("Content-Length", str(len(body)))]:
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        status, text = response.status, response.read()
        connection.close()
        return status, json.loads(text)


def _clients() -> str:
    head = "    client_name: TLS\n    client_uri: https://tls.example/\n"
    return (
        f"  - client_id: by-name\n{head}"
        f'    redirect_uris: ["https://by-name.example/callback"]\n'
        f"    token_endpoint_auth_method: tls_client_auth\n"
        f"    tls_client_auth_subject_dn: {json.dumps(BY_NAME.subject)}\n"
        f"    tls_client_certificate_bound_access_tokens: true\n"
        f"  - client_id: own\n{head}"
        f'    redirect_uris: ["https://own.example/callback"]\n'
        f"    token_endpoint_auth_method: self_signed_tls_client_auth\n"
        f"    jwks: {json.dumps({'keys': [OWN.jwk]})}\n"
    )


def _nginx(directory: Path, provider_port: int, mtls: int, issuer: int) -> RunningServer:
    binary = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    assert binary is not None, "nginx is needed: install the Debian package nginx"
    web = Authority("Autorité du Web")
    web.write(directory / "web-authority.pem")
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    certificate, key = web.issue("localhost", names=names, usages=[SERVER_AUTH]).write(directory, "web")
    (directory / "secret.conf").write_text(f'set $caducee_proxy_secret "{PROXY_SECRET}";')
    tls = f"ssl_certificate {certificate}; ssl_certificate_key {key};"
    (directory / "nginx.conf").write_text(f"""
        pid {directory}/nginx.pid; daemon off; worker_processes 1; error_log {directory}/error.log;
        events {{ worker_connections 256; }}
        http {{
            access_log off; client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
            fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
            upstream caducee {{ server 127.0.0.1:{provider_port}; }}
            include {ROOT}/docs/nginx-client-cert.conf;
            server {{
                listen 127.0.0.1:{mtls} ssl; {tls}
                include {directory}/secret.conf; include {ROOT}/docs/nginx-mtls.conf;
            }}
            server {{ listen 127.0.0.1:{issuer} ssl; {tls} include {ROOT}/docs/nginx-issuer.conf; }}
        }}""")
    command = [binary, "-p", str(directory), "-c", str(directory / "nginx.conf")]
    trusted = str(directory / "web-authority.pem")

    def answers() -> bool:
        try:
            url = f"https://localhost:{issuer}/health/live"
            return requests.get(url, verify=trusted, timeout=within(5)).status_code == 200
        except requests.RequestException:
            return False

    return RunningServer(f"https://localhost:{mtls}", command, answers, directory / "nginx.log")


@pytest.fixture(scope="module")
def stand(app_factory: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    directory = tmp_path_factory.mktemp("proxy")
    mtls, issuer = free_port(), free_port()
    authorities = AUTHORITY.write(directory / "applications.pem")
    provider = app_factory(
        proxy_secret=PROXY_SECRET,
        mtls_origin=f"https://localhost:{mtls}",
        mtls_authority_files=(authorities,),
    )
    file = provider.settings.where.clients_file
    file.write_text(file.read_text() + _clients())
    browser = provider.browser()
    browser.sign_in()
    more = {
        "CADUCEE_PROXY_SECRET": PROXY_SECRET,
        "CADUCEE_MTLS_ORIGIN": provider.settings.proxy.mtls_origin,
        "CADUCEE_MTLS_AUTHORITY_FILES": str(authorities),
        "CADUCEE_TRUSTED_PROXY_HOPS": "1",
    }
    with served(provider, **more) as direct:
        nginx = _nginx(directory, direct, mtls, issuer)
        nginx.start()
        try:
            yield Stand(provider, browser, directory, direct, mtls, issuer)
        finally:
            nginx.stop()


def test_a_client_is_known_by_the_certificate_of_its_authority(stand: Stand) -> None:
    answer = stand.redeem(BY_NAME, "by-name")
    assert answer.status_code == 200, answer.text
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert stand.post(BY_NAME, "/userinfo", bearer).status_code == 200
    for held in (ANOTHER, OWN, None):
        assert stand.post(held, "/userinfo", bearer).status_code == 401


def test_a_client_is_known_by_its_own_certificate(stand: Stand) -> None:
    assert stand.redeem(OWN, "own").status_code == 200
    for held in (BY_NAME, self_signed(), None):
        answer = stand.redeem(held, "own", code="x")
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_the_proxy_takes_an_expired_certificate_no_further(stand: Stand) -> None:
    past = dt.datetime.now(dt.UTC).replace(microsecond=0)
    expired = AUTHORITY.issue("application", begins=past - 9 * DAY, ends=past - DAY)
    assert stand.redeem(expired, "by-name", code="x").status_code in {400, 401}


def _large(names: int) -> Held:
    """An RSA key, and as many names as make the certificate long."""
    key = rsa_key("dpop", 4096)
    return AUTHORITY.issue(
        "application", key=key, names=[x509.DNSName(f"name-{i:03}.app.example") for i in range(names)]
    )


def test_a_long_certificate_passes_whole_and_one_too_long_is_refused(stand: Stand) -> None:
    long, too_long = _large(150), _large(220)
    assert 3_800 < len(long.der) < 4_600 < len(too_long.der)
    assert stand.redeem(long, "by-name", code="x").json()["error"] == "invalid_grant"
    answer = stand.redeem(too_long, "by-name", code="x")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


_FORGED = [
    [("Client-Cert", BY_NAME.header)],
    [("Client-Cert", BY_NAME.header), ("Caducee-Proxy", PROXY_SECRET)],
    [("Client_Cert", BY_NAME.header), ("Caducee_Proxy", PROXY_SECRET)],
    [("CLIENT-CERT", BY_NAME.header), ("Client_cert", BY_NAME.header)],
    [("Client-Cert", BY_NAME.header), ("Connection", "close, Client-Cert, Caducee-Proxy")],
]


@pytest.mark.parametrize("lines", _FORGED, ids=lambda lines: "+".join(name for name, _value in lines))
def test_what_a_caller_says_of_a_certificate_does_not_pass_the_proxy(
    stand: Stand, lines: list[tuple[str, str]]
) -> None:
    form = {"grant_type": "authorization_code", "client_id": "by-name"}
    for held in (None, ANOTHER):
        assert stand.raw(stand.mtls, held, lines, **form)[1]["error"] == "invalid_client"
    # Nor at the issuer's own origin, where nobody is asked for a certificate.
    assert stand.raw(stand.issuer, BY_NAME, lines, **form)[1]["error"] == "invalid_client"


def test_whoever_reaches_the_provider_without_the_proxy_is_not_believed(stand: Stand) -> None:
    form = {"grant_type": "authorization_code", "client_id": "by-name"}
    for lines in _FORGED[0], [("Client-Cert", BY_NAME.header), ("Caducee-Proxy", "w" * 43)]:
        status, answer = stand.raw(stand.direct, None, lines, **form)
        assert (status, answer["error"]) == (400, "invalid_request")


def test_two_dpop_headers_are_refused_by_the_real_server_too(stand: Stand) -> None:
    key = DpopKey()
    (authorization,) = basic(RP, SECRETS[RP]).items()
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    for port in (stand.direct, stand.issuer):
        one = stand.raw(port, None, [authorization, ("DPoP", key.proof())], **form)
        assert one[1]["error"] == "use_dpop_nonce"
        lines = [authorization, ("DPoP", key.proof()), ("DPoP", key.proof())]
        assert stand.raw(port, None, lines, **form)[1]["error"] == "invalid_dpop_proof"


def test_people_do_not_come_to_the_origin_that_asks_for_certificates(stand: Stand) -> None:
    trusted = str(stand.directory / "web-authority.pem")
    for path in ("/authorize", "/", "/health/ready", "/token/", "/jwks"):
        url = f"https://localhost:{stand.mtls}{path}"
        assert requests.get(url, verify=trusted, timeout=within(10)).status_code == 404
