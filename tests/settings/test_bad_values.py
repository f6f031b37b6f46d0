"""Values that cannot serve: one clear line for each, all at once, at the start of every command; none is quoted."""

import os
import re
from pathlib import Path

import pytest

from idp.settings import BadSetting, read_settings
from idp.settings.groups import catalogue
from tests.commands import idp

GOOD = {
    "ISSUER": "https://id.example",
    "CARD_HOST": "https://carte.id.example",
    "APPLICATION_KEY": "k" * 43,
    "PASSWORD_PEPPER": "p" * 43,
}
PSC = {"PSC_ISSUER": "https://psc.example", "PSC_CLIENT_ID": "caducee", "PSC_CLIENT_SECRET": "s" * 20}

#: What is set, the variable that is told, words of the line.
BAD: list[tuple[dict[str, str], str, str]] = [
    # Lives and numbers.
    ({"CODE_LIFE": "-1"}, "CODE_LIFE", "1 to 315360000 seconds (ten years); it is negative"),
    ({"CODE_LIFE": "0"}, "CODE_LIFE", "it is zero"),
    ({"SESSION_IDLE": "-1800"}, "SESSION_IDLE", "it is negative"),
    ({"ACCESS_TOKEN_LIFE": "999999999999"}, "ACCESS_TOKEN_LIFE", "it is more"),
    ({"ACCESS_TOKEN_LIFE": "9" * 400}, "ACCESS_TOKEN_LIFE", "not a whole number of seconds"),
    ({"INTERACTION_LIFE": ""}, "INTERACTION_LIFE", "not a whole number of seconds; expected digits"),
    ({"INTERACTION_LIFE": "15 min"}, "INTERACTION_LIFE", "not a whole number of seconds"),
    ({"ID_TOKEN_LIFE": "1e3"}, "ID_TOKEN_LIFE", "not a whole number of seconds"),
    ({"ID_TOKEN_LIFE": "NaN"}, "ID_TOKEN_LIFE", "not a whole number of seconds"),
    ({"ID_TOKEN_LIFE": "1_000"}, "ID_TOKEN_LIFE", "not a whole number of seconds"),
    ({"UPSTREAM_LIFE": "١٢"}, "UPSTREAM_LIFE", "not a whole number of seconds"),
    ({"CLOCK_SKEW": "-60"}, "CLOCK_SKEW", "it is negative"),
    ({"PUSHED_REQUEST_LIFE": "600"}, "PUSHED_REQUEST_LIFE", "below 600"),
    ({"LOGOUT_TOKEN_LIFE": "121"}, "LOGOUT_TOKEN_LIFE", "1 to 120"),
    ({"CARD_OCSP_GOOD_FOR": "901"}, "CARD_OCSP_GOOD_FOR", "15 minutes (900) or less"),
    ({"MAIL_CODE_DIGITS": "8.5"}, "MAIL_CODE_DIGITS", "not a whole number"),
    ({"MAIL_CODE_DIGITS": "4"}, "MAIL_CODE_DIGITS", "6 to 12; it is less"),
    ({"MAIL_CODES_PER_MINUTE": "0"}, "MAIL_CODES_PER_MINUTE", "it is zero"),
    ({"TRUSTED_PROXY_HOPS": "-1"}, "TRUSTED_PROXY_HOPS", "0 to 16; it is negative"),
    ({"OPERATIONS_HOST": "monitor.example"}, "OPERATIONS_HOST", "an IP address; it is something else"),
    ({"OPERATIONS_PORT": "65536"}, "OPERATIONS_PORT", "0 to 65535; it is more"),
    ({"OPERATIONS_DISK_FREE": "100"}, "OPERATIONS_DISK_FREE", "0 to 99; it is more"),
    ({"OPERATIONS_TRACES": "collector:4318"}, "OPERATIONS_TRACES", "an http or https URL"),
    ({"AUDIT_LINES": "ssl:log.example:6514"}, "AUDIT_LINES", "tls:host:port or unix:/path, or empty"),
    ({"AUDIT_LINES_KEY_FILE": "line.key"}, "AUDIT_LINES_CERTIFICATE_FILE", "both or neither; it is one of them"),
    ({"AUDIT_DELETED_BY": "week"}, "AUDIT_DELETED_BY", "day"),
    ({"HSM_SESSIONS": "65"}, "HSM_SESSIONS", "1 to 64; it is more"),
    ({"SMTP_PORT": "0"}, "SMTP_PORT", "1 to 65535; it is zero"),
    ({"SMTP_PORT": "65536"}, "SMTP_PORT", "1 to 65535; it is more"),
    ({"SMTP_PORT": "smtp"}, "SMTP_PORT", "not a whole number; expected digits"),
    ({"PASSWORD_DOOR": "maybe"}, "PASSWORD_DOOR", "not a yes or no; expected true or false"),
    ({"PSC_WATCH_WALLET": ""}, "PSC_WATCH_WALLET", "not a yes or no"),
    # Whose service it is.
    ({"ACCESSIBILITY_AUDIT_RATE": "101"}, "ACCESSIBILITY_AUDIT_RATE", "0 to 100; it is more"),
    ({"OPERATOR_COLOUR_DARK": "navy"}, "OPERATOR_COLOUR_DARK", "a colour such as #0b5563"),
    ({"OPERATOR_NAME": "n" * 121}, "OPERATOR_NAME", "one line of at most 120 signs; it is longer, blank"),
    ({"OPERATOR_NAME": " "}, "OPERATOR_NAME", "it is longer, blank, or with a line break"),
    ({"OPERATOR_NAME": "two\nlines"}, "OPERATOR_NAME", "it is longer, blank, or with a line break"),
    ({"OPERATOR_COLOUR": "teal"}, "OPERATOR_COLOUR", "a colour such as #0b5563"),
    ({"OPERATOR_COLOUR": "#0b556"}, "OPERATOR_COLOUR", "six hexadecimal digits; it is something else"),
    (
        {"OPERATOR_COLOUR": "#ffcc00"},
        "OPERATOR_COLOUR",
        "light pages, 4.5:1 for text and 3:1 for controls; it is one with 1.35:1; the nearest that passes is #866b00",
    ),
    (
        {"OPERATOR_COLOUR": "#003189", "OPERATOR_COLOUR_DARK": "#003189"},
        "OPERATOR_COLOUR_DARK",
        "dark pages, 4.5:1 for text and 3:1 for controls; it is one with 1.34:1; the nearest that passes is #5491ff",
    ),
    ({"OPERATOR_COLOUR_DARK": "#83d3de"}, "OPERATOR_COLOUR_DARK", "with CADUCEE_OPERATOR_COLOUR only"),
    ({"HELP_DESK_TELEPHONE": "ask at the desk"}, "HELP_DESK_TELEPHONE", "a number such as 03 20 00 00 00"),
    ({"HELP_DESK_TELEPHONE": "03 20\n00 00 00"}, "HELP_DESK_TELEPHONE", "it is something else"),
    ({"HELP_DESK_HOURS": "h" * 121}, "HELP_DESK_HOURS", "one line of at most 120 signs"),
    ({"HELP_DESK_HOURS_EN": "\t"}, "HELP_DESK_HOURS_EN", "one line of at most 120 signs"),
    ({"HELP_DESK_ADDRESS": "1 place\r\n59000 Lille"}, "HELP_DESK_ADDRESS", "or with a line break"),
    ({"ACCESSIBILITY_AUDIT_BY": "Auditeur"}, "ACCESSIBILITY_AUDIT_BY", "both or neither; it is one of the two"),
    (
        {"ACCESSIBILITY_AUDIT_BY": "Auditeur", "ACCESSIBILITY_AUDIT_ON": "24/12/2026"},
        "ACCESSIBILITY_AUDIT_ON",
        "a day such as 2026-12-24; it is something else",
    ),
    ({"ACCESSIBILITY_AUDIT_RATE": "80"}, "ACCESSIBILITY_AUDIT_RATE", "it is set where nobody audited"),
    # Issuers that are not in their one form.
    ({"ISSUER": "https://Id.Example"}, "ISSUER", "it is one with capitals"),
    ({"ISSUER": "HTTPS://id.example"}, "ISSUER", "it is one with capitals"),
    ({"ISSUER": "https://id.example:443"}, "ISSUER", "it is one with the port that its scheme has anyway"),
    ({"ISSUER": "http://localhost:80"}, "ISSUER", "it is one with the port that its scheme has anyway"),
    ({"ISSUER": "https://identité.example"}, "ISSUER", "it is one with letters beyond ASCII"),
    ({"ISSUER": "https://id.example/"}, "ISSUER", "it is one with a final slash"),
    ({"ISSUER": "https://id.example/a/../b"}, "ISSUER", "it is one with a path"),
    ({"ISSUER": "https://operator:hunter2@id.example"}, "ISSUER", "it is one with a user name or password"),
    ({"ISSUER": "https://id.example?tenant=1"}, "ISSUER", "it is one with a query"),
    ({"ISSUER": "https://id.example#top"}, "ISSUER", "it is one with a fragment"),
    ({"ISSUER": "https://id.example:08443"}, "ISSUER", "it is one with a port that is not written plainly"),
    ({"ISSUER": "https://id.example:70000"}, "ISSUER", "an absolute URL"),
    ({"ISSUER": "https://id .example"}, "ISSUER", "an absolute URL"),
    ({"ISSUER": "https://[0:0:0:0:0:0:0:1]"}, "ISSUER", "not in its shortest form"),
    ({"ISSUER": "https://id..example"}, "ISSUER", "it is one whose host no name or address has"),
    ({"ISSUER": ""}, "ISSUER", "an absolute URL"),
    ({"ISSUER": "http://id.example"}, "ISSUER", "https, or http on a loopback host"),
    ({"ISSUER": "https://[::1"}, "ISSUER", "an absolute URL"),
    ({"ISSUER": "https://*.id.example"}, "ISSUER", "it is one whose host no name or address has"),
    ({"CARD_HOST": "https://carte.id.example/"}, "CARD_HOST", "an https origin; it is one with a final slash"),
    ({"CARD_HOST": "https://Carte.id.example"}, "CARD_HOST", "it is one with capitals"),
    ({"CARD_HOST": "https://a.*.example"}, "CARD_HOST", "it is one with * elsewhere"),
    # Addresses that may hold a password.
    ({"DATABASE": "postgresql://caducee:pass#word@db/caducee"}, "DATABASE", "percent-encoded"),
    ({"DATABASE": "postgresql://caducee:pass/word@db/caducee"}, "DATABASE", "percent-encoded"),
    ({"DATABASE": "postgresql://caducee:pass@word@db/caducee"}, "DATABASE", "percent-encoded"),
    ({"DATABASE": "postgresql://caducee:hunter2@db:port/caducee"}, "DATABASE", "a host or a port that none can be"),
    ({"DATABASE": "mysql://caducee:hunter2@db/caducee"}, "DATABASE", "sqlite:///… or postgresql://…"),
    ({"DATABASE": ""}, "DATABASE", "it is empty"),
    ({"REDIS": "redis://:pass#word@cache:6379/0"}, "REDIS", "percent-encoded"),
    ({"REDIS": "redis://:pass/word@cache:6379/0"}, "REDIS", "percent-encoded"),
    ({"REDIS": "redis://:pass@word@cache:6379/0"}, "REDIS", "percent-encoded"),
    ({"REDIS": "http://:hunter2@cache:6379/0"}, "REDIS", "it is of another scheme"),
    ({"REDIS": "redis://:hunter2@cache:99999/0"}, "REDIS", "a host or a port that none can be"),
    ({"REDIS": "redis+sentinel://:hunter2@one:26379,two:26379"}, "REDIS", "it is one that names no service"),
    ({"REDIS": "redis://:hunter2@cache/٣"}, "REDIS", "in decimal digits"),
    ({"REDIS": "rediss://:hunter2@cache:6379/cache"}, "REDIS", "in decimal digits"),
    ({"REDIS": "unix:///run/redis.sock?db=1_0"}, "REDIS", "in decimal digits"),
    ({"REDIS": "redis+sentinel://one/caducee?db=+1"}, "REDIS", "in decimal digits"),
    ({"DATABASE": "sqlite://var/db.sqlite"}, "DATABASE", "three slashes or four"),
    ({"DATABASE": "postgresql://u:12?34@db/caducee"}, "DATABASE", "percent-encoded"),
    ({"DATABASE": "postgresql://u:12?a=4@db/caducee"}, "DATABASE", "percent-encoded"),
    ({"DATABASE": "postgresql://u:12%zz@db/caducee"}, "DATABASE", "percent-encoded"),
    ({"REDIS": "redis://cache:6379/0"}, "REDIS", "it is without one"),
    ({"REDIS": "redis://caducee@cache:6379/0"}, "REDIS", "it is without one"),
    ({"REDIS": "redis+sentinel://localhost:1,two:2/caducee?sentinel_password=x"}, "REDIS", "it is without one"),
    ({"REDIS": "rediss+cluster://one,two"}, "REDIS", "it is without one"),
    ({"REDIS": "redis+cluster://:hunter2@one,two/1"}, "REDIS", "the only one of a Cluster"),
    ({"REDIS": "rediss://:hunter2@cache?ssl_cert_reqs=none"}, "REDIS", "certificate is verified"),
    ({"REDIS": "rediss://:hunter2@cache?ssl_check_hostname=false"}, "REDIS", "certificate is verified"),
    ({"REDIS": "redis://:12?34@cache/0"}, "REDIS", "percent-encoded"),
    ({"REDIS": "redis://:100%@cache/0"}, "REDIS", "percent-encoded"),
    ({"CARD_OCSP_URL": "http://a:hunter2@ocsp.example"}, "CARD_OCSP_URL", "without user name"),
    ({"CARD_CRL_URLS": "http://a:hunter2@crl.example/a"}, "CARD_CRL_URLS", "without user name"),
    ({"CARD_ROOT_CRL_URLS": "http://a@crl.example/a"}, "CARD_ROOT_CRL_URLS", "without user name"),
    ({"ISSUER": "https://id.example."}, "ISSUER", "it is one whose host no name or address has"),
    ({"CARD_REVOCATION_BYPASS_UNTIL": "soon"}, "CARD_REVOCATION_BYPASS_UNTIL", "not an instant"),
    ({**PSC, "PSC_ACCEPTED_ACR": ""}, "PSC_ACCEPTED_ACR", "one level at least"),
    # Mail.
    ({"MAIL_SENDER": "caducee"}, "MAIL_SENDER", "one address"),
    ({"MAIL_SENDER": ""}, "MAIL_SENDER", "it is empty"),
    ({"MAIL_SENDER": "a@one.example, b@two.example"}, "MAIL_SENDER", "one address"),
    ({"MAIL_SENDER": "Caducée <é@one.example>"}, "MAIL_SENDER", "no address that every relay takes"),
    ({"MAIL_SENDER": "a@one.example\nBcc: b@two.example"}, "MAIL_SENDER", "one address"),
    ({"SMTP_HOST": "smtp://relay.example"}, "SMTP_HOST", "a host name or an address"),
    ({"SMTP_HOST": "relay.example:587"}, "SMTP_HOST", "a host name or an address"),
    # Lists, instants, words.
    ({"OUTBOUND_NETWORKS": "10.0.0.1/8"}, "OUTBOUND_NETWORKS", "networks like 10.20.0.0/16"),
    ({"PSC_IDP_HINTS": "CHU"}, "PSC_IDP_HINTS", "it is a list with something else"),
    ({"PSC_IDP_HINTS": "=OKTA_chu"}, "PSC_IDP_HINTS", "it is a list with something else"),
    ({"PSC_IDP_HINTS": "CHU=OKTA=chu"}, "PSC_IDP_HINTS", "letters, digits, dots, dashes, underscores"),
    ({"NAMED_NETWORKS": "CHU=192.0.2.0/24", "PSC_IDP_HINTS": "CHU=a CHU=b"}, "PSC_IDP_HINTS", "a name twice"),
    ({"NAMED_NETWORKS": "CHU=192.0.2.0/24", "PSC_IDP_HINTS": "CHR=a"}, "PSC_IDP_HINTS", "names of NAMED_NETWORKS"),
    ({"SHARED_STATIONS": "hospital"}, "SHARED_STATIONS", "networks such as"),
    ({"DEFAULT_LOCALE": "de"}, "DEFAULT_LOCALE", "one of fr, en"),
    ({"CARD_REVOCATION_BYPASS_UNTIL": "2026-12-24T18:00:00"}, "CARD_REVOCATION_BYPASS_UNTIL", "time zone"),
    ({"CARD_REVOCATION_BYPASS_UNTIL": "tomorrow"}, "CARD_REVOCATION_BYPASS_UNTIL", "time zone"),
    ({"CARD_OCSP_URL": "ldap://ocsp.example"}, "CARD_OCSP_URL", "http or https URLs"),
    ({"CARD_CRL_URLS": "http://crl.example/a http:"}, "CARD_CRL_URLS", "http or https URLs"),
    ({"CARD_TRUST_FINGERPRINTS": "00:11"}, "CARD_TRUST_FINGERPRINTS", "64 hexadecimal digits"),
    ({"CARD_POLICY_OIDS": "any"}, "CARD_POLICY_OIDS", "dotted object identifiers"),
    ({"CARD_LISTEN": "127.0.0.1:99999"}, "CARD_LISTEN", "host:port"),
    ({"CARD_LISTEN": "8443"}, "CARD_LISTEN", "host:port"),
    ({"CARD_LISTEN": "127.0.0.1:1,[::1]:2"}, "CARD_LISTEN", "one port for all hosts"),
    ({"KEYS_DIRECTORY": ""}, "KEYS_DIRECTORY", "not a path"),
    ({"APPLICATION_KEY": "hunter2hunter2"}, "APPLICATION_KEY", "32 random bytes"),
    ({"PASSWORD_PEPPER": ""}, "PASSWORD_PEPPER", "32 random bytes"),
    ({"PSC_ENVIRONMENT": "test"}, "PSC_ENVIRONMENT", "one of production, sandbox"),
    ({**PSC, "PSC_ISSUER": "http://psc.example"}, "PSC_ISSUER", "https, or http on loopback"),
    ({**PSC, "PSC_JWKS_URI": "https://a:hunter2@psc.example/k"}, "PSC_JWKS_URI", "https, or http on loopback"),
    ({**PSC, "PSC_CLIENT_AUTHENTICATION": "private_key_jwt"}, "PSC_CLIENT_AUTHENTICATION", "one of client_secret"),
    ({**PSC, "PSC_SCOPE": "scope_all"}, "PSC_SCOPE", "without openid"),
    ({**PSC, "PSC_ACCEPTED_ACR": "eidas1 0"}, "PSC_ACCEPTED_ACR", "0 and 1 state none"),
    # Names.
    ({"SESION_LIFE": "60"}, "SESION_LIFE", "no such setting; did you mean CADUCEE_SESSION_LIFE?"),
    ({"NOTHING_LIKE_IT_AT_ALL": "1"}, "NOTHING_LIKE_IT_AT_ALL", "no such setting"),
    ({"psc_client_id": "x"}, "psc_client_id", "no such setting"),
    # Pairs that contradict.
    ({"TLS_CERTIFICATE_FILE": "/tls/server.crt"}, "TLS_CERTIFICATE_FILE", "both or neither"),
    ({"MTLS_ORIGIN": "https://mtls.id.example"}, "MTLS_ORIGIN", "and CADUCEE_PROXY_SECRET with it"),
    ({"SMTP_USERNAME": "caducee"}, "SMTP_USERNAME", "both or neither"),
    (
        {"SMTP_USERNAME": "caducee", "SMTP_PASSWORD": "hunter2"},
        "SMTP_USERNAME",
        "with CADUCEE_SMTP_TLS=starttls or implicit only: a password",
    ),
    ({"SMTP_TLS": "yes"}, "SMTP_TLS", "one of none, starttls, implicit"),
    ({"SMTP_CA_FILE": "/ca.pem"}, "SMTP_CA_FILE", "with CADUCEE_SMTP_TLS=starttls or implicit only"),
    ({"SMTP_PORT": "465"}, "SMTP_TLS", "implicit with CADUCEE_SMTP_PORT=465"),
    ({"SMTP_PORT": "465", "SMTP_TLS": "starttls"}, "SMTP_TLS", "implicit with CADUCEE_SMTP_PORT=465"),
    ({"SMTP_TLS": "implicit"}, "SMTP_TLS", "implicit is for 465"),
    ({"SMTP_TLS": "implicit", "SMTP_PORT": "587"}, "SMTP_TLS", "implicit is for 465"),
    ({"PASSWORD_MIN": "200"}, "PASSWORD_MIN", "PASSWORD_MAX or less"),
    ({"PARAMETER_BYTES": "70000"}, "PARAMETER_BYTES", "BODY_BYTES or less"),
    ({"ARGON2_PARALLELISM": "8", "ARGON2_MEMORY_KIB": "32"}, "ARGON2_MEMORY_KIB", "8 times ARGON2_PARALLELISM"),
    ({"KEY_PUBLISH_BEFORE": "0"}, "KEY_PUBLISH_BEFORE", "24 h or more"),
    ({"KEY_RETIRE_AFTER": "60"}, "KEY_RETIRE_AFTER", "as long as a session"),
    ({"SESSION_LIFE": "90000", "KEY_RETIRE_AFTER": "99999"}, "SESSION_LIFE", "at most 24 h"),
    ({"MAIL_CODE_FIXED": "12345678"}, "MAIL_CODE_FIXED", "only with an issuer on a loopback host"),
    ({"CARD_LISTEN": "unix:/run/card.sock"}, "CARD_PROXY_USER", "who runs the proxy"),
    ({"CARD_HOST": "https://id.example"}, "CARD_HOST", "another origin than the issuer's"),
    ({"PSC_ISSUER": "https://psc.example", "PSC_CLIENT_SECRET": "s"}, "PSC_CLIENT_ID", "set, with Pro Santé"),
    ({**PSC, "PSC_CLIENT_SECRET": ""}, "PSC_CLIENT_SECRET", "set, or PSC_CLIENT_AUTHENTICATION"),
    *(
        ({**PSC, f"PSC_CLAIM_{name}": text}, f"PSC_CLAIM_{name}", "the name of a claim; it is no such name")
        for name in ("RPPS", "LINKED_IDS", "FAMILY_NAME", "GIVEN_NAME", "ACTIVITIES")
        for text in ("", "two words", "a\x1b")
    ),
    ({**PSC, "PSC_CLIENT_KEY_FILE": "/k.pem"}, "PSC_CLIENT_CERTIFICATE_FILE", "both or neither"),
]  # fmt: skip
#: Told when a variable that their rule looks at is not itself refused.
FOLLOWING = {"SMTP_CA_FILE", "KEY_RETIRE_AFTER"}
SECRETS = ("hunter2", "pass#word", "pass/word", "pass@word", "#word", "k" * 43, "p" * 43)


