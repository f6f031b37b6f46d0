"""The certification plans as the OpenID Foundation's suite lists them: docs/conformance.md says from where.

Each module has a test of its name, `-` written `_`, in the file of its plan; `test_plans` holds this table to it.
"""

BASIC = (
    "oidcc-server",
    "oidcc-response-type-missing",
    "oidcc-idtoken-signature",
    "oidcc-idtoken-unsigned",
    "oidcc-userinfo-get",
    "oidcc-userinfo-post-header",
    "oidcc-userinfo-post-body",
    "oidcc-ensure-request-without-nonce-succeeds-for-code-flow",
    "oidcc-scope-profile",
    "oidcc-scope-email",
    "oidcc-scope-address",
    "oidcc-scope-phone",
    "oidcc-scope-all",
    "oidcc-ensure-other-scope-order-succeeds",
    "oidcc-alternate-happy-flow",
    "oidcc-display-page",
    "oidcc-display-popup",
    "oidcc-prompt-login",
    "oidcc-prompt-none-not-logged-in",
    "oidcc-prompt-none-logged-in",
    "oidcc-max-age-1",
    "oidcc-max-age-10000",
    "oidcc-ensure-request-with-unknown-parameter-succeeds",
    "oidcc-id-token-hint",
    "oidcc-login-hint",
    "oidcc-ui-locales",
    "oidcc-claims-locales",
    "oidcc-ensure-request-with-acr-values-succeeds",
    "oidcc-codereuse",
    "oidcc-codereuse-30seconds",
    "oidcc-ensure-registered-redirect-uri",
    "oidcc-ensure-post-request-succeeds",
    "oidcc-server-client-secret-post",
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
    "oidcc-claims-essential",
    "oidcc-ensure-request-object-with-redirect-uri",
    "oidcc-refresh-token",
    "oidcc-ensure-request-with-valid-pkce-succeeds",
)

#: Plan → file of its tests, modules in the suite's order.
PLANS = {
    "oidcc-basic-certification-test-plan": ("test_basic_plan", BASIC),
    "oidcc-formpost-basic-certification-test-plan": ("test_form_post_basic_plan", BASIC),
    "oidcc-config-certification-test-plan": ("test_config_plan", ("oidcc-discovery-endpoint-verification",)),
    "oidcc-rp-initiated-logout-certification-test-plan": (
        "test_rp_initiated_logout_plan",
        (
            "oidcc-rp-initiated-logout-discovery-endpoint-verification",
            "oidcc-rp-initiated-logout",
            "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
            "oidcc-rp-initiated-logout-modified-id-token-hint",
            "oidcc-rp-initiated-logout-no-id-token-hint",
            "oidcc-rp-initiated-logout-no-params",
            "oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
            "oidcc-rp-initiated-logout-no-state",
            "oidcc-rp-initiated-logout-only-state",
            "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
            "oidcc-rp-initiated-logout-bad-id-token-hint",
        ),
    ),
    "oidcc-frontchannel-rp-initiated-logout-certification-test-plan": (
        "test_front_channel_logout_plan",
        (
            "oidcc-frontchannel-logout-discovery-endpoint-verification",
            "oidcc-frontchannel-rp-initiated-logout",
        ),
    ),
    "oidcc-backchannel-rp-initiated-logout-certification-test-plan": (
        "test_back_channel_logout_plan",
        (
            "oidcc-backchannel-logout-discovery-endpoint-verification",
            "oidcc-backchannel-rp-initiated-logout",
        ),
    ),
}

#: What the suite leaves out, or ends as « skipped », for a provider like ours; the test asserts the condition.
NOT_APPLICABLE = {
    "oidcc-idtoken-signature": "needs dynamic registration, which the metadata does not offer",
    "oidcc-scope-phone": "the scope is not offered; asked for, it is ignored",
    "oidcc-idtoken-unsigned": "needs dynamic registration; `none` is not among the ID Token's algorithms",
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported": (
        "needs dynamic registration; request_uri is refused as unsupported"
    ),
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": (
        "unsigned request objects are refused as unsupported"
    ),
    "oidcc-ensure-request-object-with-redirect-uri": "unsigned request objects are not offered",
}
