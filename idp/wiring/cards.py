"""What judges cards, built from the settings, for the web process and the worker. Composition only, like `app`."""

from collections.abc import Callable
from pathlib import Path

from idp.adapters.http.bounded import SafeHttp
from idp.adapters.igc.crl_refresh import CrlRefresher
from idp.adapters.igc.ocsp import OcspClient
from idp.adapters.igc.revocation import IgcRevocation
from idp.adapters.sql.crl_index import CrlIndex
from idp.cards.anchors import TrustAnchors, load_anchors
from idp.cards.pins import PinRules
from idp.cards.revocation import RevocationSource
from idp.cards.trust import CardPolicy
from idp.settings import BadSetting, Settings
from idp.wiring.resources import Resources

#: A login waits for the responder; the worker has time for a list.
_OCSP_CONNECT_SECONDS, _OCSP_SECONDS, _OCSP_BYTES = 2.0, 4.0, 64 * 1024
_CRL_SECONDS = 15 * 60.0


def build_pin_rules(settings: Settings) -> PinRules:
    return PinRules(
        accept_test=settings.card_accept_test_cards,
        accept_employees=settings.card_accept_employee_cards,
        fingerprints=frozenset(text.replace(":", "").lower() for text in settings.card_trust_fingerprints),
    )


def trust_files(settings: Settings) -> tuple[Path, ...]:
    """The authorities of the settings, then those that `idp trust add` installed."""
    installed = sorted(settings.card_trust_directory.glob("*.pem"))
    return (*settings.card_root_files, *settings.card_issuing_files, *installed)


def build_card_policy(settings: Settings) -> CardPolicy | None:
    """None when no authority is given: no card door. Raises AnchorsRefused, BadSetting, OSError."""
    files = trust_files(settings)
    if not files:
        return None
    if not (settings.card_ocsp_url or settings.card_crl_urls):
        raise BadSetting("CADUCEE_CARD_OCSP_URL or _CRL_URLS: one at least, or no card could sign in")
    return CardPolicy(
        anchors=load_anchors((path.read_bytes() for path in files), build_pin_rules(settings)),
        accept_test_cards=settings.card_accept_test_cards,
        accept_employee_cards=settings.card_accept_employee_cards,
        bypass_until=settings.card_revocation_bypass_until,
        policy_oids=frozenset(settings.card_policy_oids),
    )


def build_crl_index(resources: Resources) -> CrlIndex:
    s = resources.settings
    return CrlIndex(resources.database, s.card_crl_grace, s.clock_skew)


def build_revocation(resources: Resources, policy: CardPolicy) -> RevocationSource:
    s = resources.settings
    http = SafeHttp(
        connect_seconds=_OCSP_CONNECT_SECONDS, total_seconds=_OCSP_SECONDS, body_bytes=_OCSP_BYTES
    )
    ocsp = (
        OcspClient(url=s.card_ocsp_url, http=http, skew=s.clock_skew, max_age=s.card_ocsp_max_age)
        if s.card_ocsp_url
        else None
    )
    return IgcRevocation(
        anchors=policy.anchors,
        ocsp=ocsp,
        index=build_crl_index(resources),
        store=resources.store,
        good_for=s.card_ocsp_good_for,
        checks_authorities=bool(s.card_root_crl_urls),
    )


def build_crl_refresher(resources: Resources) -> CrlRefresher | None:
    """None when no list is configured."""
    s = resources.settings
    policy, urls = build_card_policy(s), (*s.card_crl_urls, *s.card_root_crl_urls)
    if policy is None or not urls:
        return None
    http = SafeHttp(total_seconds=_CRL_SECONDS, body_bytes=s.card_crl_bytes)
    return CrlRefresher(
        urls=urls, anchors=policy.anchors, http=http, index=build_crl_index(resources), clock=resources.clock
    )


def build_list_check(resources: Resources, policy: CardPolicy) -> Callable[[], bool]:
    """Whether a revocation list that the settings ask for is missing or too old."""
    index, needed = build_crl_index(resources), _needed_lists(resources.settings, policy.anchors)
    return lambda: index.is_lacking(needed, resources.clock.now())


def _needed_lists(settings: Settings, anchors: TrustAnchors) -> frozenset[str]:
    issuing = {one.key_name for one in anchors.issuing if settings.card_crl_urls}
    roots = {one.root.key_name for one in anchors.issuing if one.root and settings.card_root_crl_urls}
    return frozenset(issuing | roots)
