"""The certification plans that the demo writes configurations for, as one table.

Contains the suite's own names: plans, variants, modules that leave the usual course. Not here: what a configuration
holds (`suite_file`), the steps (`suite_browser`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.demo import fapi_clients
from sandbox.demo.fapi_clients import FapiKind
from sandbox.demo.suite_browser import Scripts

Script = Callable[[Scripts], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`file`: of its configuration, without suffix. `clients`: member of the configuration to role of the demo's
    clients, but for FAPI 2.0. `scripts`: the modules with a browser of their own."""

    name: str
    file: str
    variant: Mapping[str, str] = field(default_factory=dict)
    clients: Mapping[str, str] = field(default_factory=dict)
    fapi: FapiKind | None = None
    scripts: Mapping[str, Script] = field(default_factory=dict)

    @property
    def needs_nginx(self) -> bool:
        return self.fapi is not None and self.fapi.has_certificate

    @property
    def chosen(self) -> str:
        """Returns the plan with its variant, as the suite's command takes it."""
        return self.name + "".join(f"[{name}={value}]" for name, value in self.variant.items())


_STATIC = {"server_metadata": "discovery", "client_registration": "static_client"}
_CODE = {"client_registration": "static_client", "response_type": "code"}
_BASIC_CLIENTS = {role: role for role in ("client", "client2", "client_secret_post")}
#: Issue or not, these want a picture.
_BASIC: Mapping[str, Script] = {
    "oidcc-prompt-login": Scripts.second_sign_in,
    "oidcc-max-age-1": Scripts.second_sign_in,
    "oidcc-ensure-registered-redirect-uri": Scripts.error_page,
}
_LOGOUT: Mapping[str, Script] = {
    "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri": Scripts.return_refused,
    "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri": Scripts.return_refused,
    "oidcc-rp-initiated-logout-modified-id-token-hint": Scripts.question,
    "oidcc-rp-initiated-logout-bad-id-token-hint": Scripts.question,
    "oidcc-rp-initiated-logout-no-id-token-hint": Scripts.question,
    "oidcc-rp-initiated-logout-no-params": Scripts.question_answered,
    "oidcc-rp-initiated-logout-only-state": Scripts.question_answered,
    "oidcc-rp-initiated-logout-no-post-logout-redirect-uri": Scripts.signed_out_here,
}
_FAPI = "fapi2-security-profile-final"
_FAPI_SCRIPTS: Mapping[str, Script] = {
    f"{_FAPI}-user-rejects-authentication": Scripts.cancelled,
    f"{_FAPI}-ensure-unsigned-authorization-request-without-using-par-fails": Scripts.error_page_or_answer,
    f"{_FAPI}-par-attempt-to-use-expired-request_uri": Scripts.error_page_or_answer,
    f"{_FAPI}-par-attempt-to-use-request_uri-for-different-client": Scripts.error_page_or_answer,
    f"{_FAPI}-par-attempt-reuse-request_uri": Scripts.used_again,
    f"{_FAPI}-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds": Scripts.opened_twice,
}


def _fapi_plan(kind: FapiKind, authentication: str, constraint: str) -> Plan:
    return Plan(
        name=f"{_FAPI}-test-plan",
        file=f"{_FAPI}-{kind.name}",
        variant={
            "client_auth_type": authentication,
            "sender_constrain": constraint,
            "openid": "openid_connect",
            "fapi_profile": "plain_fapi",
            "authorization_request_type": "simple",
        },
        fapi=kind,
        scripts=_FAPI_SCRIPTS,
    )


def _channel_plan(channel: str) -> Plan:
    name = f"oidcc-{channel}-rp-initiated-logout-certification-test-plan"
    return Plan(name=name, file=name, variant=_CODE, clients={"client": channel})


def _oidc_plan(name: str, variant: Mapping[str, str], scripts: Mapping[str, Script]) -> Plan:
    return Plan(name=name, file=name, variant=variant, clients=_BASIC_CLIENTS, scripts=scripts)


_SIGNED = _fapi_plan(fapi_clients.MESSAGE_SIGNING, "private_key_jwt", "dpop")
PLANS = (
    _oidc_plan("oidcc-basic-certification-test-plan", _STATIC, _BASIC),
    _oidc_plan("oidcc-formpost-basic-certification-test-plan", _STATIC, _BASIC),
    _oidc_plan("oidcc-config-certification-test-plan", {}, {}),
    _oidc_plan("oidcc-rp-initiated-logout-certification-test-plan", _CODE, _LOGOUT),
    _channel_plan("backchannel"),
    _channel_plan("frontchannel"),
    _fapi_plan(fapi_clients.DPOP, "private_key_jwt", "dpop"),
    _fapi_plan(fapi_clients.MTLS_BOUND, "private_key_jwt", "mtls"),
    _fapi_plan(fapi_clients.MTLS, "mtls", "mtls"),
    Plan(
        name="fapi2-message-signing-final-test-plan",
        file="fapi2-message-signing-final",
        variant={
            **_SIGNED.variant,
            "fapi_request_method": "signed_non_repudiation",
            "fapi_response_mode": "jarm",
        },
        fapi=fapi_clients.MESSAGE_SIGNING,
        scripts=_FAPI_SCRIPTS,
    ),
)