def lines_of(changes: dict[str, str]) -> list[str]:
    with pytest.raises(BadSetting) as caught:
        read_settings({f"CADUCEE_{name}": value for name, value in {**GOOD, **changes}.items()})
    return str(caught.value).splitlines()


def test_there_are_sixty_and_more() -> None:
    assert len(BAD) >= 60


@pytest.mark.parametrize(
    ("changes", "name", "words"), BAD, ids=[f"{name}: {words}" for _, name, words in BAD]
)
def test_a_bad_value_has_one_clear_line(changes: dict[str, str], name: str, words: str) -> None:
    (line,) = lines_of(changes)
    assert re.match(rf"CADUCEE_{name}(, CADUCEE_\w+)*: ", line)
    assert words in line
    assert line.isprintable()
    assert not any(secret in line for secret in SECRETS)
    assert "<class" not in line
    assert "datetime" not in line


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, place in catalogue().items()
        if place.kind not in (str, tuple[str, ...], tuple[Path, ...])
    ],
)
def test_what_cannot_be_read_has_one_line_whatever_rules_look_at_it(name: str) -> None:
    (line,) = lines_of({name: ""})
    assert line.startswith(f"CADUCEE_{name}: not a")


@pytest.mark.parametrize("name", ["ISSUER", "CARD_HOST", "APPLICATION_KEY", "PASSWORD_PEPPER"])
def test_a_value_that_is_lacking_has_one_line(name: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read_settings({f"CADUCEE_{key}": value for key, value in GOOD.items() if key != name})
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"CADUCEE_{name}: must be set")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://caducee:pass%23w%2Fo%40rd@db.example:5432/caducee",
        "postgresql://caducee:p%3Fss@[::1]:5432/caducee?application_name=a@b",
        "postgresql:///caducee?host=/run/postgresql",
        "sqlite:////var/lib/a@b#c/db.sqlite",
    ],
)
def test_a_password_with_such_signs_works_percent_encoded(url: str) -> None:
    assert (
        read_settings({f"CADUCEE_{name}": v for name, v in {**GOOD, "DATABASE": url}.items()}).where.database
        == url
    )


