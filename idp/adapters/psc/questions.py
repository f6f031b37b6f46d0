"""The questions of `idp psc check`, one function each, and what each answer means. Not here: their order, printing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

from cryptography import x509

from idp.adapters.http.bounded import HttpAnswer, NoUsableAnswer, ProbingHttp, UnknownAuthority
from idp.adapters.http.presented import signer_of
from idp.adapters.psc.backchannel import client_is_known, post_request, reference_in
from idp.adapters.psc.discovery import ProviderSnapshot
from idp.adapters.psc.errors import code_of, failure_of, meaning_of
from idp.adapters.psc.finding import Finding, Level, explained, shown
from idp.adapters.psc.published import fetch_object
from idp.adapters.psc.request import SILENT, new_request, pushed_address
from idp.adapters.psc.signing_keys import read_signing_keys
from idp.adapters.psc.watch import is_shown
from idp.interaction.upstream import UpstreamFailed
from idp.settings.files import read_octets
from idp.settings.psc import PscSettings
from idp.settings.psc_presets import STOCK_DISCOVERY_PATH

#: How long before its end a certificate is reported: ordering one from IGC-Santé takes weeks.
_RENEW_BEFORE = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a question may use. `snapshot`: the endpoints in force."""

    settings: PscSettings
    redirect_uri: str
    http: ProbingHttp
    snapshot: ProviderSnapshot


Question = Callable[[Asked], Iterator[Finding]]


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


def discovery_failed(error: NoUsableAnswer, settings: PscSettings, http: ProbingHttp) -> Iterator[Finding]:
    """Returns why the document could not be read, and which setting names another address of it."""
    yield Finding(
        Level.FAULT,
        f"discovery {settings.discovery_address}: {reason(error, settings.discovery_address, settings)}",
    )
    if settings.discovery_url or error.status != HTTPStatus.NOT_FOUND:
        return
    # The name of the document is Pro Santé Connect's own: every other OpenID Provider has the stock one.
    stock = settings.well_known(STOCK_DISCOVERY_PATH)
    advice = "set PSC_DISCOVERY_URL to the address of its document"
    try:
        if fetch_object(http, stock).get("issuer") == settings.issuer:
            advice = f"it is at the usual address of an OpenID Provider: set PSC_DISCOVERY_URL={stock}"
    except NoUsableAnswer:
        advice += f", which is not at {stock} either"
    yield Finding(Level.FAULT, f"discovery: {advice}")


def reason(error: NoUsableAnswer, url: str, settings: PscSettings) -> str:
    """Returns the failure, and of a certificate that is not trusted which authority is missing."""
    if not isinstance(error, UnknownAuthority):
        return explained(error)
    signer = signer_of(url)
    known = "not in PSC_CA_FILE" if settings.ca_file else "no public one: name it in PSC_CA_FILE"
    return (
        f"{error}. Its certificate is signed by {shown(signer) if signer else 'an authority that did not show'}, and "
        f"the root of that is {known}. Take that root from the people who run it, not from the connection"
    )


def ask_keys(asked: Asked) -> Iterator[Finding]:
    try:
        keys = read_signing_keys(fetch_object(asked.http, asked.snapshot.jwks_uri))
    except NoUsableAnswer as error:
        told = reason(error, asked.snapshot.jwks_uri, asked.settings)
        yield Finding(Level.FAULT, f"signing keys: {told}")
        return
    level = Level.FINE if keys.keys else Level.FAULT
    names = ", ".join(keys.kids) or "none"
    yield Finding(level, f"signing keys: {len(keys.keys)} usable for RS256 ({names})")


def ask_client(asked: Asked) -> Iterator[Finding]:
    """Try an invented code: PSC answers `invalid_grant` to a client it knows, `invalid_client` to another."""
    settings, endpoint = asked.settings, asked.snapshot.token_endpoint
    try:
        error = client_is_known(asked.http, settings, asked.redirect_uri, endpoint)
    except NoUsableAnswer as silence:
        told = reason(silence, endpoint, settings)
        yield Finding(
            Level.FAULT,
            f"token endpoint: {told}. A token endpoint answers in JSON: compare {endpoint} with the one it publishes, "
            "and look for a firewall in front of it",
        )
        return
    if error == "invalid_grant":
        yield Finding(Level.FINE, f"client {settings.client_id}: known ({settings.client_authentication})")
    else:
        yield Finding(
            Level.FAULT,
            f"client {settings.client_id}: refused ({error}). Compare the client id and "
            f"{settings.client_authentication} with what Pro Santé Connect registered",
        )


