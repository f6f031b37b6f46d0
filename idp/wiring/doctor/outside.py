"""Contains what is asked of the issuer and of the card host at their own addresses, as a browser would: DNS, the proxy
and TLS in between. Not here: what is asked of the processes."""

from collections.abc import Iterator, Mapping
from functools import partial
from secrets import token_hex
from urllib.parse import urlsplit

from cryptography import x509

from idp.adapters.card_host.from_outside import Met, meet
from idp.adapters.http.bounded import HttpAnswer, NoUsableAnswer, SafeHttp, UnknownAuthority
from idp.adapters.http.presented import end_of, own_address_towards
from idp.core.finding import Inquiry, NotLookedAt, Told, amber, green, red
from idp.web.sections import SIGN_IN_PATH
from idp.web.seen import HEADER, proof
from idp.wiring.cards import build_card_policy
from idp.wiring.doctor.cards import AUTHORITIES, is_without_cards
from idp.wiring.doctor.ends import told_end
from idp.wiring.doctor.hand import Hand
from idp.wiring.resources import open_doctor_key

_ISSUER = "issuer"
_OF_ISSUER = ("ISSUER",)
_SILENT = "start `idp serve`; the proxy, DNS, a firewall"
_of_issuer = partial(Inquiry, after=(_ISSUER,), needs=_OF_ISSUER, remedy=_SILENT)
_SECONDS = 5.0
_PROXY = "docs/nginx-issuer.conf; CADUCEE_TRUSTED_PROXY_HOPS"
#: RFC 5737: of documentation, nobody's. What we write into `X-Forwarded-For` must never count.
_NOBODY = "192.0.2.255"


def outside_inquiries(hand: Hand) -> Iterator[Inquiry]:
    yield Inquiry(name=_ISSUER, look=partial(_issuer, hand), needs=_OF_ISSUER)
    yield _of_issuer(name="ready", look=partial(_ready, hand))
    yield _of_issuer(name="cookies", look=partial(_cookies, hand))
    yield Inquiry(
        name="proxy",
        look=partial(_proxy, hand),
        after=(_ISSUER,),
        needs=(*_OF_ISSUER, "APPLICATION_KEY", "TRUSTED_PROXY_HOPS"),
        remedy=_SILENT,
    )
    yield Inquiry(
        name="card host from outside",
        look=partial(_card_host, hand),
        after=(AUTHORITIES,),
        needs=("CARD_",),
    )


def _get(hand: Hand, path: str, headers: Mapping[str, str] | None = None) -> HttpAnswer:
    """Raises NoUsableAnswer."""
    settings = hand.settings
    http = SafeHttp(connect_seconds=_SECONDS, total_seconds=_SECONDS)
    return http.get(f"{settings.where.issuer}{path}", headers or {})


def _known(hand: Hand, path: str, headers: Mapping[str, str] | None = None) -> HttpAnswer:
    """Raises NoUsableAnswer; NotLookedAt where the issuer's authority is unknown here, which its own line tells."""
    try:
        return _get(hand, path, headers)
    except UnknownAuthority:
        raise NotLookedAt(_ISSUER) from None


def _issuer(hand: Hand) -> Iterator[Told]:
    settings = hand.settings
    issuer = settings.where.issuer
    try:
        answer = _get(hand, "/.well-known/openid-configuration")
        told = answer.json() if answer.status == 200 else {}
    except UnknownAuthority as error:
        # The library of this Python has authorities of its own: an establishment's is not among them.
        yield amber(
            f"{issuer}: {error}",
            "let every browser and application know its authority; nothing else was asked there",
        )
        return
    except NoUsableAnswer as error:
        yield red(f"{issuer} gives no usable answer here: {error}", _SILENT)
        return
    named = told.get("issuer") if isinstance(told, dict) else None
    if named != issuer:
        yield red(
            f"{issuer} is another service, or one with another CADUCEE_ISSUER",
            "the proxy, DNS, CADUCEE_ISSUER",
        )
        return
    if settings.where.is_secure and (end := end_of(issuer)) is not None:
        yield told_end(hand, f"{issuer}: certificate", end)
    else:
        yield green(f"{issuer} answers with its discovery")


def _ready(hand: Hand) -> Iterator[Told]:
    """Raises NoUsableAnswer, NotLookedAt."""
    status = _known(hand, "/health/ready").status
    if status == 200:
        yield green("somebody could sign in")
    else:
        yield red(f"nobody can sign in now ({status})", "what stands above; `/readyz?verbose`")


