"""What PSC says of a person in the userinfo.

Contains the derivations of facts/psc §4.1 and §11.3. Not here: tokens, HTTP.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.psc.identity import Identity

# The storage component of the sandbox realm (facts/psc §5.1); the namespace of the other format is our own.
_FEDERATION = "550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd"
_MISMATCHED_ID = "899700999991"

_SUBJECTS: Mapping[str, Callable[[str], str]] = {
    "federated": lambda national_id: f"f:{_FEDERATION}:{national_id}",
    # RFC 6749 A.1 and Core §2 allow it; never seen.
    "with_space": lambda national_id: f"f {_FEDERATION} {national_id}",
    "uuid": lambda national_id: str(uuid.uuid5(uuid.UUID(_FEDERATION), national_id)),
    # Never seen: a fault at which a relying party must not sign the person in.
    "same_for_all": lambda national_id: f"f:{_FEDERATION}:everybody",
}
#: What the switch of that name adds to every surname.
_NEW_NAME = "MARIAGE"


def subject(person: Identity, sub_format: str) -> str:
    return _SUBJECTS[sub_format](person.national_id)


def mismatched_subject(sub_format: str) -> str:
    """Returns a `sub` of no person, for the switch of that name."""
    found = _SUBJECTS[sub_format](_MISMATCHED_ID)
    return f"{found}-else" if sub_format == "same_for_all" else found


def surname(person: Identity, *, is_new: bool) -> str:
    return f"{person.family_name} {_NEW_NAME}" if is_new else person.family_name


def renamed(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the userinfo of the same person after a change of name: civil, and of each exercice."""
    told = {**claims, "family_name": f"{claims['family_name']} {_NEW_NAME}"}
    if "SubjectRefPro" in told:
        exercices = [
            {**one, "nomDexercice": f"{one['nomDexercice']} {_NEW_NAME}"}
            for one in told["SubjectRefPro"]["exercices"]
        ]
        told["SubjectRefPro"] = {**told["SubjectRefPro"], "exercices": exercices}
    return told


def other_ids(person: Identity) -> list[dict[str, Any]]:
    return [
        {"identifiant": identifier, "origine": origin, "qualite": 1}
        for identifier, origin in person.other_ids
    ]


def with_two_rpps(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the userinfo with one RPPS more among the linked identifiers, for the switch of that name."""
    another = {"identifiant": _MISMATCHED_ID, "origine": "RPPS", "qualite": 1}
    return {**claims, "otherIds": [*claims.get("otherIds", []), another]}


def basic_userinfo(person: Identity, sub: str) -> dict[str, Any]:
    """Returns the userinfo without `scope_all`: the names only."""
    return {
        "sub": sub,
        "preferred_username": person.national_id,
        "given_name": person.given_name,
        "family_name": person.family_name,
    }


def full_userinfo(person: Identity, sub: str, auth_mode: str | None) -> dict[str, Any]:
    """Returns everything, as for `scope_all`. `auth_mode` None leaves `authMode` out."""
    first = _first_activity(person)
    sector = first.get("codeSecteurDactivite", "")
    claims = {
        "Secteur_Activite": f"{sector}^1.2.250.1.71.4.2.4" if sector else "",
        "sub": sub,
        "SubjectOrganization": first.get("raisonSocialeSite", ""),
        "Mode_Acces_Raison": "",
        "preferred_username": person.national_id,
        "given_name": person.given_name,
        "Acces_Regulation_Medicale": "FAUX",
        "UITVersion": "1.0",
        **({"authMode": auth_mode} if auth_mode else {}),
        "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
        "SubjectRefPro": person.ref_pro,
        "SubjectOrganizationID": first.get("identifiantTechniqueDeLaStructure", ""),
        "SubjectRole": _roles(person),
        "PSI_Locale": "1.2.250.1.213.1.3.1.1",
        "otherIds": other_ids(person),
        "SubjectNameID": person.national_id,
        "family_name": person.family_name,
        **person.added,
    }
    return {member: value for member, value in claims.items() if member not in person.omitted}


def _first_activity(person: Identity) -> Mapping[str, str]:
    """Returns the first activity of the first exercice, empty when there is none."""
    for exercice in person.ref_pro["exercices"][:1]:
        for activity in exercice.get("activities", ())[:1]:
            found: Mapping[str, str] = activity
            return found
    return {}


def _roles(person: Identity) -> list[str]:
    professions = [exercice["codeProfession"] for exercice in person.ref_pro["exercices"]]
    return [f"{code}^1.2.250.1.213.1.1.5.5" for code in dict.fromkeys(professions) if code]
