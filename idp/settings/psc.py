"""Contains Pro Santé Connect: addresses, our registration there, accepted levels, limits. Not here: its rules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from idp.settings.addresses import LOOPBACK_HOSTS, is_web
from idp.settings.declared import duration, number, seconds, setting
from idp.settings.psc_presets import DISCOVERY_PATH, ENDPOINTS, PRESETS, Preset

#: facts/psc §3.1. `private_key_jwt` is advertised, and reportedly does not work.
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
CLIENT_AUTHENTICATION = (*SECRET_METHODS, "tls_client_auth")
#: Civil and military (TRE_R09).
PHYSICIAN_CATEGORIES = ("C", "M")
#: facts/psc §2: seen as `OKTA_<alias>`, and as a number of DataPass.
IS_IDP_HINT = re.compile(r"[A-Za-z0-9._-]{1,80}")
_OWN = "Wins over the preset and over what is published."


@dataclass(frozen=True, slots=True, kw_only=True)
class PscSettings:
    """Pro Santé Connect."""

    PREFIX: ClassVar[str] = "PSC_"

    environment: str = setting(
        "The preset of its addresses; each of the next ones wins over it.", "", choices=("", *PRESETS)
    )
    own_issuer: str = setting("Its issuer, when it is not the one of the preset.", "", name="PSC_ISSUER")
    discovery_url: str = setting(
        "Empty: the issuer followed by its own well-known path.", "", source="facts/psc §1"
    )
    authorization_endpoint: str = setting(_OWN, "")
    token_endpoint: str = setting(_OWN, "")
    userinfo_endpoint: str = setting(_OWN, "")
    jwks_uri: str = setting(_OWN, "")
    end_session_endpoint: str = setting(_OWN, "")
    client_id: str = setting("As it registered us.", "")
    client_secret: str = setting("Empty with `tls_client_auth`.", "", is_secret=True)
    client_secret_file: str = setting(
        "A file with it instead, read again when it changes: a new secret needs no restart.",
        "",
        is_secret=True,
    )
    client_authentication: str = setting(
        "How we prove who we are.",
        "client_secret_basic",
        choices=CLIENT_AUTHENTICATION,
        source="facts/psc §3.1",
    )
    client_certificate_file: str = setting(
        "The organisation's certificate (IGC-Santé), PEM: presented on every call when given.", ""
    )
    client_key_file: str = setting("Its key, PEM.", "")
    ca_file: str = setting("Authorities of its TLS certificates, PEM; empty: those of every browser.", "")
    connect_timeout: timedelta = duration("To connect.", seconds(5), source="facts/security PS8")
    timeout: timedelta = duration(
        "For all its answers to one sign-in together, and for any other.",
        seconds(10),
        source="facts/security PS8",
    )
    at_once: int = number(
        "Sign-ins of one process that may wait for its answers; more are told at once that it does not answer.",
        8,
        limits="1 or more, below the threads of a process",
    )
    answer_again: timedelta = duration(
        "Its answer, which the same browser brings once more as ours was lost, leads on for so long after the first. "
        "0: never.",
        seconds(60),
        least=0,
        source="docs/adr/0071",
    )
    keys_pause: timedelta = duration(
        "Between two fetches of its keys. For a `kid` that is not known and was not looked for since, one more.",
        seconds(30),
        least=0,
        source="facts/security PS8",
    )
    circuit_failures: int = number(
        "Failures in a row of one endpoint; then no sign-in waits for it.", 5, source="facts/security §4.6"
    )
    circuit_pause: timedelta = duration("For so long.", seconds(30), least=0, source="facts/security §4.6")
    watch_every: timedelta = duration(
        "Its health is looked at beside a sign-in page when the last look is older.", seconds(30), least=0
    )
    watch_wallet: bool = setting(
        "Also at its sign-in and sign-out pages; false when this machine, unlike browsers, cannot reach them.",
        True,
    )
    check_client_at_start: bool = setting(
        "Each worker asks its token endpoint at the start whether it knows us, by a code that is none: a refused "
        "request in its log.",
        True,
    )
    scope: str = setting("What we ask for, separated by spaces.", "openid scope_all")
    acr_values: str = setting(
        "The levels we ask for, separated by spaces; empty: none is asked for.",
        "eidas1",
        source="facts/psc §5.3",
    )
    fresh_max_age: bool = setting(
        "`max_age=0` beside `prompt=login`, so that the answer must say when it identified the person (OpenID Connect "
        "Core §3.1.2.1); false if it refuses that.",
        True,
        source="facts/security PS10",
    )
    idp_hints: tuple[str, ...] = setting(
        "By network, as `Name=hint` with a name of `NAMED_NETWORKS`: browsers there are sent straight to this "
        "identity provider of Pro Santé Connect, an establishment's own (`kc_idp_hint`). A client's `psc_idp_hint` "
        "goes before it.",
        (),
        source="facts/psc §2",
    )
    push_requests: bool = setting(
        "Requests are pushed to it (RFC 9126) although what it publishes does not demand it: a Keycloak demands it of "
        "single clients.",
        False,
    )
    accepted_acr: tuple[str, ...] = setting(
        "The levels that are accepted.", ("eidas1",), source="facts/psc §5.3"
    )
    accept_missing_acr: bool = setting(
        "An answer that names no level is accepted.", False, source="facts/psc §5.3"
    )
    physician_categories: tuple[str, ...] = setting(
        "Categories in which profession 10 is a physician: civil, military; not E (student).", ("C", "M")
    )
    claim_rpps: str = setting(
        "Name of its claim with the national identifier: 8 and the RPPS, or the RPPS alone.",
        "SubjectNameID",
        source="facts/psc §4.4",
    )
    claim_linked_ids: str = setting(
        "Name of its claim with other identifiers (a list of `identifiant`, `origine`), where an RPPS may be; "
        "`otherIDs` is read as `otherIds`.",
        "otherIds",
        source="facts/psc §4.1",
    )
    claim_family_name: str = setting(
        "Name of its claim with the surname; a name of practice among the activities has priority.",
        "family_name",
        source="facts/psc §4.1",
    )
    claim_given_name: str = setting(
        "Name of its claim with the given name; likewise.", "given_name", source="facts/psc §4.1"
    )
    claim_activities: str = setting(
        "Name of its claim with profession, specialities and activities: an object with `exercices`, or that list.",
        "SubjectRefPro",
        source="facts/psc §4.2",
    )
    picture_folder: str = setting(
        "Folder with the official button: bouton.svg or .png, and bouton-survol for the pointer; empty: a text button.",
        "",
        source="facts/psc §10",
    )
    backchannel_logout: bool = setting(
        "POST /psc/backchannel_logout takes its logout tokens: a sign-out there ends the session here.", False
    )
    may_enrol: bool = setting(
        "A person without an account may enrol from it; the customer's guide demands the card.",
        False,
        name="ENROLMENT_FROM_PSC",
    )

    @property
    def hint_by_name(self) -> Mapping[str, str]:
        """Returns the `kc_idp_hint` of each named network, by its name as `StationSettings.names` has it."""
        named = (text.partition("=") for text in self.idp_hints)
        return {name.replace("_", " "): hint for name, _, hint in named}

    @property
    def is_configured(self) -> bool:
        return bool(self.environment or self.own_issuer)

    @property
    def preset(self) -> Preset | None:
        return PRESETS.get(self.environment)

    @property
    def issuer(self) -> str:
        return self.own_issuer or (self.preset.issuer if self.preset else "")

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Returns the operator's own, by member of the published document; they have priority over it."""
        own = {name: str(getattr(self, name)) for name in ENDPOINTS}
        return {name: url for name, url in own.items() if url}

    @property
    def expected(self) -> Mapping[str, str]:
        """Returns those of the preset, used while nothing is published; none if the issuer is another one."""
        return self.preset.endpoints if self.preset and self.issuer == self.preset.issuer else {}

    @property
    def uses_secret(self) -> bool:
        return self.client_authentication in SECRET_METHODS

    @property
    def certificate(self) -> tuple[str, str] | None:
        if not self.client_certificate_file:
            return None
        return self.client_certificate_file, self.client_key_file

    @property
    def discovery_address(self) -> str:
        return self.discovery_url or self.well_known(DISCOVERY_PATH)

    def well_known(self, path: str) -> str:
        """Returns the address of a document of the issuer. Discovery 1.0 §4: without the final slash of the issuer."""
        return self.issuer.removesuffix("/") + path

    def allows(self, url: str) -> bool:
        """Whether we may call or redirect to `url`: https, or http on loopback as the issuer itself."""
        return is_https(url) or (is_http_loopback(self.issuer) and is_http_loopback(url))


def is_https(url: str) -> bool:
    return _scheme_and_host(url)[0] == "https"


def is_http_loopback(url: str) -> bool:
    scheme, host = _scheme_and_host(url)
    return scheme == "http" and host in LOOPBACK_HOSTS


def _scheme_and_host(url: str) -> tuple[str, str]:
    """Returns both empty unless `url` is absolute, visible ASCII, without user name, password or fragment."""
    if not is_web(url):
        return "", ""
    parts = urlsplit(url)
    return ("", "") if "@" in parts.netloc or parts.fragment else (parts.scheme, parts.hostname or "")
