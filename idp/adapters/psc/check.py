"""What Pro Santé Connect publishes about itself, compared with what we expect; and whether it knows our client.

Contains the comparison, an explanation of each difference, and the questions of `idp psc check`.
Not here: printing, sign-ins.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import structlog
from cryptography import x509

from idp.adapters.http.bounded import BoundedHttp, NoUsableAnswer
from idp.adapters.psc.backchannel import client_is_known
from idp.adapters.psc.discovery import snapshot_of
from idp.adapters.psc.published import fetch_object
from idp.adapters.psc.signing_keys import read_signing_keys
from idp.core.clock import Clock
from idp.settings.files import read_octets
from idp.settings.psc import PscSettings
from idp.settings.psc_presets import ENDPOINTS

log = structlog.get_logger()

#: How long before its end a certificate is reported: ordering one from IGC-Santé takes weeks.
_RENEW_BEFORE = timedelta(days=60)


class Level(StrEnum):
    FINE = "ok"
    NOTE = "note"
    #: The operator must repair it: the command fails.
    FAULT = "FAULT"


#: What the log says of a finding; of a fine one, nothing.
_SEVERITY = {Level.NOTE: logging.WARNING, Level.FAULT: logging.ERROR}


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    text: str


_WHY: Mapping[str, str] = {
    "authorization_endpoint": "people are sent there. Pro Santé Connect wants its wallet host, which differs from the "
    "issuer's; the stock discovery document names Keycloak's own endpoint instead",
    "token_endpoint": "codes are exchanged there, with our secret or certificate",
    "userinfo_endpoint": "the identity is read there",
    "jwks_uri": "the keys that verify each identity come from there",
    "end_session_endpoint": "without it, signing out here leaves their session open for the next colleague",
}


def compare(document: Mapping[str, object], settings: PscSettings) -> Iterator[Finding]:
    """Returns every difference between the published document and what we expect, explained."""
    if document.get("issuer") != settings.issuer:
        yield Finding(
            Level.FAULT,
            f"issuer: expected {settings.issuer}, published {_shown(document.get('issuer'))}. The issuer is always the "
            "auth host, never the wallet; with another one nobody can sign in",
        )
    for name in ENDPOINTS:
        yield from _compare_endpoint(name, document.get(name), settings)
    yield from _compare_abilities(document, settings)


def _compare_endpoint(name: str, published: object, settings: PscSettings) -> Iterator[Finding]:
    own, expected = settings.endpoints.get(name), settings.expected.get(name)
    if own is not None and own != published:
        yield Finding(
            Level.NOTE, f"{name}: your setting {own} is in force, not the published {_shown(published)}"
        )
    elif published is None:
        level = Level.NOTE if name == "end_session_endpoint" else Level.FAULT
        yield Finding(level, f"{name}: not published. {_WHY[name]}")
    elif not isinstance(published, str) or not settings.allows(published):
        yield Finding(Level.FAULT, f"{name}: published {_shown(published)}, which is not https. {_WHY[name]}")
    elif expected is not None and expected != published:
        yield Finding(
            Level.NOTE,
            f"{name}: published {published} is in force, the preset knew {expected}: {_WHY[name]}. If this is no "
            "announced move, set the endpoint yourself and ask Pro Santé Connect",
        )
    else:
        yield Finding(Level.FINE, f"{name}: {published}")


#: Member, value it must list, why.
_ABILITIES = (
    ("response_types_supported", "code", "the only flow we use"),
    ("code_challenge_methods_supported", "S256", "PKCE protects the code"),
    ("id_token_signing_alg_values_supported", "RS256", "the only algorithm we accept"),
)


def _compare_abilities(document: Mapping[str, object], settings: PscSettings) -> Iterator[Finding]:
    wanted = [
        *_ABILITIES,
        ("token_endpoint_auth_methods_supported", settings.client_authentication, "how we prove who we are"),
        *(("scopes_supported", scope, "a scope we ask for") for scope in settings.scope.split()),
    ]
    for name, value, why in wanted:
        listed = document.get(name)
        if isinstance(listed, list) and value not in listed:
            yield Finding(Level.NOTE, f"{name}: does not list {value}, {why}")


def _shown(value: object) -> str:
    return value if isinstance(value, str) and value.isprintable() and len(value) < 300 else "nothing usable"


def client_findings(settings: PscSettings, now: datetime) -> Iterator[Finding]:
    """Returns the findings about our own credentials, without a call."""
    if settings.uses_secret:
        yield Finding(
            Level.NOTE,
            f"{settings.client_authentication}: client secrets end. EXI PSC 24 wants a client certificate "
            "(IGC-Santé, organisation) on every back-channel call: order one, then tls_client_auth",
        )
    if settings.certificate is None:
        return
    for certificate in x509.load_pem_x509_certificates(read_octets(Path(settings.client_certificate_file)))[
        :1
    ]:
        end = certificate.not_valid_after_utc
        text = f"client certificate {certificate.subject.rfc4514_string()}: until {end:%Y-%m-%d}"
        level = Level.FAULT if end <= now else Level.NOTE if end - now < _RENEW_BEFORE else Level.FINE
        yield Finding(level, text)


def look(settings: PscSettings, redirect_uri: str, http: BoundedHttp, now: datetime) -> Iterator[Finding]:
    """Returns the findings of all questions of `idp psc check`, in order; each is asked even if another failed."""
    yield from client_findings(settings, now)
    try:
        document = fetch_object(http, settings.discovery_address)
    except NoUsableAnswer as error:
        yield Finding(Level.FAULT, f"discovery {settings.discovery_address}: {error}")
        return
    yield Finding(Level.FINE, f"discovery: {settings.discovery_address}")
    yield from compare(document, settings)
    try:
        snapshot = snapshot_of(document, settings)
    except NoUsableAnswer as error:
        yield Finding(Level.FAULT, f"discovery: {error}")
        return
    yield from _keys(http, snapshot.jwks_uri)
    yield from _client(http, settings, redirect_uri, snapshot.token_endpoint)
    yield from _wallet(http, snapshot.authorization_endpoint)


def _keys(http: BoundedHttp, jwks_uri: str) -> Iterator[Finding]:
    try:
        keys = read_signing_keys(fetch_object(http, jwks_uri))
    except NoUsableAnswer as error:
        yield Finding(Level.FAULT, f"signing keys: {error}")
        return
    level = Level.FINE if keys.keys else Level.FAULT
    names = ", ".join(keys.kids) or "none"
    yield Finding(level, f"signing keys: {len(keys.keys)} usable for RS256 ({names})")


def _client(
    http: BoundedHttp, settings: PscSettings, redirect_uri: str, token_endpoint: str
) -> Iterator[Finding]:
    """Try an invented code: PSC answers `invalid_grant` to a client it knows, `invalid_client` to another."""
    try:
        error = client_is_known(http, settings, redirect_uri, token_endpoint)
    except NoUsableAnswer as silence:
        yield Finding(Level.FAULT, f"token endpoint: {silence}")
        return
    if error == "invalid_grant":
        yield Finding(Level.FINE, f"client {settings.client_id}: known ({settings.client_authentication})")
    else:
        yield Finding(
            Level.FAULT,
            f"client {settings.client_id}: refused ({error}). Compare the client id and "
            f"{settings.client_authentication} with what Pro Santé Connect registered",
        )


def _wallet(http: BoundedHttp, authorization_endpoint: str) -> Iterator[Finding]:
    try:
        status = http.get(authorization_endpoint, {}).status
    except NoUsableAnswer as error:
        yield Finding(
            Level.NOTE,
            f"sign-in pages: no answer to this machine ({error}). Browsers may still reach them; if only this machine "
            "cannot, set PSC_WATCH_WALLET=false so that it is not taken for an outage",
        )
        return
    level = Level.FINE if status < 500 else Level.FAULT
    yield Finding(level, f"sign-in pages: answer with status {status}")


def check_beside(
    settings: PscSettings, redirect_uri: str, http: BoundedHttp, clock: Clock
) -> threading.Thread:
    """Run the check in a thread beside the server, into the log: a slow Pro Santé Connect delays no start."""

    def tell() -> None:
        for finding in look(settings, redirect_uri, http, clock.now()):
            if finding.level in _SEVERITY:
                log.log(_SEVERITY[finding.level], "psc_check", finding=finding.text)

    checking = threading.Thread(target=tell, name="psc-check", daemon=True)
    checking.start()
    return checking
