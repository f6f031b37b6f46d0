"""What an identity of the simulator is, and how one is written.

Contains the records and their builders. Not here: the people (`identities`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.psc.exercices import exercice


@dataclass(frozen=True, slots=True)
class Identity:
    id: str
    national_id: str
    given_name: str
    family_name: str
    ref_pro: Mapping[str, Any]
    note_fr: str
    note_en: str
    other_ids: tuple[tuple[str, str], ...]  # (identifiant, origine)
    added: Mapping[str, Any] = field(default_factory=dict)  # userinfo members of this sample only
    omitted: frozenset[str] = frozenset()  # userinfo members this sample does not have

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


def practice(
    code: str, speciality: str, given: str, family: str, *where: Mapping[str, str]
) -> dict[str, Any]:
    """Returns one exercice. `code`: profession and category together, as ANS writes them: `10C`."""
    profession, category = code[:-1], code[-1]
    return exercice(
        *where,
        codeProfession=profession,
        codeCategorieProfessionnelle=category,
        codeCiviliteDexercice="DR" if code == "10C" else "",
        nomDexercice=family,
        prenomDexercice=given,
        codeTypeSavoirFaire="S" if speciality else "",
        codeSavoirFaire=speciality,
    )


def holder(civility: str, *exercices: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"codeCivilite": civility, "exercices": list(exercices)}


def person(
    id: str,
    national_id: str,
    name: tuple[str, str],
    ref_pro: Mapping[str, Any],
    note: tuple[str, str],
    *other_ids: tuple[str, str],
    **quirks: Any,
) -> Identity:
    """Returns an identity. Default of `other_ids`: the national identifier itself, of origin RPPS."""
    return Identity(
        id, national_id, *name, ref_pro, *note, other_ids=other_ids or ((national_id, "RPPS"),), **quirks
    )
