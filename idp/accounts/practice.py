"""The professional contexts of a person: each exercice at each place of work.

Contains reading them from `SubjectRefPro` as received (any JSON), and the port to the choice a person made for one
application. Not here: storage, the page.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from idp.accounts.account import AccountId
from idp.cards.nomenclature import (
    IN_TRAINING,
    CodedLabel,
    future_profession_label,
    profession_label,
    speciality_label,
)
from idp.cards.typed_text import one_line

Json = Mapping[str, object]

#: More than any person has, and short enough for any page.
_MAX_PRACTICES, _MAX_TEXT = 50, 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """One exercice at one place. Unknown texts are ""; codes are as received (TRE_R02, R22…)."""

    profession: CodedLabel | None
    #: C civil, M military, E student.
    category: str
    speciality: CodedLabel | None
    #: L liberal, S salaried, B volunteer.
    mode: str
    sector: str
    structure_id: str
    structure_name: str
    finess: str
    siret: str
    postal_code: str
    city: str
    #: FINESS of the legal entity that runs the place. No part of what names or is released of the context.
    legal_finess: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """Returns the name of this context, which changes when any part of the context changes."""
        named = (value for name, value in asdict(self).items() if name != "legal_finess")
        parts = "\0".join(str(part) for part in named)
        return hashlib.sha256(parts.encode("utf-8", "backslashreplace")).hexdigest()[:32]

    def is_at(self, structure: str) -> bool:
        """Whether it is at the structure of this number: a FINESS, of the place or of its legal entity, or a SIRET."""
        return structure in {self.finess, self.legal_finess, self.siret} - {""}

    def released(self) -> dict[str, Any]:
        """Returns the claim, without the unknown members."""
        structure = {
            "id": self.structure_id,
            "name": self.structure_name,
            "finess": self.finess,
            "siret": self.siret,
            "postal_code": self.postal_code,
            "city": self.city,
        }
        told: dict[str, Any] = {
            "profession": asdict(self.profession) if self.profession else "",
            "category": self.category,
            "speciality": asdict(self.speciality) if self.speciality else "",
            "mode": self.mode,
            "sector": self.sector,
            "structure": {name: value for name, value in structure.items() if value},
        }
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class ChosenPractice:
    key: str
    chosen_at: datetime


class ProfessionalContexts(Protocol):
    """What each person chose for each application."""

    def chosen(self, account_id: AccountId, client_id: str) -> ChosenPractice | None: ...

    def choose(self, account_id: AccountId, client_id: str, chosen: ChosenPractice) -> None:
        """Replace an earlier choice."""

    def all_chosen(self, account_id: AccountId) -> Mapping[str, ChosenPractice]:
        """Returns the choices by `client_id`."""

    def forget(self, account_id: AccountId, client_id: str) -> None:
        """Does nothing when nothing is chosen."""


def practices_of(claims: Json) -> tuple[Practice, ...]:
    """Returns every context once, in the order received. An exercice without a place is one context."""
    ref_pro = claims.get("SubjectRefPro")
    exercices = ref_pro.get("exercices") if isinstance(ref_pro, dict) else None
    found = dict.fromkeys(
        _practice(exercice, activity)
        for exercice in _objects(exercices)
        for activity in (*_objects(exercice.get("activities")),) or ({},)
    )
    return tuple(found)[:_MAX_PRACTICES]


def current_practice(practices: tuple[Practice, ...], key: str | None) -> Practice | None:
    """Returns the only context there is, or the one chosen; None while there are several and none is chosen."""
    # A choice made among several does not count against the only one left.
    if len(practices) == 1:
        return practices[0]
    return next((one for one in practices if one.key == key), None)


def _practice(exercice: Json, activity: Json) -> Practice:
    category = _text(exercice, "codeCategorieProfessionnelle")
    profession, speciality = _text(exercice, "codeProfession"), _text(exercice, "codeSavoirFaire")
    label = future_profession_label if category == IN_TRAINING else profession_label
    return Practice(
        profession=CodedLabel(profession, label(profession)) if profession else None,
        category=category,
        speciality=CodedLabel(speciality, speciality_label(speciality)) if speciality else None,
        mode=_text(activity, "codeModeExercice"),
        sector=_text(activity, "codeSecteurDactivite"),
        structure_id=_text(activity, "identifiantTechniqueDeLaStructure"),
        structure_name=_text(activity, "raisonSocialeSite") or _text(activity, "enseigneCommercialeSite"),
        finess=_text(activity, "numeroFinessSite"),
        siret=_text(activity, "numeroSiretSite"),
        postal_code=_text(activity, "codePostal"),
        city=_text(activity, "bureauCedex"),
        legal_finess=_text(activity, "numeroFinessetablissementJuridique"),
    )


def _text(members: Json, name: str) -> str:
    """Returns one line without control characters (facts/security T14)."""
    value = members.get(name)
    if not isinstance(value, str):
        return ""
    return one_line(value[:1000])[:_MAX_TEXT]


def _objects(value: object) -> Iterator[Json]:
    entries = value if isinstance(value, list) else []
    return (one for one in entries[:_MAX_PRACTICES] if isinstance(one, dict))
