"""The settings: house values by default, and what is refused."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from idp.settings import BadSetting, Settings, read_settings
from idp.settings.checked import value_of
from idp.settings.groups import catalogue

KEY = "k" * 43
LEAST = {
    "CADUCEE_ISSUER": "https://id.example",
    "CADUCEE_CARD_HOST": "https://carte.id.example",
    "CADUCEE_APPLICATION_KEY": KEY,
    "CADUCEE_PASSWORD_PEPPER": "p" * 43,
}


def settings(**changes: str) -> Settings:
    return read_settings({**LEAST, **changes})


def fault(**changes: str) -> str:
    with pytest.raises(BadSetting) as caught:
        settings(**changes)
    return str(caught.value)


SECONDS, MINUTES, HOURS = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
# facts/security §0.2, row by row, for those that are settings.
HOUSE_VALUES: list[tuple[str, str, Any]] = [
    ("Authorization code: 60 s", "code_life", 60 * SECONDS),
    ("Access token: 5 min", "access_token_life", 5 * MINUTES),
    ("ID token: 5 min", "id_token_life", 5 * MINUTES),
    ("Refresh token: idle 30 min", "refresh_token_idle", 30 * MINUTES),
    ("Refresh token: idle 30 min", "refresh_token_idle", 30 * MINUTES),
    ("SSO session: idle 30 min", "session_idle", 30 * MINUTES),
    ("SSO session: absolute 4 h", "session_life", 4 * HOURS),
    ("Login transaction: 15 min", "interaction_life", 15 * MINUTES),
    ("Upstream (PSC) transaction: 10 min", "upstream_life", 10 * MINUTES),
    ("E-mail code: 10 min", "mail_code_life", 10 * MINUTES),
    ("E-mail code: 8 recommended", "mail_code_digits", 8),
    ("E-mail code: 5 tries", "mail_code_tries", 5),
    ("Code mails: 1 per 60 s", "mail_codes_per_minute", 1),
    ("Code mails: 5 per h", "mail_codes_per_hour", 5),
    ("Code mails: 10 per day and account", "mail_codes_per_day", 10),
    ("Code mails: 600 per IP", "mail_codes_per_ip", 600),
    ("Code mails: per IP per 5 min", "mail_codes_per_ip_window", 5 * MINUTES),
    ("Code failures: 20 per account per 24 h", "mail_code_failures_per_day", 20),
    ("Password: 15 code points", "password_min", 15),
    ("Password: to 128 code points", "password_max", 128),
    ("Password: 10 beside what is known", "password_own", 10),
    ("Password failures: after 5", "password_free_tries", 5),
    ("Password failures: at most 25 per 24 h per account and unknown device", "password_tries_per_day", 25),
    ("Password failures: 100 consecutive", "password_failures_in_a_row", 100),
    ("Per IP: 200 password posts", "password_posts_per_ip", 200),
    ("Spraying: 40 persons refused from one IP", "password_spread_people", 40),
    ("Spraying: within 10 min", "password_spread_window", 10 * MINUTES),
    ("Spraying: then 6 password posts", "password_spread_forms", 6),
    ("Spraying: per 60 s", "password_spread_forms_window", 60 * SECONDS),
    ("Spraying: 60 persons refused in a minute in all", "password_spread_house", 60),
    ("Spraying: 5 times the usual", "password_spread_times_usual", 5),
    ("Guessing a client: 20 refused from one network", "client_guesses_most", 20),
    ("Guessing a client: within 10 min", "client_guesses_window", 10 * MINUTES),
    ("Guessing a client: then 10 tries", "client_guesses_tries", 10),
    ("Guessing a client: per 60 s", "client_guesses_tries_window", 60 * SECONDS),
    ("Refused requests: kept for 3 days", "refusals_life", 3 * 24 * HOURS),
    ("Refused requests: 200 an hour and process", "refusals_kept", 200),
    ("Refused requests: 30 of a network", "refusals_kept_of_network", 30),
    ("SSO session: 5 min on a shared station", "shared_station_idle", 5 * MINUTES),
    ("Per IP: per 60 s", "password_posts_per_ip_window", 60 * SECONDS),
    ("Per IP: 1000 sign-ins begun", "sign_ins_per_ip", 1000),
    ("Per IP: per 5 min", "sign_ins_per_ip_window", 5 * MINUTES),
    ("Per IP: ten times in a crowded network", "crowded_networks_factor", 10),
    ("Kept of a request: 4 KiB", "request_bytes", 4096),
    ("Attempts of one sign-in: 50", "attempts_per_sign_in", 50),
    ("Pushed requests: 6000 per 60 s and client", "pushed_requests_per_client", 6000),
    ("Pushed requests: per 60 s", "pushed_requests_per_client_window", 60 * SECONDS),
    ("Security log: 12 months", "audit_life", 365 * 24 * HOURS),
    ("FA1: request_uri expires_in < 600 s", "pushed_request_life", 60 * SECONDS),
    ("TK8: assertion exp <= 5 min", "assertion_life", 5 * MINUTES),
    ("Logout token: exp <= 2 min", "logout_token_life", 2 * MINUTES),
    ("Clock skew: accept iat/nbf <= 10 s ahead", "clock_ahead", 10 * SECONDS),
    ("§4.6: circuit breaker on PSC: 5 failures", "psc_circuit_failures", 5),
    ("§4.6: 30 s open", "psc_circuit_pause", 30 * SECONDS),
    ("PS8: 5 s to connect", "psc_connect_timeout", 5 * SECONDS),
    ("PS8: 10 s in all", "psc_timeout", 10 * SECONDS),
    ("docs/adr/0071: a lost answer again within 60 s", "psc_answer_again", 60 * SECONDS),
    ("PS8: one refetch of the keys per 60 s; ours per 30 s", "psc_keys_pause", 30 * SECONDS),
    ("CP3: stale > 24 h", "card_crl_grace", 24 * HOURS),
    ("CP3: stale > 24 h", "card_ocsp_max_age", 24 * HOURS),
    ("Clock skew: reject > 60 s", "clock_skew", 60 * SECONDS),
    ("JW6: next key published >= 24 h", "key_publish_before", 24 * HOURS),
    ("JW6: old key kept >= longest token life + skew", "key_retire_after", 24 * HOURS),
    ("§4.6: HSM 3 s", "hsm_timeout", 3 * SECONDS),
    ("Password hash: t=2", "argon2_time", 2),
    ("Password hash: m=19456 KiB", "argon2_memory_kib", 19456),
    ("Password hash: p=1", "argon2_parallelism", 1),
    ("§4.5: queue of 50", "hash_queue", 50),
    ("E-mail change: undo link 72 h", "email_change_undo_life", 72 * HOURS),
    ("WB5: body <= 64 KiB", "body_bytes", 64 * 1024),
]


@pytest.mark.parametrize(
    ("row", "name", "value"), HOUSE_VALUES, ids=[row for row, _name, _value in HOUSE_VALUES]
)
def test_the_default_is_the_house_value(row: str, name: str, value: Any) -> None:
    assert value_of(settings(), name.upper()) == value


def test_the_first_wait_after_failures_is_more_than_a_minute() -> None:
    assert MINUTES < settings().password.first_wait <= 2 * MINUTES


def test_every_number_of_the_settings_is_in_the_table_or_has_its_reason() -> None:
    no_house_value = {
        "smtp_connections": "docs/adr/0047: as many mails at once",
        "smtp_within": "docs/adr/0047: a worker ends within 30 s",
        "accessibility_audit_rate": "docs/adr/0066: nothing is claimed",
        "announcement_life": "docs/adr/0066: a week, so that a forgotten one ends",
        "announcement_read_every": "docs/adr/0066: on every node within a minute",
        "dead_mails_kept": "docs/adr/0047: a month to look at them",
        "password_first_wait": "tested above: > 1 min",
        "trusted_proxy_hops": "nobody is believed",
        "request_object_life": "at most an hour (FAPI 2.0 Message Signing)",
        "dpop_proof_life": "as long as our skew allows",
        "dpop_nonce_life": "a client asks for a new one at any time",
        "smtp_port": "a port",
        "card_attempt_life": "as the upstream transaction",
        "card_presentation_life": "one redirect",
        "form_kept_life": "as long as a sign-in can be given more time",
        "parameter_bytes": "below the body",
        "psc_watch_every": "as the pause of the circuit",
        "psc_at_once": "half the threads of a process: the other doors keep theirs",
        "notice_life": "no house value: long enough for a mail server to come back",
        "new_browser_notice_after": "docs/adr/0041: five minutes, for one mail of all that happened",
        "card_trust_warning": "issue 4: warns 90 days before an end",
        "card_ocsp_good_for": "facts/cps §7: 5 to 15 min",
        "card_crl_bytes": "a list of tens of MB, several times over",
        "card_connections": "places of the listener",
        "card_connections_per_peer": "places of one address",
        "passkey_challenge_life": "docs/adr/0040: as long as a browser waits for a person",
        "passkeys_per_person": "docs/adr/0040: each device that a person has, and some",
        "passkey_failures_per_ip": "docs/adr/0040: no assertion can be guessed, so this bounds work alone",
        "passkey_failures_per_ip_window": "docs/adr/0040: a minute, as for passwords",
        "activation_life": "docs/adr/0044: a day, at most a week",
        "fresh_proof_life": "the Login transaction's order: a person who has just come",
        "interaction_longest": "WCAG 2.2.1: more time for who asks, four times the house value",
        "hsm_sessions": "places in the HSM",
        "account_closing_grace": "docs/adr/0042: a night to think again",
        "account_unused_warned_after": "docs/adr/0043",
        "account_unused_disabled_after": "docs/adr/0043",
        "account_identity_proved_every": "docs/adr/0043: proved again at least every three years",
        "account_evidence_life": "docs/adr/0042: the limitation period",
        "email_change_life": "facts/security §0.2: pending at most 24 h, tested by its limit",
        "email_proved_again_after": "docs/account.md: 12 months",
        "email_offer_life": "docs/adr/0063: two « Plus tard » long",
        "email_put_off_for": "a busy day, and the weekend after it",
        "charter_least_words": "docs/adr/0059: fewer are no charter",
        "charter_put_off_for": "docs/adr/0059: once a day at most",
        "charter_reminded_before": "docs/adr/0059: a week before",
        "audit_address_life": "docs/adr/0048: as long as the security log",
        "clock_warning": "well within CLOCK_SKEW, beyond what NTP leaves",
        "operations_port": "a port",
        "operations_worker_port": "a port",
        "operations_card_host_port": "a port",
        "operations_mail_backlog": "docs/adr/0049: a fifth of a code's life",
        "refresh_grace": "docs/adr/0054: a request that is repeated after a broken connection",
        "operations_backup_age": "docs/adr/0058: as the alert CaduceeBackupOld",
        "operations_certificates": "docs/adr/0058: as the alert CaduceeCertificateEnding",
        "operations_key_age": "docs/adr/0058: as the alert CaduceeSigningKeyOld",
        "operations_client_credentials": "docs/adr/0054: time for two administrators to agree on a day",
        "operations_notice_backlog": "docs/adr/0049: beyond the three tries of a notice",
        "operations_disk_free": "docs/adr/0049",
        "operations_traced": "docs/adr/0049: all of them",
        "operations_page_port": "a port",
        "operations_page_counted_every": "docs/adr/0064: as often as a dashboard",
        "operations_page_people_counted_every": "docs/adr/0064: it looks at every account",
    }
    numbers = {
        name.lower()
        for name, place in catalogue().items()
        if isinstance(place.default, int | timedelta) and not isinstance(place.default, bool)
    }
    assert numbers == {name for _row, name, _value in HOUSE_VALUES} | set(no_house_value)


def test_what_weakens_is_off_by_default() -> None:
    default = settings()
    assert not default.psc.may_enrol
    assert not default.card.accept_test_cards
    assert not default.card.accept_employee_cards
    assert not default.psc.accept_missing_acr
    assert default.psc.accepted_acr == ("eidas1",)
    assert default.proxy.trusted_hops == 0
    assert default.mail_code.fixed == ""


class TestIssuer:
    @pytest.mark.parametrize(
        "issuer",
        ["http://localhost:8400", "http://127.0.0.1:8400", "http://[::1]:8400", "https://id.example:8443"],
    )
    def test_https_or_http_on_loopback_starts(self, issuer: str) -> None:
        assert settings(CADUCEE_ISSUER=issuer).where.is_secure is issuer.startswith("https")

    @pytest.mark.parametrize(
        "issuer",
        [
            "http://id.example",
            "http://localhost.evil.example",
            "http://127.0.0.2",
            "http://192.168.1.1",
            "http://0.0.0.0:8400",
            "http://localhost@evil.example",
            "ftp://localhost",
        ],
    )
    def test_any_other_http_issuer_refuses_to_start(self, issuer: str) -> None:
        assert fault(CADUCEE_ISSUER=issuer).startswith("CADUCEE_ISSUER: https")

    @pytest.mark.parametrize(
        "issuer",
        ["", "id.example", "https://", "https://id.example/", "https://id.example/oidc", "https://id.example?x=1",
         "https://id.example#x"],
    )  # fmt: skip
    def test_an_issuer_is_an_origin_alone(self, issuer: str) -> None:
        assert fault(CADUCEE_ISSUER=issuer).startswith("CADUCEE_ISSUER: a")

    def test_a_scheme_in_capitals_is_as_secure_and_no_canonical_issuer(self) -> None:
        assert dataclasses.replace(settings().where, issuer="HTTPS://id.example").is_secure
        assert fault(CADUCEE_ISSUER="HTTPS://id.example").startswith("CADUCEE_ISSUER: an origin alone")

    @pytest.mark.parametrize("origin", ["http://localhost:8443", "carte.id.example", ""])
    def test_the_card_host_is_always_https(self, origin: str) -> None:
        assert fault(CADUCEE_CARD_HOST=origin).startswith("CADUCEE_CARD_HOST")


class TestKeys:
    def test_the_next_key_is_published_a_day_before_but_in_a_demo(self) -> None:
        assert fault(CADUCEE_KEY_PUBLISH_BEFORE="86399").startswith("CADUCEE_KEY_PUBLISH_BEFORE: 24 h")
        demo = settings(CADUCEE_ISSUER="http://localhost:8400", CADUCEE_KEY_PUBLISH_BEFORE="0")
        assert demo.keys.publish_before == timedelta()

    def test_the_old_key_is_kept_longer_than_any_token_may_be_checked(self) -> None:
        least = 4 * 3600 + 2 * 60
        assert settings(CADUCEE_KEY_RETIRE_AFTER=str(least)).keys.retire_after == least * SECONDS
        assert fault(CADUCEE_KEY_RETIRE_AFTER=str(least - 1)).startswith("CADUCEE_KEY_RETIRE_AFTER")
        longer = {"CADUCEE_ID_TOKEN_LIFE": str(5 * 3600), "CADUCEE_KEY_RETIRE_AFTER": str(least)}
        assert fault(**longer).startswith("CADUCEE_KEY_RETIRE_AFTER")


class TestTls:
    FILES = {"CADUCEE_TLS_CERTIFICATE_FILE": "/tls/server.crt", "CADUCEE_TLS_KEY_FILE": "/tls/server.key"}  # noqa: RUF012

    def test_certificate_and_key_are_given_together(self) -> None:
        found = settings(**self.FILES)
        assert (found.where.tls_certificate_file, found.where.tls_key_file) == (
            Path("/tls/server.crt"),
            Path("/tls/server.key"),
        )
        assert settings().where.tls_certificate_file is None

    @pytest.mark.parametrize("name", ["CADUCEE_TLS_CERTIFICATE_FILE", "CADUCEE_TLS_KEY_FILE"])
    def test_one_alone_is_refused(self, name: str) -> None:
        assert "both or neither" in fault(**{name: "/tls/server.pem"})

    def test_with_an_http_issuer_they_are_refused(self) -> None:
        message = fault(CADUCEE_ISSUER="http://localhost:8400", **self.FILES)
        assert message.startswith("CADUCEE_TLS_CERTIFICATE_FILE: with an https issuer")


class TestFixedCode:
    """facts/security D8: a certification suite reads no mail; nobody else may know a code."""

    @pytest.mark.parametrize("issuer", ["https://localhost:8400", "http://127.0.0.1", "https://[::1]:1"])
    def test_a_loopback_issuer_may_have_one(self, issuer: str) -> None:
        found = settings(CADUCEE_ISSUER=issuer, CADUCEE_MAIL_CODE_FIXED="00000000")
        assert found.mail_code.fixed == "00000000"
        assert "00000000" not in repr(found)

    @pytest.mark.parametrize(
        "issuer",
        ["https://id.example", "https://localhost.evil.example", "https://127.0.0.2", "https://10.0.0.1"],
    )
    def test_any_other_issuer_refuses_to_start(self, issuer: str) -> None:
        message = fault(CADUCEE_ISSUER=issuer, CADUCEE_MAIL_CODE_FIXED="00000000")
        assert message == (
            "CADUCEE_MAIL_CODE_FIXED: only with an issuer on a loopback host; it is set beside another one"
        )

    @pytest.mark.parametrize("code", ["0", "1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨", "12345678\n"])
    def test_it_looks_like_a_code_and_is_not_quoted(self, code: str) -> None:
        message = fault(CADUCEE_ISSUER="https://localhost", CADUCEE_MAIL_CODE_FIXED=code)
        assert message == "CADUCEE_MAIL_CODE_FIXED: as many digits as MAIL_CODE_DIGITS; it is something else"


class TestEnvironment:
    def test_an_unknown_variable_of_ours_is_refused(self) -> None:
        assert fault(CADUCEE_SESION_LIFE="60") == (
            "CADUCEE_SESION_LIFE: no such setting; did you mean CADUCEE_SESSION_LIFE?"
        )

    def test_the_variables_of_others_are_none_of_our_business(self) -> None:
        assert settings(PATH="/bin", ISSUER="x") == settings()

    @pytest.mark.parametrize("name", ["CADUCEE_ISSUER", "CADUCEE_CARD_HOST"])
    def test_what_must_be_set_is_named(self, name: str) -> None:
        with pytest.raises(BadSetting, match=f"{name}: must be set"):
            read_settings({key: value for key, value in LEAST.items() if key != name})

    @pytest.mark.parametrize("name", ["CADUCEE_APPLICATION_KEY", "CADUCEE_PASSWORD_PEPPER"])
    @pytest.mark.parametrize("value", ["", "k" * 42, "changeme"])
    def test_a_short_key_is_refused_and_not_quoted(self, name: str, value: str) -> None:
        message = fault(**{name: value})
        assert message.startswith(f"{name}: 32 random bytes")
        assert not value or value not in message

    def test_a_key_never_given_is_refused(self) -> None:
        with pytest.raises(BadSetting, match="CADUCEE_APPLICATION_KEY"):
            read_settings({key: value for key, value in LEAST.items() if "KEY" not in key})

    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("code_life", "30", timedelta(seconds=30)),
            ("mail_code_digits", "6", 6),
            ("password_door", "no", False),
            ("password_door", "TRUE", True),
            ("enrolment_from_psc", "1", True),
            ("psc_accepted_acr", "eidas1 eidas3", ("eidas1", "eidas3")),
            ("card_root_files", "/a/b:/c", (Path("/a/b"), Path("/c"))),
            ("card_root_files", "", ()),
            ("clients_file", "/etc/caducee/clients.yaml", Path("/etc/caducee/clients.yaml")),
        ],
    )
    def test_a_value_is_read_as_its_type(self, name: str, text: str, value: Any) -> None:
        found = settings(**{f"CADUCEE_{name.upper()}": text})
        assert value_of(found, name.upper()) == value

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("CODE_LIFE", "1 minute"),
            ("CODE_LIFE", ""),
            ("MAIL_CODE_DIGITS", "8.5"),
            ("PASSWORD_DOOR", "maybe"),
        ],
    )
    def test_a_value_of_another_type_is_refused_by_name(self, name: str, text: str) -> None:
        assert fault(**{f"CADUCEE_{name}": text}).startswith(f"CADUCEE_{name}: not a")

    def test_a_secret_may_come_from_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("z" * 43 + "\n")
        environment = {**LEAST, "CADUCEE_APPLICATION_KEY_FILE": str(tmp_path / "key")}
        del environment["CADUCEE_APPLICATION_KEY"]
        assert read_settings(environment).keys.application == "z" * 43

    def test_a_setting_that_is_a_file_name_is_not_read_as_one(self, tmp_path: Path) -> None:
        (tmp_path / "clients.yaml").write_text("clients: []")
        found = settings(CADUCEE_CLIENTS_FILE=str(tmp_path / "clients.yaml"))
        assert found.where.clients_file == tmp_path / "clients.yaml"

    def test_a_file_for_an_unknown_setting_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("x")
        assert "no such setting" in fault(CADUCEE_NOTHING_FILE=str(tmp_path / "x"))


def test_settings_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings().where.issuer = "https://evil.example"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PROXY_SECRET", "short", "32 random bytes"),
        ("MTLS_ORIGIN", "https://mtls.id.example", "and CADUCEE_PROXY_SECRET"),
        ("PUSHED_REQUEST_LIFE", "600", "below 600"),
        ("LOGOUT_TOKEN_LIFE", "121", "1 to 120"),
        ("LOGOUT_TOKEN_LIFE", "0", "1 to 120"),
        ("OUTBOUND_NETWORKS", "10.0.0.0/8 10.0.0.1/8", "networks like"),
        ("OUTBOUND_NETWORKS", "localhost", "networks like"),
    ],
)
def test_what_relying_parties_bring_is_bounded(name: str, value: str, expected: str) -> None:
    assert expected in fault(**{f"CADUCEE_{name}": value})


@pytest.mark.parametrize(
    "origin",
    [
        "http://mtls.example",
        "https://mtls.example/",
        "https://mtls.example/a",
        "https://a@mtls.example",
        "https://",
    ],
)
def test_the_origin_that_asks_for_certificates_is_an_https_origin_alone(origin: str) -> None:
    message = fault(CADUCEE_PROXY_SECRET=KEY, CADUCEE_MTLS_ORIGIN=origin)
    assert message.startswith("CADUCEE_MTLS_ORIGIN: an https origin")


def test_the_proxy_secret_is_never_shown() -> None:
    assert KEY not in repr(settings(CADUCEE_PROXY_SECRET=KEY, CADUCEE_APPLICATION_KEY="a" * 43))


@pytest.mark.parametrize(
    ("name", "seconds"), [("CADUCEE_SESSION_LIFE", "14401"), ("CADUCEE_SESSION_IDLE", "1801")]
)
def test_session_may_not_outlive_the_one_of_pro_sante_connect(name: str, seconds: str) -> None:
    # draft RIE 13, facts/psc §8.3.
    psc = {"CADUCEE_PSC_ISSUER": "https://psc.example", "CADUCEE_KEY_RETIRE_AFTER": "90000"}
    assert "at most 4 h and 30 min" in fault(**psc, **{name: seconds})
    settings(**{name: seconds}, CADUCEE_KEY_RETIRE_AFTER="90000")


def test_no_session_outlives_what_is_known_of_it() -> None:
    long = {"CADUCEE_SESSION_LIFE": "86401", "CADUCEE_KEY_RETIRE_AFTER": "100000"}
    assert "CADUCEE_SESSION_LIFE: at most 24 h" in fault(**long)


def test_shared_stations_are_networks() -> None:
    known = settings(CADUCEE_SHARED_STATIONS="192.0.2.0/24 2001:db8::/32")
    assert [str(network) for network in known.stations.networks] == ["192.0.2.0/24", "2001:db8::/32"]
    assert "SHARED_STATIONS" in fault(CADUCEE_SHARED_STATIONS="192.0.2.1/24")
    assert "SHARED_STATIONS" in fault(CADUCEE_SHARED_STATIONS="hospital")


def test_the_bypass_is_an_instant_with_a_time_zone() -> None:
    found = settings(CADUCEE_CARD_REVOCATION_BYPASS_UNTIL="2026-12-24T18:00:00Z")
    assert found.revocation.bypass_until == datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert settings().revocation.bypass_until is None
    for never in ("true", "2026-12-24T18:00:00", "forever", ""):
        assert "BYPASS_UNTIL" in fault(CADUCEE_CARD_REVOCATION_BYPASS_UNTIL=never)


@pytest.mark.parametrize("url", ["ldap://annuaire.example/a", "ocsp.example", "file:///etc/passwd", "http:"])
def test_revocation_is_asked_over_http_only(url: str) -> None:
    for name in ("CARD_OCSP_URL", "CARD_CRL_URLS", "CARD_ROOT_CRL_URLS"):
        assert "http or https" in fault(**{f"CADUCEE_{name}": url})


def test_a_good_answer_is_kept_a_quarter_of_an_hour_at_most() -> None:
    assert "GOOD_FOR" in fault(CADUCEE_CARD_OCSP_GOOD_FOR="901")
