"""The seam with pyop, oic and pyjwkest: what we override exists as we know it, and what may never run never runs.

The pins are exact: when one changes, these tests say what to read again before trusting it.
"""

import ast
import dataclasses
import importlib
import importlib.metadata
import importlib.util
import inspect
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.core.oic_settings import KINDS, PlainSettings
from idp.protocol.engine.provider import OpenIDProvider
from idp.protocol.engine.states import CodeIssue, Redemption, TokenUse
from tests.provider import AFTER_LOGOUT, Provider, app_factory, fresh, templates

__all__ = ["app_factory", "fresh", "templates"]  # Fixtures of the protocol room, used here as they are.

ROOT = Path(__file__).parents[2]

PINS = {"pyop": "3.5.0", "oic": "1.7.0", "pyjwkest": "1.4.4"}

#: Private members of pyop.provider.Provider that we override or call, with the parameters we rely on.
PROVIDER_MEMBERS = {
    "__init__": [
        "self", "signing_key", "configuration_information", "authz_state", "clients", "userinfo",
        "id_token_lifetime", "extra_scopes",
    ],
    "authorize": ["self", "authentication_request", "user_id", "extra_id_token_claims"],
    "handle_userinfo_request": ["self", "request", "http_headers"],
    "_do_code_exchange": ["self", "request", "extra_id_token_claims"],
    "_do_token_refresh": ["self", "request"],
    "_verify_code_exchange_req": ["self", "token_request", "authentication_request"],
    "_PKCE_verify": ["self", "token_request", "authentication_request"],
    "_verify_client_authentication": ["self", "request_body", "http_headers"],
    "_check_subject_identifier_matches_requested": ["self", "authentication_request", "sub"],
    "_create_signed_id_token": [
        "self", "client_id", "sub", "user_claims", "nonce", "authorization_code", "access_token_value",
        "extra_id_token_claims",
    ],
}  # fmt: skip

STATE_MEMBERS = {
    "create_authorization_code": [
        "self", "authorization_request", "subject_identifier", "scope", "user_info", "extra_id_token_claims",
    ],
    "exchange_code_for_token": ["self", "authorization_code"],
    "introspect_access_token": ["self", "access_token_value"],
    "create_refresh_token": ["self", "access_token_value"],
    "get_user_info_for_code": ["self", "authorization_code"],
    "get_extra_id_token_claims_for_code": ["self", "authorization_code"],
    "get_user_info_for_access_token": ["self", "access_token"],
    "get_authorization_request_for_code": ["self", "authorization_code"],
    "get_authorization_request_for_access_token": ["self", "access_token_value"],
    "get_subject_identifier_for_code": ["self", "authorization_code"],
}  # fmt: skip

#: What each call of ours asks of its state, and all that this state can do.
STATES: dict[type, set[str]] = {
    CodeIssue: {"create_authorization_code"},
    Redemption: {
        "get_authorization_request_for_code", "get_subject_identifier_for_code", "exchange_code_for_token",
        "create_refresh_token", "get_extra_id_token_claims_for_code", "get_user_info_for_code",
    },
    TokenUse: {
        "introspect_access_token", "get_authorization_request_for_access_token", "get_user_info_for_access_token",
    },
}  # fmt: skip

#: Methods of AuthorizationState that reach `pyop.storage` and that no state of ours has: they may not be called.
STATE_NEVER = {
    "create_access_token", "_create_access_token", "use_refresh_token", "get_subject_identifier",
    "_is_valid_subject_identifier", "get_user_id_for_subject_identifier", "delete_state_for_subject_identifier",
}  # fmt: skip


@pytest.mark.parametrize(("package", "version"), PINS.items())
def test_the_installed_version_is_the_one_that_was_read(package: str, version: str) -> None:
    assert importlib.metadata.version(package) == version
    assert f'"{package}=={version}"' in (ROOT / "pyproject.toml").read_text()


