"""clients.yaml: each fault is told at its place with what was expected; a bad file keeps the old state."""

import hashlib
import json
import os
import re
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from idp.clients.advice import advice_of
from idp.clients.client_file import ClientFile
from idp.clients.client_secrets import secret_among
from idp.clients.located_yaml import BadYaml, compose
from idp.clients.reading import read_files
from idp.clients.registry import Client, read_clients
from idp.clients.rules import FAULTS as FAULT_RULES
from idp.clients.rules import ClientRule
from idp.clients.rules import fault_of as fault_at_member
from idp.interaction.authenticator import Acr
from tests.examples import examples
from tests.fakes import FixedClock

SECRET = "a-secret-of-43-characters-0123456789-abcdef"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
GOOD = f"""\
clients:
  - client_id: viatrajectoire
    client_name: ViaTrajectoire
    client_uri: https://trajectoire.example/
    client_secret: {{sha256: {DIGEST}}}
    redirect_uris: ["https://trajectoire.example/callback"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clients.yaml"
    path.write_text(GOOD)
    return path


def knows(client: Client, text: str) -> bool:
    return secret_among(client.secrets, text) is not None


def fault_of(file: Path, text: str) -> str:
    """Every fault, the first first."""
    file.write_text(text)
    with pytest.raises(BadYaml) as caught:
        read_clients(file)
    return "\n".join(fault.told() for fault in (caught.value, *caught.value.beside))


def advise(file: Path) -> list[str]:
    return [str(advice) for advice in advice_of(read_files([file]))]


def test_a_short_client_gets_the_safe_defaults(file: Path) -> None:
    client = read_clients(file)["viatrajectoire"]
    assert client.scopes == ("openid",)
    assert client.token_endpoint_auth_method is None
    assert client.auth_methods == ("client_secret_basic", "client_secret_post")
    assert client.id_token_signed_response_alg == "RS256"
    assert client.minimum_acr is Acr.PWD_OTP
    assert client.authenticators == ("psc", "cps", "passkey", "password")
    assert client.post_logout_redirect_uris == ()


def test_a_full_client_is_read_as_written(file: Path) -> None:
    file.write_text(
        GOOD
        + """\
    post_logout_redirect_uris: ["https://trajectoire.example/bye", "http://localhost:8501/bye"]
    scopes: [openid, professional]
    token_endpoint_auth_method: client_secret_post
    id_token_signed_response_alg: ES256
    minimum_acr: cps
    authenticators: [psc, cps]
