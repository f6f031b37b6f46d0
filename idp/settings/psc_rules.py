"""Contains the rules of Pro Santé Connect, judged only when it is configured. Not here: its settings (`psc`)."""

from dataclasses import fields

from idp.settings.faults import Rule
from idp.settings.psc import IS_IDP_HINT, PscSettings, is_http_loopback, is_https
from idp.settings.psc_presets import ENDPOINTS

# facts/psc §5.3: these mean "no level" at PSC, and never prove anything.
_NEVER_ACCEPTED_ACR = frozenset({"", "0", "1"})
_ALLOWED = "https, or http on loopback as PSC_ISSUER itself"
_OTHER = "another URL"
#: What `is_configured` reads: an issuer that cannot serve is set all the same.
_CONFIGURED = "PSC_ENVIRONMENT:presence PSC_ISSUER:presence"


def _refuses(name: str) -> tuple[Rule[PscSettings], ...]:
    """Returns the rules of an address that the operator sets: of any issuer, then of this one."""

    def can_never_be(psc: PscSettings) -> bool:
        url = str(getattr(psc, name))
        return psc.is_configured and url != "" and not is_https(url) and not is_http_loopback(url)

    def is_not_as_issuer(psc: PscSettings) -> bool:
        url = str(getattr(psc, name))
        return psc.is_configured and url != "" and not psc.allows(url)

    variable = f"PSC_{name.upper()}"
    return (
        Rule(names=variable, expected=_ALLOWED, is_broken=can_never_be, it_is=_OTHER, beside=_CONFIGURED),
        Rule(
            names=variable,
            expected=_ALLOWED,
            is_broken=is_not_as_issuer,
            it_is=_OTHER,
            beside="PSC_ENVIRONMENT PSC_ISSUER",
        ),
    )


def _no_name(field: str) -> Rule[PscSettings]:
    """Returns the rule of a claim's name. One with a space, or none, is a slip of the pen: it would find nothing."""

    def is_none(psc: PscSettings) -> bool:
        name = str(getattr(psc, field))
        return not name.isprintable() or name == "" or " " in name

    return Rule(
        names=f"PSC_{field.upper()}", expected="the name of a claim", is_broken=is_none, it_is="no such name"
    )


def _is_hint(text: str) -> bool:
    name, _, hint = text.partition("=")
    return bool(name) and IS_IDP_HINT.fullmatch(hint) is not None


RULES: tuple[Rule[PscSettings], ...] = (
    Rule(
        names="PSC_IDP_HINTS",
        expected="such as CHU_de_Lille=OKTA_chu-lille: a name, and letters, digits, dots, dashes, underscores",
        is_broken=lambda s: not all(map(_is_hint, s.idp_hints)),
        it_is="a list with something else",
    ),
    Rule(
        names="PSC_IDP_HINTS",
        expected="one hint for each name",
        is_broken=lambda s: len(s.hint_by_name) < len(s.idp_hints),
        it_is="a list with a name twice",
    ),
    *(_no_name(field.name) for field in fields(PscSettings) if field.name.startswith("claim_")),
    Rule(
        names="PSC_ISSUER",
        expected="https, or http on loopback",
        is_broken=lambda s: bool(s.own_issuer) and not s.allows(s.own_issuer),
        it_is=_OTHER,
        leaves="presence",
    ),
    *(rule for name in ("discovery_url", *ENDPOINTS) for rule in _refuses(name)),
    Rule(
        names="PSC_CLIENT_ID",
        expected="set, with Pro Santé Connect",
        is_broken=lambda s: s.is_configured and not s.client_id,
        it_is="not set",
        beside="PSC_ENVIRONMENT PSC_ISSUER:presence",
    ),
    Rule(
        names="PSC_CLIENT_SECRET",
        expected="set, or PSC_CLIENT_AUTHENTICATION=tls_client_auth",
        is_broken=lambda s: s.is_configured and s.uses_secret and not s.client_secret,
        it_is="not set",
        beside="PSC_CLIENT_AUTHENTICATION PSC_ENVIRONMENT PSC_ISSUER:presence",
    ),
    Rule(
        names="PSC_CLIENT_CERTIFICATE_FILE",
        expected="together with CADUCEE_PSC_CLIENT_KEY_FILE, both or neither",
        is_broken=lambda s: s.is_configured and bool(s.client_certificate_file) != bool(s.client_key_file),
        it_is="one of the two",
        beside=f"PSC_CLIENT_KEY_FILE {_CONFIGURED}",
    ),
    Rule(
        names="PSC_CLIENT_CERTIFICATE_FILE",
        expected="tls_client_auth needs a client certificate and its key",
        is_broken=lambda s: s.is_configured and not s.uses_secret and not s.client_certificate_file,
        it_is="not set",
        beside=f"PSC_CLIENT_AUTHENTICATION {_CONFIGURED}",
    ),
    Rule(
        names="PSC_SCOPE",
        expected="scopes, openid among them",
        is_broken=lambda s: s.is_configured and "openid" not in s.scope.split(),
        it_is="without openid",
        beside=_CONFIGURED,
    ),
    Rule(
        names="PSC_ACCEPTED_ACR",
        expected="levels; 0 and 1 state none",
        is_broken=lambda s: s.is_configured and bool(_NEVER_ACCEPTED_ACR.intersection(s.accepted_acr)),
        it_is="a list with 0 or 1",
        beside=_CONFIGURED,
    ),
    Rule(
        names="PSC_ACCEPTED_ACR",
        expected="one level at least, or PSC_ACCEPT_MISSING_ACR=true",
        is_broken=lambda s: s.is_configured and not s.accepted_acr and not s.accept_missing_acr,
        it_is="empty",
        beside=f"PSC_ACCEPT_MISSING_ACR {_CONFIGURED}",
    ),
)
