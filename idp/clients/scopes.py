"""Which claims each scope may release.

Contains names only, used by clients.yaml and by the endpoints. Not here: values, accounts.
"""

from collections.abc import Iterable, Mapping

OFFLINE_ACCESS = "offline_access"
#: OpenID Connect Core §5.4, and our `professional`; also the order of discovery.
CLAIMS_OF_SCOPE: Mapping[str, tuple[str, ...]] = {
    "openid": ("sub",),
    "profile": ("name", "family_name", "given_name", "locale"),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "professional": (
        "rpps",
        # What many libraries show or key a person by: the RPPS again, which no scope of the standard may give away.
        "preferred_username",
        "SubjectNameID",
        "profession",
        "specialities",
        "identity_source",
        "identity_verified_at",
    ),
    # As last received from Pro Santé Connect (`protocol/claims/upstream_claims`).
    "psc": ("SubjectRefPro", "SubjectRole", "otherIds"),
    "professional_context": ("professional_context",),
    # Core §11. No claim, and no other refresh token than its grant gives.
    OFFLINE_ACCESS: (),
}
#: What an ID Token may say of a person: not what Pro Santé Connect alone knows, nor its own `sub`.
ID_TOKEN_CLAIMS = tuple(
    claim for scope in ("profile", "email", "address", "professional") for claim in CLAIMS_OF_SCOPE[scope]
)


def claims_of(scopes: Iterable[str]) -> tuple[str, ...]:
    return tuple([claim for scope in scopes for claim in CLAIMS_OF_SCOPE.get(scope, ())])