def test_the_settings_that_stand_in_are_those_of_oic() -> None:
    """Read, not imported: what stands in keeps pydantic out of every process."""
    package = importlib.util.find_spec("oic")
    assert package is not None
    assert package.submodule_search_locations
    source = Path(package.submodule_search_locations[0], "utils", "settings.py").read_text()
    classes = [one for one in ast.parse(source).body if isinstance(one, ast.ClassDef)]
    assert {one.name for one in classes} == set(KINDS)
    members = {
        line.target.id: ast.literal_eval(line.value)
        for one in classes
        for line in one.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value is not None
    }
    assert members == vars(PlainSettings())
    assert importlib.import_module("oic.utils.settings").OicClientSettings is PlainSettings


def _parameters(owner: Any, name: str) -> list[str]:
    return list(inspect.signature(getattr(owner, name)).parameters)


@pytest.mark.parametrize("name", PROVIDER_MEMBERS)
def test_a_member_of_pyops_provider_is_as_we_know_it(name: str) -> None:
    owner = importlib.import_module("pyop.provider").Provider
    assert _parameters(owner, name) == PROVIDER_MEMBERS[name]
    if name != "__init__":
        assert _parameters(OpenIDProvider, name)[: len(PROVIDER_MEMBERS[name])] == PROVIDER_MEMBERS[name]


@pytest.mark.parametrize("name", STATE_MEMBERS)
def test_a_member_of_pyops_state_is_as_we_know_it_and_is_ours(name: str) -> None:
    owner = importlib.import_module("pyop.authz_state").AuthorizationState
    assert _parameters(owner, name) == STATE_MEMBERS[name]
    assert [_parameters(state, name) for state in STATES if name in vars(state)] == [STATE_MEMBERS[name]]


@pytest.mark.parametrize("name", ["provider_configuration", "jwks"])
def test_what_pyop_publishes_is_replaced_by_ours(name: str) -> None:
    owner = importlib.import_module("pyop.provider").Provider
    assert isinstance(vars(owner)[name], property)
    assert isinstance(vars(OpenIDProvider)[name], property)


def test_every_method_of_pyops_state_is_ours_or_known_as_forbidden() -> None:
    owner = importlib.import_module("pyop.authz_state").AuthorizationState
    methods = {name for name, value in vars(owner).items() if inspect.isfunction(value)}
    assert methods - set().union(*(vars(state) for state in STATES)) == STATE_NEVER


@pytest.mark.parametrize("state", STATES)
def test_a_state_has_what_its_call_asks_for_and_inherits_nothing(state: type) -> None:
    methods = {name for name, value in vars(state).items() if inspect.isfunction(value)}
    assert {name for name in methods if not name.startswith("_")} == STATES[state]
    assert state.__mro__ == (state, object)
    # Made with what it needs: nothing is set on it later.
    for field in dataclasses.fields(state):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(object.__new__(state), field.name, None)


def test_the_validators_of_pyop_are_those_we_kept_and_the_one_we_dropped(fresh: Provider) -> None:
    module = importlib.import_module("pyop.request_validator")
    theirs = importlib.import_module("pyop.provider").Provider
    source = inspect.getsource(theirs.__init__)
    known = [
        "authorization_request_verify", "client_id_is_known", "redirect_uri_is_in_registered_redirect_uris",
        "response_type_is_in_registered_response_types",
        "userinfo_claims_only_specified_when_access_token_is_issued", "requested_scope_is_supported",
    ]  # fmt: skip
    assert source.count("authentication_request_validators.append") == len(known)
    assert all(hasattr(module, name) and name in source for name in known)


def _alarm(name: str) -> Callable[..., Any]:
    def rings(*arguments: Any, **named: Any) -> Any:
        raise AssertionError(f"{name} must never run")

    return rings


