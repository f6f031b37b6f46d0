"""Contains which cards are accepted, and how their revocation is known. Not here: the card host."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from idp.settings.addresses import is_web_without_user
from idp.settings.declared import duration, number, seconds, setting
from idp.settings.faults import Rule

_DAY = seconds(24 * 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSettings:
    """The card."""

    PREFIX: ClassVar[str] = "CARD_"

    root_files: tuple[Path, ...] = setting("Root authorities, PEM.", ())
    issuing_files: tuple[Path, ...] = setting("Authorities that issue cards, PEM.", ())
    trust_directory: Path = setting(
        "Where `idp trust add` keeps the authorities; every .pem of it is read, with the files above.",
        Path("trust"),
    )
    trust_fingerprints: tuple[str, ...] = setting(
        "Authorities IGC-Santé may have one day, by the SHA-256 of their certificate, once the operator compared it.",
        (),
    )
    trust_warning: timedelta = duration(
        "`idp trust check` warns so long before an authority ends.",
        90 * _DAY,
        least=0,
        # Authorities live for decades: to be warned of all of them is no mistake.
        most=100 * 365 * _DAY,
    )
    accept_test_cards: bool = setting("Test mode, never in production.", False)
    accept_employee_cards: bool = setting("Cards of employees (STANDARD) as well.", False)
    policy_oids: tuple[str, ...] = setting(
        "Dotted certificate policies of cards that may sign in; empty: any.", ()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationSettings:
    """Revocation of cards. Addresses are ours, never those written in a certificate."""

    PREFIX: ClassVar[str] = "CARD_"

    ocsp_url: str = setting("The OCSP responder.", "", source="facts/cps §7")
    crl_urls: tuple[str, ...] = setting("The lists of the issuing authorities.", (), source="facts/cps §7")
    root_crl_urls: tuple[str, ...] = setting("The lists of their roots.", (), source="facts/cps §7")
    crl_grace: timedelta = duration(
        "After its nextUpdate a list still counts for so long.", _DAY, least=0, source="facts/security CP3"
    )
    crl_bytes: int = number("Longest list, in octets.", 256 * 1024 * 1024, most=2**40)
    ocsp_good_for: timedelta = duration(
        "A good OCSP answer is not asked again for so long; 0: at every sign-in.",
        seconds(5 * 60),
        least=0,
        most=seconds(15 * 60),
        limits="15 minutes (900) or less",
        source="facts/cps §7",
    )
    ocsp_max_age: timedelta = duration(
        "No OCSP answer counts beyond, whatever end it names.", _DAY, source="facts/security CP3"
    )
    bypass_until: datetime | None = setting(
        "Emergency: until this instant (2026-12-24T18:00:00Z) a card whose status cannot be known signs its holder in, "
        "audited, at a lower acr. Never a card known to be revoked.",
        None,
        name="CARD_REVOCATION_BYPASS_UNTIL",
    )


RULES: tuple[Rule[CardSettings], ...] = (
    Rule(
        names="CARD_TRUST_FINGERPRINTS",
        expected="SHA-256 fingerprints, 64 hexadecimal digits with or without colons",
        is_broken=lambda s: (
            not all(re.fullmatch(r"[0-9a-fA-F]{64}", text.replace(":", "")) for text in s.trust_fingerprints)
        ),
        it_is="a list with something else",
    ),
    Rule(
        names="CARD_POLICY_OIDS",
        expected="dotted object identifiers such as 1.2.250.1.213",
        is_broken=lambda s: not all(re.fullmatch(r"[0-2](\.[0-9]+)+", text) for text in s.policy_oids),
        it_is="a list with something else",
    ),
)
# Without user name or password: these URLs are in the log.
_URLS = "http or https URLs, with a host, without user name or password"
REVOCATION_RULES: tuple[Rule[RevocationSettings], ...] = (
    Rule(
        names="CARD_OCSP_URL",
        expected=_URLS,
        is_broken=lambda s: s.ocsp_url != "" and not is_web_without_user(s.ocsp_url),
        it_is="something else",
    ),
    Rule(
        names="CARD_CRL_URLS",
        expected=_URLS,
        is_broken=lambda s: not all(map(is_web_without_user, s.crl_urls)),
        it_is="a list with something else",
    ),
    Rule(
        names="CARD_ROOT_CRL_URLS",
        expected=_URLS,
        is_broken=lambda s: not all(map(is_web_without_user, s.root_crl_urls)),
        it_is="a list with something else",
    ),
)
