"""Contains the names under which an upstream gives what Pro Santé Connect gives under its own. Not here: reading it.

Everything behind this knows Pro Santé Connect's names alone (facts/psc §4.1).
"""

from collections.abc import Mapping

from idp.settings.psc import PscSettings

Claims = Mapping[str, object]


def _chosen(settings: PscSettings) -> Mapping[str, str]:
    """Returns the operator's name of each claim, by Pro Santé Connect's."""
    return {
        "SubjectNameID": settings.claim_rpps,
        "otherIds": settings.claim_linked_ids,
        "family_name": settings.claim_family_name,
        "given_name": settings.claim_given_name,
        "SubjectRefPro": settings.claim_activities,
    }


def known_names(claims: Claims, settings: PscSettings) -> Claims:
    """Returns the claims under Pro Santé Connect's names.

    A claim that the operator named otherwise is read nowhere else: its usual name may mean another thing there.
    """
    chosen = {known: name for known, name in _chosen(settings).items() if name != known}
    if not chosen:
        return claims
    unread = {*chosen, *(("otherIDs",) if "otherIds" in chosen else ())}
    kept = {name: value for name, value in claims.items() if name not in unread}
    told = {known: claims[name] for known, name in chosen.items() if name in claims}
    if isinstance(told.get("SubjectRefPro"), list):
        told["SubjectRefPro"] = {"exercices": told["SubjectRefPro"]}
    return {**kept, **told}
