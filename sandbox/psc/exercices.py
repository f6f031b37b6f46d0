"""The shape of `SubjectRefPro`: exercices and activities, exact member names (facts/psc §4.2)."""

from collections.abc import Mapping
from typing import Any

# Order and casing as PSC writes them; every value is a string, "" when unknown.
ACTIVITY_MEMBERS = (
    "codeModeExercice",
    "codeSecteurDactivite",
    "codeSectionPharmacien",
    "codeRole",
    "codeGenreActivite",
    "numeroSiretSite",
    "numeroSirenSite",
    "numeroFinessSite",
    "numeroFinessetablissementJuridique",
    "identifiantTechniqueDeLaStructure",
    "raisonSocialeSite",
    "enseigneCommercialeSite",
    "complementDestinataire",
    "complementPointGeographique",
    "numeroVoie",
    "indiceRepetitionVoie",
    "codeTypeDeVoie",
    "libelleVoie",
    "mentionDistribution",
    "bureauCedex",
    "codePostal",
    "codeCommune",
    "codePays",
    "telephone",
    "telephone2",
    "telecopie",
    "adresseEMail",
    "codeDepartement",
    "ancienIdentifiantDeLaStructure",
    "autoriteDenregistrement",
)
_EXERCICE_MEMBERS = (
    "codeProfession",
    "codeCategorieProfessionnelle",
    "codeCiviliteDexercice",
    "nomDexercice",
    "prenomDexercice",
    "codeTypeSavoirFaire",
    "codeSavoirFaire",
    "activities",
)


def activity(**known: str) -> dict[str, str]:
    """Returns a complete activity, unknown members empty. Raises KeyError for a member that PSC does not have."""
    return _complete(ACTIVITY_MEMBERS, known)


def exercice(*activities: Mapping[str, str], **known: str) -> dict[str, Any]:
    """Returns a complete exercice. Raises KeyError for a member that PSC does not have."""
    return {**_complete(_EXERCICE_MEMBERS, known), "activities": list(activities)}


def _complete(members: tuple[str, ...], known: Mapping[str, str]) -> dict[str, Any]:
    for member in known:
        if member not in members:
            raise KeyError(member)
    return {member: known.get(member, "") for member in members}
