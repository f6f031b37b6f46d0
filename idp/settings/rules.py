"""Values of settings that could not serve, alone or together: each rule says which setting, and what was expected.

`FAULTS` stop the start. What a value must look like to be read at all is in `settings`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from idp.settings import Settings

_DAY = timedelta(hours=24)
_KEY = "32 random bytes in base64url (43 characters)"


@dataclass(frozen=True, slots=True)
class SettingRule:
    """`name`: the setting, or several, in capitals. `is_broken` looks at all of them."""

    name: str
    expected: str
    is_broken: Callable[["Settings"], bool]

    def __str__(self) -> str:
        return f"CADUCEE_{self.name}: {self.expected}"


def _is_no_plain_url(issuer: str) -> bool:
    parts = urlsplit(issuer)
    return bool(parts.query or parts.fragment or issuer.endswith("/") or not parts.netloc)


def _are_networks(texts: tuple[str, ...]) -> bool:
    try:
        return all(ip_network(text) for text in texts)
    except ValueError:
        return False


def _is_web(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _is_short(key: str) -> bool:
    return len(key) < 43


FAULTS = (
    SettingRule(
        "ISSUER",
        "an absolute URL without query, fragment or final slash",
        lambda s: _is_no_plain_url(s.issuer),
    ),
    SettingRule("ISSUER", "an origin alone, without a path", lambda s: bool(urlsplit(s.issuer).path)),
    SettingRule(
        "ISSUER",
        "https, or http on a loopback host for a demo",
        lambda s: not s.is_secure and not (urlsplit(s.issuer).scheme == "http" and s.is_on_loopback),
    ),
    SettingRule("CARD_HOST", "an https origin", lambda s: urlsplit(s.card_host).scheme != "https"),
    SettingRule("APPLICATION_KEY", _KEY, lambda s: _is_short(s.application_key)),
    SettingRule("PASSWORD_PEPPER", _KEY, lambda s: _is_short(s.password_pepper)),
    SettingRule("PROXY_SECRET", _KEY, lambda s: bool(s.proxy_secret) and _is_short(s.proxy_secret)),
    SettingRule(
        "MTLS_ORIGIN",
        "an https origin, and CADUCEE_PROXY_SECRET with it",
        lambda s: (
            bool(s.mtls_origin)
            and not (re.fullmatch(r"https://[a-z0-9.:\[\]-]+", s.mtls_origin) and s.proxy_secret)
        ),
    ),
    SettingRule(
        "LOGOUT_TOKEN_LIFE",
        "1 to 120 (Back-Channel Logout §2.4)",
        lambda s: not timedelta() < s.logout_token_life <= timedelta(minutes=2),
    ),
    SettingRule(
        "PUSHED_REQUEST_LIFE",
        "below 600 (FAPI 2.0)",
        lambda s: s.pushed_request_life >= timedelta(seconds=600),
    ),
    SettingRule(
        "OUTBOUND_NETWORKS",
        "networks like 10.20.0.0/16 or fd00::/8",
        lambda s: not _are_networks(s.outbound_networks),
    ),
    # Cards.
    SettingRule(
        "CARD_PROXY_USER",
        "who runs the proxy that CADUCEE_CARD_LISTEN is for",
        lambda s: s.card_listen.startswith("unix:") and not s.card_proxy_user,
    ),
    SettingRule(
        "CARD_HOST",
        "https://host, or https://*.host for a new name at each attempt",
        lambda s: "*" in s.card_host.replace("://*.", "://", 1),
    ),
    SettingRule(
        "CARD_OCSP_URL, CARD_CRL_URLS, CARD_ROOT_CRL_URLS",
        "http or https URLs",
        lambda s: (
            not all(map(_is_web, (*s.card_crl_urls, *s.card_root_crl_urls, *filter(None, [s.card_ocsp_url]))))
        ),
    ),
    SettingRule(
        "CARD_OCSP_GOOD_FOR",
        "15 minutes (900) or less",
        lambda s: s.card_ocsp_good_for > timedelta(minutes=15),
    ),
    # The signing keys.
    SettingRule(
        "KEY_PUBLISH_BEFORE",
        "24 h or more (86400), less only on a loopback host",
        lambda s: s.key_publish_before < (timedelta() if s.is_on_loopback else _DAY),
    ),
    SettingRule(
        "KEY_RETIRE_AFTER",
        "as long as a session and twice CLOCK_SKEW, or more",
        lambda s: s.key_retire_after < s.longest_token_life + 2 * s.clock_skew,
    ),
    SettingRule("HSM_SESSIONS", "1 to 64", lambda s: not 1 <= s.hsm_sessions <= 64),
    SettingRule("HSM_TIMEOUT", "1 second or more", lambda s: not s.hsm_timeout > timedelta()),
    # TLS of our own.
    SettingRule(
        "TLS_CERTIFICATE_FILE",
        "together with CADUCEE_TLS_KEY_FILE, both or neither",
        lambda s: (s.tls_certificate_file is None) != (s.tls_key_file is None),
    ),
    SettingRule(
        "TLS_CERTIFICATE_FILE",
        "with an https issuer only",
        lambda s: s.tls_certificate_file is not None and not s.is_secure,
    ),
    # The mail code.
    SettingRule(
        "MAIL_CODE_FIXED",
        "only with an issuer on a loopback host",
        lambda s: bool(s.mail_code_fixed) and not s.is_on_loopback,
    ),
    SettingRule(
        "MAIL_CODE_FIXED",
        "as many digits as MAIL_CODE_DIGITS",
        lambda s: not re.fullmatch(rf"(|[0-9]{{{s.mail_code_digits}}})", s.mail_code_fixed),
    ),
    # Pro Santé Connect. draft RIE 13, facts/psc §8.3: our session does not outlive its own.
    SettingRule(
        "SESSION_LIFE, SESSION_IDLE",
        "at most 4 h and 30 min with Pro Santé Connect",
        lambda s: (
            s.has_psc and (s.session_life > timedelta(hours=4) or s.session_idle > timedelta(minutes=30))
        ),
    ),
    SettingRule(
        "SESSION_LIFE",
        "at most 24 h: what a session granted is forgotten a day later",
        lambda s: s.session_life > _DAY,
    ),
    SettingRule("PSC_AT_ONCE", "1 or more, below the threads of a process", lambda s: s.psc_at_once < 1),
    SettingRule(
        "SHARED_STATIONS",
        "networks such as 192.0.2.0/24 2001:db8::/32",
        lambda s: not _are_networks(s.shared_stations),
    ),
)


def broken(rules: tuple[SettingRule, ...], settings: "Settings") -> Iterator[SettingRule]:
    return (rule for rule in rules if rule.is_broken(settings))