"""
    )
    client = read_clients(file)["viatrajectoire"]
    assert client.scopes == ("openid", "professional")
    assert client.token_endpoint_auth_method == "client_secret_post"
    assert client.auth_methods == ("client_secret_post",)
    assert client.id_token_signed_response_alg == "ES256"
    assert client.minimum_acr is Acr.CPS
    assert client.authenticators == ("psc", "cps")


# What is put in the place of a line of GOOD, and where the fault is told (line:column) with which words.
FAULTS = [
    ("unknown key", "client_name: ViaTrajectoire", "client_nome: x", "3:18", "`client_nome` is not a member"),
    ("missing key", "    client_name: ViaTrajectoire\n", "", "2:5", "expected also client_name"),
    (
        "duplicate key",
        "client_name: ViaTrajectoire",
        "client_name: A\n    client_name: B",
        "4:5",
        "`client_name` is given twice",
    ),
    ("yes for a text", "client_name: ViaTrajectoire", "client_name: yes", "3:18", "a text"),
    ("a number for a text", "client_name: ViaTrajectoire", "client_name: 12", "3:18", "a text"),
    ("a date for a text", "client_name: ViaTrajectoire", "client_name: 2026-11-23", "3:18", "a text"),
    ("null for a text", "client_name: ViaTrajectoire", "client_name:", "3:17", "a text"),
    ("a list for a text", "client_name: ViaTrajectoire", "client_name: [a]", "3:18", "a text"),
    ("an empty name", "client_name: ViaTrajectoire", 'client_name: "  "', "3:18", "expected 1 to 80 characters"),
    ("a text for a list", '["https://trajectoire.example/callback"]', "https://x.example/", "6:20", "expected a list"),
    ("an empty list", '["https://trajectoire.example/callback"]', "[]", "6:20", "expected at least one URI"),
    ("a wildcard", "example/callback", "example/*", "6:21", "no wildcard"),
    ("a wildcard host", "https://trajectoire.example/callback", "https://*.example/cb", "6:21", "no wildcard"),
    ("plain http", "https://trajectoire.example/callback", "http://trajectoire.example/", "6:21", "https URI"),
    ("a look-alike host", "https://trajectoire.example/callback", "http://localhost.evil.test/", "6:21", "https URI"),
    ("http on a private address", "https://trajectoire.example/callback", "http://192.168.0.1/", "6:21", "https URI"),
    ("a fragment", "example/callback", "example/callback#x", "6:21", "no fragment"),
    ("an empty fragment", "example/callback", "example/callback#", "6:21", "no fragment"),
    ("a user in a URI", "https://trajectoire.example/callback", "https://trajectoire@evil", "6:21", "https URI"),
    ("a relative URI", "https://trajectoire.example/callback", "/callback", "6:21", "https URI"),
    ("another scheme", "https://trajectoire.example/callback", "javascript:alert(1)", "6:21", "https URI"),
    ("a broken host", "https://trajectoire.example/callback", "https://[::1", "6:21", "https URI"),
    ("a broken port", "example/callback", "example:99999/callback", "6:21", "https URI"),
    ("a space in a URI", "example/callback", "example/call back", "6:21", "no space"),
    ("a letter beyond ASCII", "example/callback", "example/é", "6:21", "expected an exact URI"),
    ("a literal secret", f"{{sha256: {DIGEST}}}", SECRET, "5:20", "expected `name: value` pairs"),
    ("a secret named wrong", f"sha256: {DIGEST}", f"value: {SECRET}", "5:20", "given by reference"),
    ("two secrets", f"sha256: {DIGEST}", f"sha256: {DIGEST}, env: X", "5:20", "given by reference"),
    ("a digest too short", DIGEST, DIGEST[:-2], "5:29", "expected 64 hexadecimal digits"),
    ("a secret file that is not there", f"sha256: {DIGEST}", "file: nowhere", "5:27", "expected a readable text file"),
    ("a variable that is not set", f"sha256: {DIGEST}", "env: NO_SUCH_VARIABLE_HERE", "5:26", "32 characters or more"),
    ("no secret", f"    client_secret: {{sha256: {DIGEST}}}\n", "", "2:5", "expected `client_secret`"),
    ("a short client_id", "client_id: viatrajectoire", "client_id: ab", "2:16", "3 to 80 letters"),
    ("a client_id with a colon", "client_id: viatrajectoire", 'client_id: "a:b:c"', "2:16", "3 to 80 letters"),
    ("a python tag on a text", "client_name: Via", "client_name: !!python/name:os.system Via", "3:18", "a text"),
    (
        "a python tag on pairs",
        "client_secret: {",
        "client_secret: !!python/object/apply:os.system {",
        "5:20",
        "expected `name: value` pairs",
    ),
    ("a python tag on a list", "redirect_uris: [", "redirect_uris: !!python/tuple [", "6:20", "expected a list"),
    ("an anchor", "client_name: Via", "client_name: &a Via", "3:18", "expected no anchor"),
    ("an alias", "client_name: ViaTrajectoire", "client_name: *a", "3:18", "expected no anchor"),
    ("a merge key", "client_name: ViaTrajectoire", "<<: {client_name: x}", None, ":3:5: expected a text"),
    ("broken YAML", "client_name: ViaTrajectoire", "client_name: 'x", None, "expected YAML"),
    ("a tabulation", "    client_name:", "\tclient_name:", None, "expected YAML"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("_name", "old", "new", "place", "expected"), FAULTS, ids=[fault[0] for fault in FAULTS]
)
def test_a_fault_is_told_at_its_place_with_what_was_expected(
    file: Path, _name: str, old: str, new: str, place: str | None, expected: str
) -> None:
    assert old in GOOD
    message = fault_of(file, GOOD.replace(old, new, 1))
    assert expected in message
    found_file, line, column, _words = message.split(":", 3)
    assert found_file == str(file)
    assert place in (None, f"{line}:{column}")
    assert int(line) >= 1
    assert int(column) >= 1
    assert SECRET not in message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("scopes: [profile]", "expected `openid` among the scopes"),
        ("scopes: []", "expected `openid` among the scopes"),
        ("scopes: [openid, admin]", "expected one of: openid"),
        ("scopes: openid", "expected a list"),
        ("minimum_acr: eidas1", "expected one of: pwd-otp"),
        ("minimum_acr: no", "expected a text"),
        ("authenticators: [sms]", "expected one of: psc"),
        ("id_token_signed_response_alg: none", "expected one of: RS256"),
        ("id_token_signed_response_alg: HS256", "expected one of: RS256"),
        ("token_endpoint_auth_method: client_secret_jwt", "expected one of: client_secret_basic"),
        ("pkce: false", "expected a text"),
        ("nonce: always", "expected one of: required"),
        ("require_pushed_authorization_requests: yes", "expected true or false"),
        ("dpop_bound_access_tokens: 'true '", "expected true or false"),
        ("access_token_life: 29", "expected 30 to 900 seconds"),
        ("access_token_life: 901", "expected 30 to 900 seconds"),
        ("id_token_life: 1h", "expected a whole number"),
        ("refresh_token_idle: 1801", "expected 60 to 1800 seconds"),
        ("refresh_token_idle: -60", "expected a whole number"),
        ("grant_types: [refresh_token]", "expected also `authorization_code`"),
        ("claims: ['a b']", "expected one of: sub, name"),
        ("claims: [password_hash]", "expected one of: sub, name"),
        ("claims: [acr]", "expected one of: sub, name"),
        ("claims: [email]", "expected claims of the client's own `scopes`"),
        ("psc_idp_hint: OKTA chu", "expected 1 to 80 letters, digits, dots, dashes or underscores"),
        ('psc_idp_hint: ""', "expected 1 to 80 letters"),
        ("charters: [Main]", "expected names of charters"),
        ("charters: [house]", "`house` is asked of everybody"),
        ("charters: [a, b, a]", "each once"),
        ("profile: fapi1", "expected one of: fapi2"),
        ("jwks: {keys: []}", "`keys` with 1 to 20 keys"),
        ("jwks: {keys: [{kty: oct, k: c2VjcmV0}]}", "public keys only"),
        ("jwks: {keys: [{kty: RSA, n: AQAB, e: AQAB}]}", "2048 bits"),
        ("jwks: {keys: [{kty: EC, crv: P-256, x: AQAB, y: AQAB}]}", "well-formed JWKs"),
        ("jwks: {keys: [EC]}", "a JWK in each place"),
        ("jwks: {file: nowhere}", "a readable text file"),
        ("jwks_uri: http://10.0.0.1/jwks", "expected an https URI"),
        ("backchannel_logout_uri: http://rp.example/bye", "expected an https URI"),
        ("frontchannel_logout_uri: https://rp.example/#bye", "no fragment"),
        ("frontchannel_logout_uri: https://elsewhere.example/bye", "one of `redirect_uris` (Front-Channel"),
        ("frontchannel_logout_uri: https://rp.example:8443/bye", "one of `redirect_uris` (Front-Channel"),
        ("tls_client_auth_san_ip: rp.example", "expected an IP address"),
        ("tls_client_auth_san_dns: RP.example", "expected a host name"),
        ("tls_client_auth_san_email: rp", "expected an e-mail address"),
        ("tls_client_auth_subject_dn: no name", "as in RFC 4514"),
        ("post_logout_redirect_uris: [http://evil.example/]", "expected an https URI"),
    ],
)
def test_a_value_outside_its_list_is_refused(file: Path, line: str, expected: str) -> None:
    message = fault_of(file, f"{GOOD}    {line}\n")
    assert expected in message
    assert message.startswith(f"{file}:7:")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected `clients:`"),
        ("# nothing\n", "expected `clients:`"),
        ("[]", "expected `name: value` pairs"),
        ("clients:", "expected a list"),
        ("clients: {}", "expected a list"),
        ("clients: []\nother: 1", "expected `clients:` and nothing else"),
        ("clients:\n  - viatrajectoire", "expected `name: value` pairs"),
        ("--- {clients: []}\n--- {clients: []}", "expected YAML"),
        ("clients: \x00", "expected YAML"),
        ("[" * 700, "expected YAML"),
    ],
)
def test_a_file_of_another_shape_is_refused(file: Path, text: str, expected: str) -> None:
    message = fault_of(file, text)
    assert expected in message
    assert message.startswith(f"{file}:")


def test_bytes_that_are_no_text_are_a_fault_and_not_a_crash(file: Path) -> None:
    file.write_bytes(b"clients: \xff\xfe")
    with pytest.raises(BadYaml, match="UTF-8"):
        read_clients(file)


def test_the_same_client_twice_is_refused_at_the_second(file: Path) -> None:
    message = fault_of(file, GOOD + GOOD.removeprefix("clients:\n"))
    assert "`viatrajectoire` is given twice" in message
    assert message.startswith(f"{file}:7:5:")


class TestSecrets:
    def test_a_secret_file_is_found_beside_the_clients_file(self, file: Path) -> None:
        (file.parent / "rp-secret").write_text(SECRET + "\n")
        file.write_text(GOOD.replace(f"sha256: {DIGEST}", "file: rp-secret"))
        assert knows(read_clients(file)["viatrajectoire"], SECRET)

    def test_a_secret_may_come_from_the_environment(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RP_SECRET", SECRET)
        file.write_text(GOOD.replace(f"sha256: {DIGEST}", "env: RP_SECRET"))
        assert knows(read_clients(file)["viatrajectoire"], SECRET)

    def test_a_short_secret_is_refused_and_not_quoted(self, file: Path) -> None:
        (file.parent / "rp-secret").write_text("s3cr3t-of-31-characters-too-bad")
        message = fault_of(file, GOOD.replace(f"sha256: {DIGEST}", "file: rp-secret"))
        assert "32 characters or more" in message
        assert "s3cr3t" not in message

    @pytest.mark.parametrize(
        "known",
        ["", "\n", "\r\n", " ", "-n \n", "viatrajectoire", "viatrajectoire\n", "VIATRAJECTOIRE", "ViaTrajectoire\n",
         "secret", "changeme\n", "'secret'", '"$secret"\n', "\ufeff", "client_secret", "…\n"],
    )  # fmt: skip
    def test_the_digest_of_what_everybody_knows_is_refused(self, file: Path, known: str) -> None:
        digest = hashlib.sha256(known.encode()).hexdigest()
        message = fault_of(file, GOOD.replace(DIGEST, digest))
        assert message.startswith(f"{file}:5:20: expected a secret drawn by lot")
        assert "`idp clients secret` makes one" in message

    def test_a_secret_of_one_character_many_times_is_refused(self, file: Path) -> None:
        (file.parent / "rp-secret").write_text("x" * 64)
        assert "drawn by lot" in fault_of(file, GOOD.replace(f"sha256: {DIGEST}", "file: rp-secret"))

    def test_a_file_with_fewer_than_32_characters_is_a_fault(self, file: Path) -> None:
        for text in ("", "\n", " \n" * 40, "x" * 31):
            (file.parent / "rp-secret").write_text(text)
            assert "32 characters or more" in fault_of(
                file, GOOD.replace(f"sha256: {DIGEST}", "file: rp-secret")
            )

    def test_only_the_whole_secret_is_the_secret(self, file: Path) -> None:
        client = read_clients(file)["viatrajectoire"]
        assert knows(client, SECRET)
        assert not any(
            knows(client, other) for other in ("", SECRET[:-1], SECRET + "s", SECRET.upper(), DIGEST)
        )

    def test_the_registry_never_holds_the_secret_itself(self, file: Path) -> None:
        (file.parent / "rp-secret").write_text(SECRET)
        file.write_text(GOOD.replace(f"sha256: {DIGEST}", "file: rp-secret"))
        assert SECRET not in repr(read_clients(file))


class TestPublicClients:
    PUBLIC = GOOD.replace(
        f"    client_secret: {{sha256: {DIGEST}}}\n", "    token_endpoint_auth_method: none\n"
    )

    def test_a_public_client_has_no_secret_and_nothing_is_its_secret(self, file: Path) -> None:
        file.write_text(self.PUBLIC)
        client = read_clients(file)["viatrajectoire"]
        assert client.secrets == ()
        assert not knows(client, "")

    def test_a_public_client_with_a_secret_is_refused(self, file: Path) -> None:
        assert "without one" in fault_of(file, f"{GOOD}    token_endpoint_auth_method: none\n")

    @pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
    def test_a_confidential_method_without_secret_is_refused(self, file: Path, method: str) -> None:
        text = self.PUBLIC.replace("method: none", f"method: {method}")
        assert "expected `client_secret`" in fault_of(file, text)


def _rewrite(file: Path, text: str) -> None:
    """Another content at another time, however coarse the clock of the file system."""
    before = file.stat().st_mtime_ns
    file.write_text(text)
    os.utime(file, ns=(before + 10**9, before + 10**9))


class TestReload:
    def test_a_good_change_is_taken_at_the_next_look(self, file: Path) -> None:
        clients = ClientFile(file, clock=FixedClock())
        _rewrite(file, GOOD.replace("client_name: ViaTrajectoire", "client_name: Autre"))
        client = clients.get("viatrajectoire")
        assert client is not None
        assert (client.name, clients.fault) == ("Autre", None)

    def test_a_request_looks_once_and_the_next_one_finds_the_change(self, file: Path) -> None:
        memory: list[bool] = []
        clients = ClientFile(
            file, clock=FixedClock(), has_looked=memory.__len__, looked=partial(memory.append, True)
        )
        before = clients.registry()
        _rewrite(file, GOOD.replace("client_name: ViaTrajectoire", "client_name: Autre"))
        assert clients.registry() is before
        assert clients.registry() is before
        memory.clear()
        assert clients.registry()["viatrajectoire"].name == "Autre"

    @pytest.mark.parametrize(
        "bad",
        [
            GOOD.replace("https://trajectoire.example/callback", "http://evil.example/"),
            GOOD.replace("https://trajectoire.example/callback", "https://[::1"),
            "",
            "clients: \x00",
            "[" * 700,
            GOOD[: len(GOOD) // 2],
        ],
    )
    def test_a_bad_change_keeps_the_old_state_and_tells_the_fault(self, file: Path, bad: str) -> None:
        clients = ClientFile(file, clock=FixedClock())
        before = clients.registry()
        _rewrite(file, bad)
        assert clients.registry() == before
        assert clients.fault is not None
        assert clients.fault.startswith(f"{file}:")

    def test_bytes_that_are_no_text_keep_the_old_state(self, file: Path) -> None:
        clients = ClientFile(file, clock=FixedClock())
        file.write_bytes(b"\xff")
        assert clients.get("viatrajectoire") is not None
        assert clients.fault is not None

    def test_a_vanished_file_keeps_the_old_state(self, file: Path) -> None:
        clients = ClientFile(file, clock=FixedClock())
        file.unlink()
        assert clients.get("viatrajectoire") is not None
        assert clients.fault is not None

    def test_a_repaired_file_clears_the_fault(self, file: Path) -> None:
        clients = ClientFile(file, clock=FixedClock())
        _rewrite(file, "")
        clients.registry()
        _rewrite(file, GOOD)
        assert clients.get("viatrajectoire") is not None
        assert clients.fault is None

    def test_a_bad_file_stops_the_start(self, file: Path) -> None:
        file.write_text("")
        with pytest.raises(BadYaml):
            ClientFile(file, clock=FixedClock())


@settings(
    max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, len(GOOD)), st.text(max_size=6), st.integers(0, 12))
def test_any_edit_gives_clients_or_a_fault_at_a_place(file: Path, at: int, text: str, cut: int) -> None:
    file.write_text(GOOD[:at] + text + GOOD[at + cut :], "utf-8", errors="surrogatepass")
    try:
        read_clients(file)
    except BadYaml as error:
        fault = str(error)
    else:
        return
    assert fault.startswith(f"{file}:")


def _p256(**changes: str) -> str:
    """A public P-256 key, as YAML."""
    jwk = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "one", **changes}
    return "{keys: [{" + ", ".join(f'{name}: "{value}"' for name, value in jwk.items()) + "}]}"


NO_SECRET = GOOD.replace(f"    client_secret: {{sha256: {DIGEST}}}\n", "")
#: A client that keeps every rule of facts/security §1.5.
FAPI = (
    NO_SECRET
    + f"""\
    profile: fapi2
    token_endpoint_auth_method: private_key_jwt
    token_endpoint_auth_signing_alg: PS256
    jwks: {_p256()}
    require_pushed_authorization_requests: true
    dpop_bound_access_tokens: true
    id_token_signed_response_alg: ES256
    authorization_signed_response_alg: ES256
