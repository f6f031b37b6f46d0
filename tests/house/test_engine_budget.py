"""What of pyop and oic really runs between a sign-in and a refresh: these functions and no other.

Seen by the interpreter's own profiler, so that no call is missed. One more function needs a decision (docs/adr/0003 has
the same list); one less is to be written down there.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from werkzeug.test import Client, TestResponse

from tests.provider import ISSUER, VERIFIER, Provider, app_factory, templates

__all__ = ["app_factory", "templates"]  # Fixtures of the protocol room, used here as they are.

ADR = Path(__file__).parents[2] / "docs" / "adr" / "0003-the-seam-with-pyop.md"

#: pyop's, by the request that they serve.
PYOP = {
    "start of the process": {"provider.Provider.__init__", "userinfo.Userinfo.__init__"},
    "/authorize": {
        "request_validator.authorization_request_verify",
        "request_validator.client_id_is_known",
        "request_validator.redirect_uri_is_in_registered_redirect_uris",
        "request_validator.response_type_is_in_registered_response_types",
        "request_validator.userinfo_claims_only_specified_when_access_token_is_issued",
        "util.is_allowed_response_type",
        # Made at every request, whether or not it is raised.
        "exceptions.InvalidAuthenticationRequest.__init__",
        "exceptions.InvalidRequestError.__init__",
        "exceptions.OAuthError.__init__",
    },
    "the code": {
        "provider.Provider.authorize",
        "userinfo.Userinfo.__init__",
        "userinfo.Userinfo.__getitem__",
    },
    "/token": {
        "provider.Provider._do_code_exchange",
        "provider.Provider._add_access_token_to_response",
        "access_token.AccessToken.__init__",
        "userinfo.Userinfo.get_claims_for",
    },
    "/userinfo": {
        "provider.Provider.handle_userinfo_request",
        "access_token.extract_bearer_token_from_http_request",
        "userinfo.Userinfo.get_claims_for",
    },
    "refresh": set(),
}

#: oic's, whatever the request: its messages, and which claims a scope stands for.
OIC = {
    "oauth2.message.Message.__contains__",
    "oauth2.message.Message.__getitem__",
    "oauth2.message.Message.__init__",
    "oauth2.message.Message.__setitem__",
    "oauth2.message.Message._add_value",
    "oauth2.message.Message._add_value_list",
    "oauth2.message.Message._extract_cparam",
    "oauth2.message.Message._type_check",
    "oauth2.message.Message.from_dict",
    "oauth2.message.Message.get",
    "oauth2.message.Message.items",
    "oauth2.message.Message.keys",
    "oauth2.message.Message.verify",
    "oauth2.message.list_deserializer",
    "oauth2.message.sp_sep_list_deserializer",
    "oic.message.AuthorizationRequest.verify",
    "oic.message.OpenIDSchema.from_dict",
    "oic.message.ProviderConfigurationResponse.verify",
    "oic.message.check_char_set",
    "oic.scope2claims",
}

_CLIENT = """\
  - client_id: mobile
    client_name: Mobile
    client_uri: http://127.0.0.1:9998/
    redirect_uris: ["http://127.0.0.1:9998/callback"]
    scopes: [openid, profile]
    token_endpoint_auth_method: none
    grant_types: [authorization_code, refresh_token]
"""
_CALLBACK = "http://127.0.0.1:9998/callback"


class Watch:
    """Notes each function of the three packages that is entered, by the request that is under way."""

    def __init__(self) -> None:
        self.seen: dict[str, set[str]] = {}

    @contextmanager
    def during(self, request: str) -> Iterator[None]:
        entered = self.seen.setdefault(request, set())

        def note(frame: FrameType, event: str, argument: Any) -> None:
            module = frame.f_globals.get("__name__", "")
            if event == "call" and module.partition(".")[0] in ("pyop", "oic", "jwkest"):
                # What a function holds within itself counts as the function.
                entered.add(f"{module}.{frame.f_code.co_qualname.partition('.<locals>')[0]}")

        sys.setprofile(note)
        try:
            yield
        finally:
            sys.setprofile(None)

    def of(self, package: str, request: str) -> set[str]:
        prefix = f"{package}."
        return {name.removeprefix(prefix) for name in self.seen[request] if name.startswith(prefix)}


def _token(house: Provider, **form: str) -> dict[str, Any]:
    data = {"client_id": "mobile", **form}
    answer = Client(house.app, TestResponse).post("/token", base_url=ISSUER, data=data)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_pyop_and_oic_run_what_they_are_known_to_run(app_factory: Callable[..., Provider]) -> None:
    watch = Watch()
    with watch.during("start of the process"):
        house = app_factory()
    clients = house.settings.where.clients_file
    clients.write_text(clients.read_text() + _CLIENT)
    browser = house.browser()
    asked = {"client_id": "mobile", "redirect_uri": _CALLBACK, "scope": "openid profile"}
    with watch.during("/authorize"):
        page = browser.follow(browser.authorize(**asked))
    with watch.during("the code"):
        code = browser.prove(page).headers["Location"].partition("code=")[2].partition("&")[0]
    with watch.during("/token"):
        tokens = _token(
            house,
            grant_type="authorization_code",
            code=code,
            redirect_uri=_CALLBACK,
            code_verifier=VERIFIER,
        )
    with watch.during("/userinfo"):
        assert house.userinfo(tokens["access_token"]).status_code == 200
    with watch.during("refresh"):
        assert "id_token" in _token(house, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert {request: watch.of("pyop", request) for request in PYOP} == PYOP
    assert set().union(*(watch.of("oic", request) for request in PYOP)) == OIC
    assert set().union(*(watch.of("jwkest", request) for request in PYOP)) == set()


def test_the_decision_names_what_runs() -> None:
    text = ADR.read_text("utf-8")
    for name in sorted(set().union(*PYOP.values())):
        # `Provider.authorize`, `client_id_is_known`: without the module, which the table names beside.
        module, _, function = name.partition(".")
        assert f"`{function}`" in text, name
        assert f"`pyop.{module}`" in text, name