@pytest.mark.parametrize(
    "url",
    [
        "redis://:pass%23w%2Fo%40rd@cache_1:6379/0",
        "rediss://caducee:s@cache.example",
        "rediss://cache.example?ssl_certfile=/etc/caducee/redis.pem&ssl_keyfile=/etc/caducee/redis.key",
        "redis://127.0.0.1:6379/0",
        "redis+cluster://caducee:s@one:6379,two:6379,three:6379",
        "rediss+cluster://caducee:s@one:6379/0?ssl_ca_certs=/etc/caducee/authority.pem",
        "rediss+sentinel://caducee:s@one:26379,two:26379/caducee?sentinel_username=g&sentinel_password=x",
        "unix:///run/redis/redis.sock?db=1",
        "redis+sentinel://:p%40@one:26379,two:26379/caducee?db=1&sentinel_password=x",
    ],
)
def test_a_store_is_named_in_each_way_there_is(url: str) -> None:
    assert (
        read_settings({f"CADUCEE_{name}": v for name, v in {**GOOD, "REDIS": url}.items()}).where.redis == url
    )


class TestFiles:
    """`CADUCEE_<NAME>_FILE`: its path is not told either, who mistakes the variable writes the secret there."""

    def file_fault(self, path: Path | str) -> str:
        environment = {key: value for key, value in GOOD.items() if key != "APPLICATION_KEY"}
        environment["APPLICATION_KEY_FILE"] = str(path)
        with pytest.raises(BadSetting) as caught:
            read_settings({f"CADUCEE_{name}": value for name, value in environment.items()})
        (line,) = str(caught.value).splitlines()
        assert line.startswith("CADUCEE_APPLICATION_KEY_FILE: ")
        assert not str(path) or str(path) not in line
        return line

    def test_one_that_is_not_there(self, tmp_path: Path) -> None:
        assert "no such file; expected the path" in self.file_fault(tmp_path / "nothing")
        assert "no such file" in self.file_fault("k" * 43)

    def test_a_directory(self, tmp_path: Path) -> None:
        assert "a directory" in self.file_fault(tmp_path)
        assert "a directory" in self.file_fault("")

    def test_another_encoding(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_bytes(b"\xe9" * 43)
        assert "a file that is not UTF-8" in self.file_fault(tmp_path / "key")

    @pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
    def test_a_device(self, device: str) -> None:
        assert "a pipe, a device or a socket" in self.file_fault(device)

    def test_a_pipe_that_nobody_writes_to(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "key")
        assert "a pipe, a device or a socket" in self.file_fault(tmp_path / "key")

    def test_a_path_that_is_none(self) -> None:
        assert "no file that can be read" in self.file_fault("k\0")

    def test_one_far_too_long(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_bytes(b"k" * 70_000)
        assert "a file of more than 64 KiB" in self.file_fault(tmp_path / "key")

    def test_one_that_is_empty_holds_an_empty_value(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("\n")
        with pytest.raises(BadSetting, match="^CADUCEE_APPLICATION_KEY: 32 random bytes"):
            read_settings(
                {f"CADUCEE_{key}": value for key, value in GOOD.items() if key != "APPLICATION_KEY"}
                | {"CADUCEE_APPLICATION_KEY_FILE": str(tmp_path / "key")}
            )

    def test_a_line_end_is_forgiven(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("z" * 43 + "\r\n")
        environment = {f"CADUCEE_{key}": value for key, value in GOOD.items() if key != "APPLICATION_KEY"}
        found = read_settings({**environment, "CADUCEE_APPLICATION_KEY_FILE": str(tmp_path / "key")})
        assert found.keys.application == "z" * 43

    def test_a_byte_order_mark_is_no_part_of_the_value(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_bytes(b"\xef\xbb\xbf" + b"z" * 43)
        environment = {f"CADUCEE_{key}": value for key, value in GOOD.items() if key != "APPLICATION_KEY"}
        found = read_settings({**environment, "CADUCEE_APPLICATION_KEY_FILE": str(tmp_path / "key")})
        assert found.keys.application == "z" * 43

    def test_no_setting_takes_both_ways_at_once(self, tmp_path: Path) -> None:
        """Also when one is empty, as a compose file leaves it: no order of the environment says which one counts."""
        (tmp_path / "key").write_text("x")
        texts = [(value, path) for value in ("", "x") for path in ("", str(tmp_path / "key"))]
        for names in (["ISSUER"], list(catalogue())):
            others = {f"CADUCEE_{other}": text for other, text in GOOD.items() if other not in names}
            for value, path in texts:
                both = {f"CADUCEE_{name}": value for name in names}
                both |= {f"CADUCEE_{name}_FILE": path for name in names}
                for environment in ({**others, **both}, {**others, **dict(reversed(both.items()))}):
                    with pytest.raises(BadSetting) as caught:
                        read_settings(environment)
                    lines = str(caught.value).splitlines()
                    assert sorted(line for line in lines if "CADUCEE" in line) == sorted(
                        f"CADUCEE_{name}, CADUCEE_{name}_FILE: given twice; expected one of the two"
                        for name in names
                    )

    def test_a_name_that_is_none_is_unknown_also_both_ways(self) -> None:
        found = lines_of({"TLS_CERTIFICATE": "x", "SESION": "x", "SESION_FILE": "/x"})
        assert [line.partition(":")[0].removeprefix("CADUCEE_") for line in found] == [
            "TLS_CERTIFICATE",
            "SESION",
            "SESION_FILE",
        ]
        assert all("no such setting" in line for line in found)


def test_a_fault_hides_no_other_and_makes_none() -> None:
    """What could not be read says nothing of the rules that look at it; all others are told beside it."""
    found = lines_of(
        {"CODE_LIFE": "soon", "ISSUER": "ftp://id.example", "SMTP_PORT": "0", "SESION_LIFE": "1"}
    )
    assert [line.partition(":")[0].removeprefix("CADUCEE_") for line in found] == [
        "CODE_LIFE",
        "SESION_LIFE",
        "SMTP_PORT",
        "ISSUER",
    ]


@pytest.fixture(scope="module")
def every_fault() -> dict[str, str]:
    """One bad value for each variable that has one, together."""
    chosen: dict[str, str] = {}
    for changes, name, _words in BAD:
        if len(changes) == 1 and name in changes and "\n" not in changes[name]:
            chosen.setdefault(name, changes[name])
    return chosen


@pytest.mark.parametrize("command", ["serve", "worker", "card-host"])
def test_every_command_tells_all_faults_at_its_start(command: str, every_fault: dict[str, str]) -> None:
    ended = idp(command, **(GOOD | every_fault))
    assert ended.returncode == 2
    assert ended.stdout == ""
    lines = ended.stderr.splitlines()
    told = [re.match(r"idp: CADUCEE_(\w+)[,:] ", line) for line in lines]
    assert all(told), ended.stderr
    assert "Traceback" not in ended.stderr
    assert not any(secret in ended.stderr for secret in SECRETS)
    names = [found[1] for found in told if found]
    assert len(names) == len(set(names))
    assert set(names) >= set(every_fault) - FOLLOWING