"""
)


class TestRules:
    """Members that must fit together."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (NO_SECRET + "    token_endpoint_auth_method: private_key_jwt\n", "also `jwks` or `jwks_uri`"),
            (NO_SECRET + "    token_endpoint_auth_method: self_signed_tls_client_auth\n", "also `jwks`"),
            (GOOD + "    request_object_signing_alg: ES256\n", "also `jwks` or `jwks_uri`"),
            (GOOD + "    id_token_encrypted_response_alg: RSA-OAEP\n", "also `jwks` or `jwks_uri`"),
            (GOOD + "    require_signed_request_object: true\n", "also `request_object_signing_alg`"),
            (GOOD + "    scopes: [openid, email]\n    claims: [sub, email, rpps]\n", "client's own `scopes`"),
            (
                GOOD + "    minimum_acr: cps\n    authenticators: [password]\n",
                "a door that reaches `minimum_acr`",
            ),
            (
                NO_SECRET + "    token_endpoint_auth_method: tls_client_auth\n",
                "one of tls_client_auth_subject_dn",
            ),
            (GOOD + "    tls_client_auth_san_dns: rp.example\n", "none otherwise"),
            (
                NO_SECRET + "    token_endpoint_auth_method: tls_client_auth\n"
                "    tls_client_auth_san_dns: rp.example\n    tls_client_auth_san_ip: 10.0.0.1\n",
                "one of tls_client_auth_subject_dn",
            ),
            (GOOD + f"    jwks_uri: https://rp.example/jwks\n    jwks: {_p256()}\n", "not both"),
            (NO_SECRET + "    token_endpoint_auth_method: none\n    pkce: optional\n", "for a public client"),
        ],
        ids=lambda text: text[:40],  # keys differ in each worker, names may not
    )
    def test_members_that_do_not_fit_together_are_refused(self, file: Path, text: str, expected: str) -> None:
        assert expected in fault_of(file, text)

    def test_a_name_of_a_certificate_is_kept_in_one_spelling(self, file: Path) -> None:
        file.write_text(
            NO_SECRET + "    token_endpoint_auth_method: tls_client_auth\n"
            '    tls_client_auth_subject_dn: "CN=rp.example,O=CHU\\\\2C Lyon,C=FR"\n'
        )
        client = read_clients(file)["viatrajectoire"]
        assert client.tls_client_auth_subject_dn == "CN=rp.example,O=CHU\\, Lyon,C=FR"

    def test_a_key_set_may_stand_in_a_file_beside(self, file: Path) -> None:
        key = ECKey.generate_key("P-256").as_dict(private=False)
        (file.parent / "rp.jwks").write_text(json.dumps({"keys": [key]}))
        file.write_text(GOOD + "    jwks: {file: rp.jwks}\n")
        assert read_clients(file)["viatrajectoire"].jwks == (key,)

    def test_an_rsa_key_of_1024_bits_is_refused(self, file: Path) -> None:
        short = "f" * 171
        assert "2048 bits" in fault_of(
            file, f'{GOOD}    jwks: {{keys: [{{kty: RSA, n: "{short}", e: AQAB}}]}}\n'
        )

    def test_a_private_key_is_refused_and_not_quoted(self, file: Path) -> None:
        secret = str(ECKey.generate_key("P-256").as_dict(private=True)["d"])
        message = fault_of(file, f"{GOOD}    jwks: {_p256(d=secret)}\n")
        assert "public keys only" in message
        assert secret not in message

    def test_a_nonce_in_the_place_of_pkce_is_advised_against_too(self, file: Path) -> None:
        file.write_text(GOOD + "    pkce: or_nonce\n")
        (advice,) = advise(file)
        assert advice.startswith(f"{file}:7:11: better `required`: without PKCE all rests on")

    def test_optional_pkce_is_advised_against_at_its_place(self, file: Path) -> None:
        file.write_text(GOOD + "    pkce: optional\n")
        (line,) = advise(file)
        assert line.startswith(f"{file}:7:11: better `required`")
        file.write_text(GOOD)
        assert advise(file) == []