#: Module → attributes (or Class.method) that may never run.
NEVER: dict[str, tuple[str, ...]] = {
    "pyop.storage": (
        "StorageBase.from_uri", "MongoWrapper.__init__", "RedisWrapper.__init__", "StatelessWrapper.__init__",
        "StatelessWrapper.__setitem__", "StatelessWrapper.__getitem__", "StatelessWrapper.pack",
        "StatelessWrapper._unpack",
    ),
    "pyop.crypto": ("_AESCipher.__init__", "_AESCipher.encrypt", "_AESCipher.decrypt"),
    "pyop.client_authentication": ("verify_client_authentication",),
    "pyop.provider": (
        "verify_client_authentication", "Provider._do_token_refresh", "Provider.logout_user",
        "Provider.do_post_logout_redirect", "Provider.handle_token_request", "Provider._create_signed_id_token",
        "Provider._PKCE_verify", "Provider._verify_code_exchange_req", "Provider._verify_client_authentication",
        "Provider._check_subject_identifier_matches_requested", "Provider._create_subject_identifier",
        "Provider.handle_client_registration_request",
    ),
    "pyop.authz_state": tuple(f"AuthorizationState.{name}" for name in ("__init__", *STATE_MEMBERS, *STATE_NEVER)),
    "jwkest.jws": (
        "JWS.sign_compact", "JWS.verify_compact", "JWS.verify_compact_verbose", "JWS.sign_json", "JWS.verify_json",
        "left_hash",
    ),
    "jwkest.jwe": ("JWE.encrypt", "JWE.decrypt"),
    "oic.oauth2.message": ("Message.to_jwt", "Message.from_jwt", "Message.to_jwe", "Message.from_jwe"),
    "oic.oic.message": ("verify_id_token",),
    "oic.oic": ("Client.verify_id_token",),
}  # fmt: skip


def _set_alarms(monkeypatch: pytest.MonkeyPatch) -> int:
    """Third-party code only; ours is never patched."""
    count = 0
    for module_name, names in NEVER.items():
        module = importlib.import_module(module_name)
        for name in names:
            owner, _, attribute = name.rpartition(".")
            target = getattr(module, owner) if owner else module
            assert attribute in vars(target), f"{module_name}.{name} is gone: read the new version"
            value: Any = _alarm(f"{module_name}.{name}")
            monkeypatch.setattr(target, attribute, value)
            count += 1
    return count


def test_a_whole_sign_in_runs_without_what_may_never_run(
    app_factory: Callable[..., Provider], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _set_alarms(monkeypatch) > 50
    provider = app_factory()
    browser = provider.browser()
    code = browser.sign_in(scope="openid profile email address professional")
    tokens = provider.exchange(code).get_json()
    assert set(tokens) >= {"access_token", "id_token"}
    assert len(provider.userinfo(tokens["access_token"]).get_json()) > 10
    assert provider.exchange(code).get_json()["error"] == "invalid_grant"
    assert browser.authorize(request="eyJhbGciOiJub25lIn0.e30.").status_code == 303
    assert browser.authorize(id_token_hint=tokens["id_token"], prompt="none").status_code == 303
    hint = f"id_token_hint={tokens['id_token']}&post_logout_redirect_uri={AFTER_LOGOUT}"
    assert browser.get(f"/end_session?{hint}").headers["Location"] == AFTER_LOGOUT


def test_an_alarm_does_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    _set_alarms(monkeypatch)
    message = importlib.import_module("oic.oic.message")
    with pytest.raises(AssertionError, match="from_jwt"):
        message.IdToken().from_jwt("a.b.c")


def test_the_loggers_that_write_secrets_are_capped_by_importing_the_provider() -> None:
    """In a process of its own: another test may have touched the loggers here."""
    script = (
        "import logging\n"
        "import idp.protocol.engine.provider\n"
        "for name in ('pyop', 'oic', 'jwkest'):\n"
        "    print(name, logging.getLogger(name).level >= logging.WARNING)\n"
        "for name in ('pyop.provider', 'oic.oauth2.message', 'jwkest.jws', 'pyop.client_authentication'):\n"
        "    print(name, not logging.getLogger(name).isEnabledFor(logging.INFO))\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    assert printed.splitlines() == [
        "pyop True", "oic True", "jwkest True", "pyop.provider True", "oic.oauth2.message True", "jwkest.jws True",
        "pyop.client_authentication True",
    ]  # fmt: skip


def test_a_whole_sign_in_writes_no_secret_to_any_log(
    fresh: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """Even with the root logger wide open."""
    caplog.set_level(logging.DEBUG)
    browser = fresh.browser()
    code = browser.sign_in(nonce="a-nonce-to-find")
    tokens = fresh.exchange(code).get_json()
    fresh.userinfo(tokens["access_token"])
    fresh.exchange(code)
    browser.authorize(client_id="a-client-to-find")
    for secret in (
        code,
        tokens["access_token"],
        tokens["id_token"],
        "a-nonce-to-find",
        "secret-of-viatrajectoire",
    ):
        assert secret not in caplog.text