def _proxy(hand: Hand) -> Iterator[Told]:
    """Raises NoUsableAnswer, NotLookedAt."""
    settings = hand.settings
    key = open_doctor_key(settings)
    headers = {HEADER: proof(key, hand.now()), "X-Forwarded-For": _NOBODY}
    told = _known(hand, "/health/live", headers).json()
    seen = told.get("seen") if isinstance(told, dict) else None
    own = own_address_towards(settings.where.issuer)
    if seen is None:
        yield red(
            "it does not know us: another CADUCEE_APPLICATION_KEY there, or a proxy drops headers", _PROXY
        )
    elif seen == _NOBODY:
        yield red("whoever writes X-Forwarded-For is believed: addresses can be forged", _PROXY)
    elif not seen:
        yield red("it tells no address of a caller in X-Forwarded-For: all people share one limit", _PROXY)
    elif own is not None and seen != own:
        yield amber(
            f"this machine ({own}) is seen as {seen}: is that your proxy, or an address of NAT?", _PROXY
        )
    else:
        yield green(f"this machine is seen as {seen}")


def _cookies(hand: Hand) -> Iterator[Told]:
    """Raises NoUsableAnswer, NotLookedAt."""
    settings = hand.settings
    answer = _known(hand, f"{SIGN_IN_PATH}?to=identity", {"Accept": "text/html"})
    faults = cookie_faults(answer.set_cookies, is_secure=settings.where.is_secure)
    for fault in faults:
        yield red(fault, "the proxy must pass Set-Cookie on as it is")
    if not faults:
        yield green(f"{len(answer.set_cookies)} as they were set")


def cookie_faults(cookies: tuple[str, ...], *, is_secure: bool) -> list[str]:
    """Returns what is wrong with our cookies as they arrive (RFC 6265bis §4.1.3.2)."""
    wanted = {"path=/", "httponly", *(["secure"] if is_secure else [])}
    faults = []
    for cookie in cookies:
        name, *given = (part.strip() for part in cookie.split(";"))
        attributes = {part.lower() for part in given}
        name = name.partition("=")[0]
        missing = sorted(wanted - attributes)
        if missing:
            faults.append(f"{name} comes without {', '.join(missing)}")
        if is_secure and not name.startswith("__Host-"):
            faults.append(f"{name} comes without __Host-")
        if any(part.startswith("domain=") for part in attributes):
            faults.append(f"{name} comes with a domain")
        if not any(part.startswith("samesite=") for part in attributes):
            faults.append(f"{name} comes without SameSite")
    return faults if cookies else ["no cookie comes: nobody can sign in"]


def _card_host(hand: Hand) -> Iterator[Told]:
    settings = hand.settings
    if is_without_cards(settings):
        yield green("none is needed: the card door is not there")
        return
    place = settings.card_host
    url = urlsplit(place.origin.replace("://*.", f"://{token_hex(4)}."))
    host, port = url.hostname or "", url.port or 443
    try:
        met = meet(host, port, _SECONDS)
    except OSError as error:
        why = str(error) if type(error).__module__.startswith("idp") else type(error).__name__
        yield red(f"{host}:{port}: {why}", "start `idp card-host`; its proxy, DNS, a firewall")
        return
    yield from _judged(hand, met, host)


def _judged(hand: Hand, met: Met, host: str) -> Iterator[Told]:
    settings, nginx = hand.settings, "docs/nginx-card.conf"
    if not met.asks:
        yield red("it asks for no certificate: something else answers there", nginx)
    policy = build_card_policy(settings)
    own = {subject_of(one.der) for one in policy.anchors.issuing} if policy else set()
    if met.asks and not own <= met.authorities:
        yield amber(
            f"it announces {len(own & met.authorities)} of {len(own)} authorities: browsers may not offer the card",
            "start it anew after `idp trust add`; behind a proxy, its list of authorities",
        )
    if not _is_for(met.certificate, host):
        yield red(f"its certificate is not for {host}", "CADUCEE_CARD_CERTIFICATE_FILE, or the proxy's")
    yield told_end(hand, "its certificate", met.certificate.not_valid_after_utc)


def subject_of(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).subject.public_bytes()


def _is_for(certificate: x509.Certificate, host: str) -> bool:
    """Whether one of its names is this host (RFC 6125 §6.4.3: `*` stands for one label)."""
    try:
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    names = {name.lower() for name in named.get_values_for_type(x509.DNSName)}
    addresses = {str(address) for address in named.get_values_for_type(x509.IPAddress)}
    return host in names | addresses or f"*.{host.partition('.')[2]}" in names