class TestFapi:
    """facts/security §1.5: each broken rule stops the start."""

    def test_a_client_that_keeps_every_rule_is_read(self, file: Path) -> None:
        file.write_text(FAPI)
        assert read_clients(file)["viatrajectoire"].profile == "fapi2"

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            (
                "require_pushed_authorization_requests: true",
                "require_pushed_authorization_requests: false",
                "`true`",
            ),
            (
                "dpop_bound_access_tokens: true",
                "dpop_bound_access_tokens: false",
                "`dpop_bound_access_tokens` or",
            ),
            ("method: private_key_jwt", "method: none", "one of private_key_jwt"),
            ("id_token_signed_response_alg: ES256", "id_token_signed_response_alg: RS256", "PS256 or ES256"),
            (
                "authorization_signed_response_alg: ES256",
                "authorization_signed_response_alg: RS256",
                "PS256 or ES256",
            ),
            ("signing_alg: PS256", "signing_alg: RS256", "PS256 or ES256"),
            ("profile: fapi2", "profile: fapi2\n    pkce: optional", "`required`"),
            ("profile: fapi2", "profile: fapi2\n    userinfo_signed_response_alg: RS256", "PS256 or ES256"),
            ("profile: fapi2", "profile: fapi2\n    request_object_signing_alg: RS256", "PS256 or ES256"),
            ("https://trajectoire.example/callback", "http://localhost:1/callback", "https"),
        ],
    )
    def test_each_broken_rule_is_a_fault(self, file: Path, old: str, new: str, expected: str) -> None:
        assert old in FAPI
        assert re.search(expected, fault_of(file, FAPI.replace(old, new)))

    def test_a_secret_is_no_way_in(self, file: Path) -> None:
        text = FAPI.replace("    token_endpoint_auth_method: private_key_jwt\n", "")
        text = text.replace("    profile:", f"    client_secret: {{sha256: {DIGEST}}}\n    profile:")
        assert "expected none: a key or a certificate" in fault_of(file, text)
        basic = FAPI.replace("method: private_key_jwt", "method: client_secret_basic")
        assert "expected one of private_key_jwt, tls_client_auth" in fault_of(file, basic)

    def test_what_the_profile_demands_need_not_be_written(self, file: Path) -> None:
        file.write_text(f"{NO_SECRET}    profile: fapi2\n    jwks: {_p256()}\n")
        client = read_clients(file)["viatrajectoire"]
        assert client.token_endpoint_auth_method == "private_key_jwt"
        assert (client.requires_pushed_requests, client.dpop_bound_access_tokens) == (True, True)
        assert client.id_token_signed_response_alg == client.authorization_signed_response_alg == "ES256"
        assert (client.pkce, client.signing_algs) == ("required", ("PS256", "ES256"))

    def test_tokens_bound_to_a_certificate_need_no_proof(self, file: Path) -> None:
        file.write_text(
            f"{NO_SECRET}    profile: fapi2\n    jwks: {_p256()}\n"
            "    tls_client_certificate_bound_access_tokens: true\n"
        )
        client = read_clients(file)["viatrajectoire"]
        assert (client.tls_bound_access_tokens, client.dpop_bound_access_tokens) == (True, False)

    def test_without_the_profile_nothing_is_supplied(self, file: Path) -> None:
        client = read_clients(file)["viatrajectoire"]
        assert (client.requires_pushed_requests, client.dpop_bound_access_tokens) == (False, False)
        assert (client.id_token_signed_response_alg, client.signing_algs[0]) == ("RS256", "RS256")

    @pytest.mark.parametrize("rule", FAULT_RULES, ids=lambda rule: rule.expected[:60])
    def test_every_fault_names_its_member_also_when_it_is_absent(self, file: Path, rule: ClientRule) -> None:
        at = compose(file).members()["clients"].items()[0]
        told = str(fault_at_member(rule, {}, at))
        assert told.startswith(f"{file}:2:5: `{rule.member}`: expected ")
