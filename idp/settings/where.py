"""Contains the address of the provider, and where its data is. Not here: the card host, keys."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from idp.settings.addresses import (
    ENCODED,
    has_bad_place,
    is_cut_by_password,
    is_https_or_loopback,
    is_on_loopback,
    origin_rules,
    split,
)
from idp.settings.declared import setting
from idp.settings.faults import Rule
from idp.settings.redis_url import REDIS_RULES

#: Languages of the product: pages in them are complete, and what an operator writes is in them.
LOCALES = ("fr", "en")
_DATABASES = ("sqlite", "postgres", "postgresql", "postgresql+psycopg")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhereSettings:
    """Where it is, and where it keeps what it knows."""

    PREFIX: ClassVar[str] = ""

    issuer: str = setting(
        "The origin of the provider, as relying parties and browsers write it.", source="facts/security JW1"
    )
    database: str = setting(
        "SQL database: `sqlite:////var/lib/caducee/db.sqlite`, `postgresql://user:password@host/name`.",
        "sqlite:///var/caducee.sqlite",
        is_secret=True,
    )
    redis: str = setting(
        "Ephemeral store: `redis://`, `rediss://`, `unix://`, `redis+sentinel://host:port,host:port/service`, "
        "`redis+cluster://host:port,host:port` (with TLS `rediss+…`); empty: the SQL database.",
        "",
        is_secret=True,
    )
    clients_file: Path = setting("The relying parties.", Path("clients.yaml"))
    clients_directory: Path | None = setting(
        "More of them, in files of the same form: every `*.yaml` there, as one file for each application.",
        None,
    )
    default_locale: str = setting(
        "Language of the pages for a browser that asks for none of theirs: `fr`, `en`, or one of "
        "`LANGUAGES_DIRECTORY`.",
        "fr",
        limits="fr, en, or the tag of a file there",
    )
    languages_directory: Path | None = setting(
        "Folder of languages that are added to French and English: a `messages.<tag>.toml` for each (languages.md).",
        None,
    )
    help_desk: str = setting(
        "How a person reaches the help desk, as pages and mails say it: a telephone number, an address. Empty: they "
        "name the help desk of the application.",
        "",
    )
    tls_certificate_file: Path | None = setting(
        "`idp serve` speaks TLS itself: PEM, the whole chain. For tests and small installations; else a buffering "
        "proxy does (operate.md).",
        None,
    )
    tls_key_file: Path | None = setting("Key of that certificate: PEM, without password.", None)

    @property
    def is_secure(self) -> bool:
        """Returns False only for the http loopback issuer of a demo."""
        url = split(self.issuer)
        return url is not None and url.scheme == "https"

    @property
    def is_on_loopback(self) -> bool:
        return is_on_loopback(self.issuer)


def _scheme(url: str) -> str:
    return url.partition(":")[0]


def _is_file(url: str) -> bool:
    return _scheme(url) == "sqlite"


RULES: tuple[Rule[WhereSettings], ...] = (
    Rule(
        names="HELP_DESK",
        expected="one line of at most 120 signs",
        is_broken=lambda s: bool(s.help_desk) and not (s.help_desk.isprintable() and len(s.help_desk) <= 120),
        it_is="longer, or with a line break",
    ),
    Rule(
        names="DEFAULT_LOCALE",
        expected="one of fr, en, or a language of CADUCEE_LANGUAGES_DIRECTORY",
        is_broken=lambda s: s.default_locale not in LOCALES and s.languages_directory is None,
        it_is="something else",
        beside="LANGUAGES_DIRECTORY",
    ),
    Rule(
        names="ISSUER",
        expected="an absolute URL without query, fragment or final slash",
        is_broken=lambda s: not ((url := split(s.issuer)) and url.scheme and url.hostname),
        it_is="none",
    ),
    Rule(
        names="ISSUER",
        expected="https, or http on a loopback host for a demo",
        is_broken=lambda s: not is_https_or_loopback(s.issuer),
        it_is="of another scheme, or http elsewhere",
        leaves="host",
    ),
    *origin_rules(
        "ISSUER",
        "an origin alone, without a path, in small letters, without the port that its scheme has anyway",
        lambda s: str(s.issuer),
    ),
    Rule(
        names="DATABASE",
        expected="sqlite:///… or postgresql://…",
        is_broken=lambda s: _scheme(s.database) not in _DATABASES or "://" not in s.database,
        it_is="empty, or of another scheme",
    ),
    Rule(
        names="DATABASE",
        expected=ENCODED,
        is_broken=lambda s: not _is_file(s.database) and is_cut_by_password(s.database),
        it_is="one with such a sign as it is",
    ),
    Rule(
        names="DATABASE",
        expected="postgresql://user:password@host:port/name",
        is_broken=lambda s: not _is_file(s.database) and has_bad_place(s.database),
        it_is="one with a host or a port that none can be",
    ),
    Rule(
        names="DATABASE",
        expected="sqlite:///relative or sqlite:////absolute, three slashes or four",
        is_broken=lambda s: _is_file(s.database) and re.match("sqlite://[^/]", s.database) is not None,
        it_is="one with two slashes, whose first name is no part of the path",
    ),
    *REDIS_RULES,
    Rule(
        names="TLS_CERTIFICATE_FILE",
        expected="together with CADUCEE_TLS_KEY_FILE, both or neither",
        is_broken=lambda s: (s.tls_certificate_file is None) != (s.tls_key_file is None),
        it_is="one of the two",
        beside="TLS_KEY_FILE",
    ),
    Rule(
        names="TLS_CERTIFICATE_FILE",
        expected="with an https issuer only",
        is_broken=lambda s: s.tls_certificate_file is not None and not s.is_secure,
        it_is="set beside an http issuer",
        beside="ISSUER:scheme",
    ),
)
