"""Every setting of the provider, typed and frozen: the only reader of the environment.

Names are `CADUCEE_` + the field in capitals; durations are whole seconds. Numbers default to the house values of the
security reference; a test compares the two. Secrets may come from a file: `CADUCEE_<FIELD>_FILE`. Values that cannot
serve are refused by `settings/rules`.
"""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from idp.settings.rules import FAULTS, broken

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class BadSetting(Exception):
    """An operator's message: which variable, what was found wrong, what is expected."""


def _seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    # Where we are.
    issuer: str
    card_host: str
    database: str = field(default="sqlite:///var/caducee.sqlite", repr=False)
    #: Empty: ephemeral records live in the same SQL database (embedded default).
    redis: str = field(default="", repr=False)
    clients_file: Path = Path("clients.yaml")
    keys_directory: Path = Path("keys")
    #: 32 random bytes, base64url: cookies, CSRF, counters, sealed records. Kept across restarts and nodes.
    application_key: str = field(default="", repr=False)
    #: 32 random bytes, base64url, outside the database: mixed into every password before argon2id.
    password_pepper: str = field(default="", repr=False)
    default_locale: str = "fr"
    #: Addresses of reverse proxies whose X-Forwarded-For is believed, and how many there are in a row.
    trusted_proxy_hops: int = 0
    #: What the proxy adds to each request (`Caducee-Proxy`), so that its `Client-Cert` (RFC 9440) is believed.
    #: Empty: no client certificate is believed, whoever sends it.
    proxy_secret: str = field(default="", repr=False)
    #: The origin where the proxy asks relying parties for their TLS certificate (RFC 8705 §5); empty: mTLS is off.
    mtls_origin: str = ""
    #: Authorities of `tls_client_auth` certificates.
    mtls_authority_files: tuple[Path, ...] = ()
    #: Private networks (CIDR) in which URLs of relying parties that we call may lie; others are refused.
    outbound_networks: tuple[str, ...] = ()
    #: `idp serve` speaks TLS itself: for tests and small installations; else a buffering proxy does (docs/operate.md).
    tls_certificate_file: Path | None = None
    tls_key_file: Path | None = None
    #: Authorities of their TLS certificates, beside the public ones: a hospital has its own.
    outbound_authority_files: tuple[Path, ...] = ()

    # Pro Santé Connect.
    #: "production" or "sandbox": the preset of its addresses. Each of the next ones wins over it.
    psc_environment: str = ""
    psc_issuer: str = ""
    psc_discovery_url: str = ""
    psc_authorization_endpoint: str = ""
    psc_token_endpoint: str = ""
    psc_userinfo_endpoint: str = ""
    psc_jwks_uri: str = ""
    psc_end_session_endpoint: str = ""
    psc_client_id: str = ""
    psc_client_secret: str = field(default="", repr=False)
    #: Or "client_secret_post", or "tls_client_auth" with a certificate of the organisation (IGC-Santé).
    psc_client_authentication: str = "client_secret_basic"
    psc_client_certificate_file: str = ""
    psc_client_key_file: str = ""
    #: PEM file of the authorities of their TLS certificates; empty: those of every browser.
    psc_ca_file: str = ""
    psc_connect_timeout: timedelta = _seconds(5)
    psc_timeout: timedelta = _seconds(10)
    #: Sign-ins of one process that may wait for its answers; more are told at once that it does not answer.
    psc_at_once: int = 8
    #: Between two fetches of their keys for a `kid` that is not known.
    psc_keys_pause: timedelta = _seconds(30)
    #: Failures in a row of one endpoint after which nobody waits for it, and for how long (facts/security §4.6).
    psc_circuit_failures: int = 5
    psc_circuit_pause: timedelta = _seconds(30)
    #: Its health is looked at beside a sign-in page when the last look is older.
    psc_watch_every: timedelta = _seconds(30)
    #: Also at its sign-in pages; false when this machine, unlike browsers, cannot reach them.
    psc_watch_wallet: bool = True
    psc_scope: str = "openid scope_all"
    psc_acr_values: str = "eidas1"
    psc_accepted_acr: tuple[str, ...] = ("eidas1",)
    psc_accept_missing_acr: bool = False
    #: Categories in which profession 10 is a physician: civil, military; not E (student).
    psc_physician_categories: tuple[str, ...] = ("C", "M")
    #: Networks (CIDR) of stations that several people use: Pro Santé Connect identifies afresh each time.
    shared_stations: tuple[str, ...] = ()
    #: Folder with the official button: bouton.svg or .png, and bouton-survol for the pointer; empty: a text button.
    psc_picture_folder: str = ""
    #: POST /psc/backchannel_logout takes its logout tokens: a sign-out there ends the session here.
    psc_backchannel_logout: bool = False
    #: An RPPS nobody enrolled may enrol from Pro Santé Connect; the customer's guide demands the card.
    enrolment_from_psc: bool = False
    password_door: bool = True

    # The card.
    card_root_files: tuple[Path, ...] = ()
    card_issuing_files: tuple[Path, ...] = ()
    #: Where `idp trust add` keeps the authorities; every .pem of it is read, with the files above.
    card_trust_directory: Path = Path("trust")
    #: Authorities IGC-Santé may have one day, by the SHA-256 of their certificate, once the operator compared it.
    card_trust_fingerprints: tuple[str, ...] = ()
    #: `idp trust check` warns so long before an authority ends.
    card_trust_warning: timedelta = _seconds(90 * 24 * 3600)
    card_accept_test_cards: bool = False
    card_accept_employee_cards: bool = False
    #: host:port, several separated by commas; or unix:/path, behind a proxy that runs as `card_proxy_user`.
    card_listen: str = "127.0.0.1:8443"
    card_proxy_user: str = ""
    #: Open connections to the card host: in all, and from one address (a hospital may be one).
    card_connections: int = 400
    card_connections_per_peer: int = 50
    card_certificate_file: Path = Path("keys/card-host.crt")
    card_key_file: Path = Path("keys/card-host.key")

    # Revocation of cards (facts/cps §7). Addresses are ours, never those written in a certificate.
    card_ocsp_url: str = ""
    #: The lists of the issuing authorities, and those of their roots.
    card_crl_urls: tuple[str, ...] = ()
    card_root_crl_urls: tuple[str, ...] = ()
    #: After its nextUpdate a list still counts for so long (facts/security CP3).
    card_crl_grace: timedelta = _seconds(24 * 3600)
    card_crl_bytes: int = 256 * 1024 * 1024
    #: A good OCSP answer is not asked again for so long; none counts beyond `card_ocsp_max_age`.
    card_ocsp_good_for: timedelta = _seconds(5 * 60)
    card_ocsp_max_age: timedelta = _seconds(24 * 3600)
    #: Emergency: until this instant (2026-12-24T18:00:00Z) a card whose status cannot be known signs its holder in,
    #: audited, at a lower acr. Never a card known to be revoked.
    card_revocation_bypass_until: datetime | None = None
    #: Dotted certificate policies of cards that may sign in; empty: any.
    card_policy_oids: tuple[str, ...] = ()

    # Mail.
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 25
    smtp_starttls: bool = False
    smtp_username: str = ""
    smtp_password: str = field(default="", repr=False)
    mail_sender: str = "Caducée <ne-pas-repondre@localhost>"
    #: A notice about the account that could not be sent for so long is dropped.
    notice_life: timedelta = _seconds(3 * 24 * 3600)

    # Lives (facts/security §0.2).
    code_life: timedelta = _seconds(60)
    access_token_life: timedelta = _seconds(5 * 60)
    id_token_life: timedelta = _seconds(5 * 60)
    refresh_token_idle: timedelta = _seconds(30 * 60)
    session_idle: timedelta = _seconds(30 * 60)
    session_life: timedelta = _seconds(4 * 3600)
    interaction_life: timedelta = _seconds(15 * 60)
    pushed_request_life: timedelta = _seconds(60)
    #: Client assertions (`exp`), request objects (`exp` after `nbf`), DPoP proofs (`iat`) and nonces.
    assertion_life: timedelta = _seconds(5 * 60)
    request_object_life: timedelta = _seconds(60 * 60)
    dpop_proof_life: timedelta = _seconds(60)
    dpop_nonce_life: timedelta = _seconds(5 * 60)
    logout_token_life: timedelta = _seconds(2 * 60)
    upstream_life: timedelta = _seconds(10 * 60)
    card_attempt_life: timedelta = _seconds(10 * 60)
    card_presentation_life: timedelta = _seconds(60)
    #: The audit trail; then deleted.
    audit_life: timedelta = _seconds(365 * 24 * 3600)
    clock_skew: timedelta = _seconds(60)
    #: How far ahead of ours a client's `iat` or `nbf` may be.
    clock_ahead: timedelta = _seconds(10)

    # The signing keys (facts/security JW6).
    key_publish_before: timedelta = _seconds(24 * 3600)
    key_retire_after: timedelta = _seconds(24 * 3600)

    # Keys in hardware (docs/hsm.md). The library must be p11-kit's own; it loads the module of the HSM.
    hsm_library: str = "libp11-kit.so.0"
    #: Counts for keys whose URI names no `pin-source`.
    hsm_pin: str = field(default="", repr=False)
    hsm_timeout: timedelta = _seconds(3)
    #: Sessions in each token, of one process.
    hsm_sessions: int = 4

    # The mail code.
    mail_code_life: timedelta = _seconds(10 * 60)
    mail_code_digits: int = 8
    mail_code_tries: int = 5
    mail_code_failures_per_day: int = 20
    mail_codes_per_minute: int = 1
    mail_codes_per_hour: int = 5
    mail_codes_per_day: int = 10
    mail_codes_per_ip: int = 25
    mail_codes_per_ip_window: timedelta = _seconds(5 * 60)
    #: The code of every mail, for a certification suite: no second factor any more, so only on a loopback issuer.
    mail_code_fixed: str = field(default="", repr=False)

    # The password.
    password_min: int = 15
    #: A new password wants a proof by card or Pro Santé Connect no older than this.
    password_change_within: timedelta = _seconds(600)
    password_max: int = 128
    password_free_tries: int = 5
    password_tries_per_day: int = 25
    password_failures_in_a_row: int = 100
    password_first_wait: timedelta = _seconds(61)
    password_posts_per_ip: int = 20
    password_posts_per_ip_window: timedelta = _seconds(60)
    argon2_time: int = 2
    argon2_memory_kib: int = 19456
    argon2_parallelism: int = 1
    hash_queue: int = 50

    # Bounds on what is read.
    body_bytes: int = 64 * 1024
    parameter_bytes: int = 8 * 1024

    @property
    def longest_token_life(self) -> timedelta:
        """As long as its session lives, an ID Token may come back as `id_token_hint`."""
        return max(self.id_token_life, self.session_life)

    @property
    def has_psc(self) -> bool:
        return bool(self.psc_environment or self.psc_issuer)

    @property
    def shared_networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """Raises ValueError."""
        return tuple(ipaddress.ip_network(text) for text in self.shared_stations)

    @property
    def is_secure(self) -> bool:
        """False only for the http loopback issuer of a demo."""
        return urlsplit(self.issuer).scheme == "https"

    @property
    def is_on_loopback(self) -> bool:
        return urlsplit(self.issuer).hostname in LOOPBACK_HOSTS

    def __post_init__(self) -> None:
        for rule in broken(FAULTS, self):
            raise BadSetting(str(rule))


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("without a time zone")
    return found


