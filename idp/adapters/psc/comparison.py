"""What Pro Santé Connect publishes about itself, compared with what we expect. Pure. Not here: asking for it."""

from collections.abc import Iterator, Mapping

from idp.adapters.psc.discovery import PUSH_ENDPOINT, pushes
from idp.adapters.psc.finding import Finding, Level, shown
from idp.settings.psc import PscSettings
from idp.settings.psc_presets import ENDPOINTS

_WHY: Mapping[str, str] = {
    "authorization_endpoint": "people are sent there. Pro Santé Connect wants its wallet host, which differs from the "
    "issuer's; the stock discovery document names Keycloak's own endpoint instead",
    "token_endpoint": "codes are exchanged there, with our secret or certificate",
    "userinfo_endpoint": "the identity is read there",
    "jwks_uri": "the keys that verify each identity come from there",
    "end_session_endpoint": "without it, signing out here leaves their session open for the next colleague",
}


def compare(document: Mapping[str, object], settings: PscSettings) -> Iterator[Finding]:
    """Returns every difference between the published document and what we expect, explained."""
    issuer = document.get("issuer")
    if issuer != settings.issuer:
        # OpenID Connect Discovery 1.0 §4.3: octet by octet.
        is_near = isinstance(issuer, str) and issuer.rstrip("/") == settings.issuer.rstrip("/")
        slash = ". Only the final slash differs: write PSC_ISSUER as it is published" if is_near else ""
        yield Finding(
            Level.FAULT,
            f"issuer: expected {settings.issuer}, published {shown(issuer)}. The issuer is always the auth host, never "
            f"the wallet; with another one nobody can sign in{slash}",
        )
    for name in ENDPOINTS:
        yield from _compare_endpoint(name, document.get(name), settings)
    yield from _compare_push(document, settings)
    yield from _compare_abilities(document, settings)
    yield from _compare_levels(document, settings)


def _compare_endpoint(name: str, published: object, settings: PscSettings) -> Iterator[Finding]:
    own, expected = settings.endpoints.get(name), settings.expected.get(name)
    if own is not None and own != published:
        yield Finding(
            Level.NOTE, f"{name}: your setting {own} is in force, not the published {shown(published)}"
        )
    elif published is None:
        level = Level.NOTE if name == "end_session_endpoint" else Level.FAULT
        yield Finding(level, f"{name}: not published. {_WHY[name]}")
    elif not isinstance(published, str) or not settings.allows(published):
        yield Finding(Level.FAULT, f"{name}: published {shown(published)}, which is not https. {_WHY[name]}")
    elif expected is not None and expected != published:
        yield Finding(
            Level.NOTE,
            f"{name}: published {published} is in force, the preset knew {expected}: {_WHY[name]}. If this is no "
            "announced move, set the endpoint yourself and ask Pro Santé Connect",
        )
    else:
        yield Finding(Level.FINE, f"{name}: {published}")


#: Member, value it must list, why.
_ABILITIES = (
    ("response_types_supported", "code", "the only flow we use"),
    ("code_challenge_methods_supported", "S256", "PKCE protects the code"),
    ("id_token_signing_alg_values_supported", "RS256", "the only algorithm we accept"),
    (
        "claims_supported",
        "auth_time",
        "which says when it identified a person: without it, nobody who must be identified anew gets in",
    ),
)


def _compare_abilities(document: Mapping[str, object], settings: PscSettings) -> Iterator[Finding]:
    wanted = [
        *_ABILITIES,
        ("token_endpoint_auth_methods_supported", settings.client_authentication, "how we prove who we are"),
        *(("scopes_supported", scope, "a scope we ask for") for scope in settings.scope.split()),
    ]
    for name, value, why in wanted:
        listed = document.get(name)
        if isinstance(listed, list) and value not in listed:
            yield Finding(Level.NOTE, f"{name}: does not list {value}, {why}")
    if settings.backchannel_logout and document.get("backchannel_logout_session_supported") is not True:
        yield Finding(
            Level.NOTE,
            "backchannel_logout_session_supported: not announced. PSC_BACKCHANNEL_LOGOUT waits for logout tokens that "
            "name the session (sid)",
        )


def _compare_levels(document: Mapping[str, object], settings: PscSettings) -> Iterator[Finding]:
    """Returns a warning when no level is announced that we accept. The one of a preset announces none that counts, and
    sends one (facts/psc §1.1)."""
    listed = document.get("acr_values_supported")
    announced = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    if settings.expected or set(announced) & set(settings.accepted_acr):
        return
    accepted = " ".join(settings.accepted_acr) or "none"
    missing = "is accepted" if settings.accept_missing_acr else "is refused (PSC_ACCEPT_MISSING_ACR)"
    yield Finding(
        Level.NOTE,
        f"acr_values_supported: announces {shown(' '.join(announced)) if announced else 'no level'}, and "
        f"PSC_ACCEPTED_ACR is {accepted}. An ID token with another acr is refused, one without acr {missing}",
    )


def _compare_push(document: Mapping[str, object], settings: PscSettings) -> Iterator[Finding]:
    if not pushes(document, settings):
        return
    where = document.get(PUSH_ENDPOINT)
    if isinstance(where, str) and settings.allows(where):
        yield Finding(Level.FINE, f"requests are pushed first (RFC 9126): {where}")
    else:
        yield Finding(
            Level.FAULT, f"{PUSH_ENDPOINT}: published {shown(where)}, and requests have to be pushed there"
        )
