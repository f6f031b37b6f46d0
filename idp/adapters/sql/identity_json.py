"""A proved identity to the JSON of a history row, and back.

Without the RPPS, which the account has and never changes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idp.accounts.account import ProvedIdentity
from idp.cards.nomenclature import CodedLabel


def pair(labelled: CodedLabel) -> dict[str, str]:
    return {"code": labelled.code, "label": labelled.label}


def identity_to_json(identity: ProvedIdentity) -> dict[str, Any]:
    return {
        "family_name": identity.family_name,
        "given_name": identity.given_name,
        "profession": None if identity.profession is None else pair(identity.profession),
        "specialities": [pair(one) for one in identity.specialities],
        "source": identity.source,
        "verified_at": identity.verified_at.isoformat(),
        "evidence": identity.evidence,
    }


def identity_from_json(value: Mapping[str, Any], rpps: str) -> ProvedIdentity:
    return ProvedIdentity(
        **{
            **value,
            "rpps": rpps,
            "profession": None if value["profession"] is None else CodedLabel(**value["profession"]),
            "specialities": tuple(CodedLabel(**one) for one in value["specialities"]),
            "verified_at": datetime.fromisoformat(value["verified_at"]),
        }
    )
