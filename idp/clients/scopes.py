"""Which claims each scope may release: names only, read by clients.yaml and by the endpoints. No value, no account."""

from collections.abc import Iterable, Mapping

#: OpenID Connect Core §5.4, and our `professional`; also the order of discovery.
CLAIMS_OF_SCOPE: Mapping[str, tuple[str, ...]] = {
    "openid": ("sub",),
    "profile": ("name", "family_name", "given_name", "locale"),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "professional": (
        "rpps",
        "SubjectNameID",
        "profession",
        "specialities",
        "identity_source",
        "identity_verified_at",
    ),
    # As Pro Santé Connect last told them (`protocol/claims/upstream_claims`).
    "psc": ("SubjectRefPro", "SubjectRole", "otherIds"),
    "professional_context": ("professional_context",),
}


def claims_of(scopes: Iterable[str]) -> tuple[str, ...]:
    return tuple(claim for scope in scopes for claim in CLAIMS_OF_SCOPE.get(scope, ()))