def ask_redirect(asked: Asked) -> Iterator[Finding]:
    """Send a request with `prompt=none`, as a browser without session: only our own address gets the refusal.

    Core §3.1.2.6: the answer goes to the redirect URI, if it is registered. A Keycloak keeps a LOGIN_ERROR of it.
    """
    try:
        address = _silent_address(asked)
        answer = asked.http.get(address, {})
    except (NoUsableAnswer, UpstreamFailed) as error:
        yield Finding(Level.NOTE, f"redirect URI: not known, as the request got no answer ({error})")
        return
    error_told = _error_at(asked.redirect_uri, answer)
    if error_told is None:
        yield _stayed_there(asked, answer)
    elif error_told in _NO_SESSION:
        yield Finding(
            Level.FINE, f"redirect URI {asked.redirect_uri}: registered (prompt=none: {error_told})"
        )
    else:
        yield Finding(
            Level.FAULT,
            f"redirect URI {asked.redirect_uri}: registered, but our request is refused there ({error_told}). "
            f"{_ADVICE.get(error_told, 'Compare it with what Pro Santé Connect registered')}",
        )


#: Core §3.1.2.6: what `prompt=none` gets from a provider that found nothing else to refuse.
_NO_SESSION = frozenset(
    {"login_required", "interaction_required", "consent_required", "account_selection_required"}
)
_ADVICE: Mapping[str, str] = {
    "invalid_scope": "PSC_SCOPE asks for a scope that is not registered for us",
    "invalid_request": "PSC_ACR_VALUES, PSC_SCOPE and PSC_PUSH_REQUESTS say what we ask for, and how",
    "unauthorized_client": "The code flow (response_type=code) is not allowed for us there",
    "unsupported_response_type": "The code flow (response_type=code) is not allowed for us there",
}


def _silent_address(asked: Asked) -> str:
    settings, endpoint = asked.settings, asked.snapshot.authorization_endpoint
    request = new_request(settings, asked.redirect_uri, SILENT)
    if asked.snapshot.push_endpoint is None:
        return request.address(endpoint)
    answer = post_request(
        asked.http, settings, settings.client_secret, asked.snapshot.push_endpoint, request.query
    )
    if answer.status != HTTPStatus.CREATED:
        raise failure_of(*meaning_of("par", answer))
    return pushed_address(endpoint, settings.client_id, reference_in(answer))


def _error_at(redirect_uri: str, answer: HttpAnswer) -> str | None:
    """Returns the registered error that our own address would get, None when the browser is not sent there."""
    where, _, query = answer.location.partition("?")
    if not 300 <= answer.status < 400 or where != redirect_uri:
        return None
    return code_of(parse_qs(query).get("error", [""])[0])


def _stayed_there(asked: Asked, answer: HttpAnswer) -> Finding:
    refused = f"redirect URI {asked.redirect_uri}: refused on a page of its own (status {answer.status})"
    if 400 <= answer.status < 500:
        return Finding(
            Level.FAULT,
            f"{refused}: it knows no client {asked.settings.client_id}, or has another redirect URI for it, compared "
            "character by character",
        )
    return Finding(
        Level.NOTE,
        f"redirect URI: not known. prompt=none was answered with status {answer.status}, and not at our address; the "
        "first sign-in will tell",
    )


def ask_sign_in_pages(asked: Asked) -> Iterator[Finding]:
    endpoint = asked.snapshot.authorization_endpoint
    try:
        answer = asked.http.options(endpoint)
    except NoUsableAnswer as error:
        yield Finding(
            Level.NOTE,
            f"sign-in pages: no answer to this machine ({reason(error, endpoint, asked.settings)}). Browsers may still "
            "reach them; if only this machine cannot, set PSC_WATCH_WALLET=false so that it is not taken for an outage",
        )
        return
    if is_shown(answer):
        yield Finding(
            Level.FINE,
            f"sign-in pages: they answer (status {answer.status} to OPTIONS, which asks for nothing: any status below "
            "500 will do)",
        )
    else:
        yield Finding(Level.FAULT, f"sign-in pages: status {answer.status}, out of order")
