"""Contains what verifies cards, built from the settings, for web processes and the worker. Not here: the verdict."""

from collections.abc import Callable
from pathlib import Path

from cryptography import x509

from idp.adapters.http.bounded import SafeHttp
from idp.adapters.igc.needed_lists import NeededLists
from idp.adapters.igc.ocsp import OcspClient
from idp.adapters.igc.revocation import IgcRevocation
from idp.adapters.sql.crl_index import CrlIndex
from idp.cards.anchors import pin_anchors
from idp.cards.pins import PinRules
from idp.cards.revocation import RevocationSource
from idp.cards.trust import CardPolicy
from idp.settings import Settings, bad_setting
from idp.settings.files import read_octets
from idp.wiring.operator_files import unreadable
from idp.wiring.resources import Resources

#: A person waits for the OCSP responder.
_OCSP_CONNECT_SECONDS, _OCSP_SECONDS, _OCSP_BYTES = 2.0, 4.0, 64 * 1024


def build_pin_rules(settings: Settings) -> PinRules:
    return PinRules(
        accept_test=settings.card.accept_test_cards,
        accept_employees=settings.card.accept_employee_cards,
        fingerprints=frozenset(text.replace(":", "").lower() for text in settings.card.trust_fingerprints),
    )


def trusted_certificates(settings: Settings) -> list[x509.Certificate]:
    """Returns the authorities of the settings, then those that `idp trust add` installed. Raises BadSetting."""
    card = settings.card
    places = {
        "CARD_ROOT_FILES": card.root_files,
        "CARD_ISSUING_FILES": card.issuing_files,
        "CARD_TRUST_DIRECTORY": sorted(card.trust_directory.glob("*.pem")),
    }
    return [found for name, files in places.items() for path in files for found in _certificates(name, path)]


def _certificates(name: str, path: Path) -> list[x509.Certificate]:
    expected = "readable files of PEM certificates"
    try:
        return x509.load_pem_x509_certificates(read_octets(path))
    except OSError as error:
        raise unreadable(name, f"{expected}, each of them", error) from error
    except ValueError as error:
        raise bad_setting(name, f"{expected}; one holds none, or more than that") from error


def build_card_policy(settings: Settings) -> CardPolicy | None:
    """Returns None when no authority is given: no card door. Raises AnchorsRefused, BadSetting."""
    certificates = trusted_certificates(settings)
    if not certificates:
        return None
    if not (settings.revocation.ocsp_url or settings.revocation.crl_urls):
        raise bad_setting("CARD_OCSP_URL CARD_CRL_URLS", "one at least, or no card could sign in")
    return CardPolicy(
        anchors=pin_anchors(certificates, build_pin_rules(settings)),
        accept_test_cards=settings.card.accept_test_cards,
        accept_employee_cards=settings.card.accept_employee_cards,
        bypass_until=settings.revocation.bypass_until,
        policy_oids=frozenset(settings.card.policy_oids),
    )


def build_crl_index(resources: Resources) -> CrlIndex:
    s = resources.settings
    return CrlIndex(resources.database, s.revocation.crl_grace, s.clock.skew)


def build_ocsp(settings: Settings) -> OcspClient | None:
    """Returns None where no responder is asked."""
    revocation = settings.revocation
    if not revocation.ocsp_url:
        return None
    http = SafeHttp(
        connect_seconds=_OCSP_CONNECT_SECONDS, total_seconds=_OCSP_SECONDS, body_bytes=_OCSP_BYTES
    )
    skew, max_age = settings.clock.skew, revocation.ocsp_max_age
    return OcspClient(url=revocation.ocsp_url, http=http, skew=skew, max_age=max_age)


def build_revocation(resources: Resources, policy: CardPolicy) -> RevocationSource:
    s = resources.settings
    return IgcRevocation(
        anchors=policy.anchors,
        ocsp=build_ocsp(s),
        index=build_crl_index(resources),
        store=resources.store,
        good_for=s.revocation.ocsp_good_for,
        checks_authorities=bool(s.revocation.root_crl_urls),
    )


def build_list_check(resources: Resources, policy: CardPolicy) -> Callable[[], bool]:
    """Returns the check whether a revocation list that the settings ask for is missing or too old."""
    index, needed, clock = (
        build_crl_index(resources),
        needed_lists(resources.settings, policy),
        resources.clock,
    )
    return lambda: index.is_lacking(needed.all(clock.now()), clock.now())


def needed_lists(settings: Settings, policy: CardPolicy) -> NeededLists:
    return NeededLists(
        anchors=policy.anchors,
        issuing_urls=settings.revocation.crl_urls,
        root_urls=settings.revocation.root_crl_urls,
    )