def _bool(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    return words[text.lower()]


_READERS: dict[Any, Any] = {
    str: str,
    int: int,
    bool: _bool,
    Path: Path,
    Path | None: Path,
    datetime | None: _instant,
    timedelta: lambda text: timedelta(seconds=int(text)),
    tuple[str, ...]: lambda text: tuple(text.split()),
    tuple[Path, ...]: lambda text: tuple(Path(part) for part in text.split(":") if part),
}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Build Settings from `CADUCEE_*`. Raises BadSetting: unknown name, unreadable value, missing duty."""
    hints = get_type_hints(Settings)
    known = {f"CADUCEE_{field.name.upper()}": field for field in fields(Settings)}
    given = {name: value for name, value in environment.items() if name.startswith("CADUCEE_")}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name.endswith("_FILE") and name not in known and name.removesuffix("_FILE") in known:
            name, value = name.removesuffix("_FILE"), Path(value).read_text().strip()
        if name not in known:
            raise BadSetting(f"{name}: no such setting")
        field = known[name]
        try:
            values[field.name] = _READERS[hints[field.name]](value)
        except (KeyError, ValueError) as error:
            raise BadSetting(f"{name}: not a {hints[field.name]}") from error
    missing = [n for n, f in known.items() if f.default is MISSING and f.name not in values]
    if missing:
        raise BadSetting(f"{', '.join(missing)}: must be set")
    return Settings(**values)


def settings_from_environment() -> Settings:
    return read_settings(os.environ)


def windows_directory() -> str:
    return os.environ.get("WINDIR", "C:/Windows")


def secret_variable(name: str) -> str | None:
    """A secret of clients.yaml given as `{env: NAME}`."""
    return os.environ.get(name)
