"""`SubjectRefPro` of the published payloads P1 to P5 (facts/psc §4.5), member for member. Data only."""

from collections.abc import Mapping
from typing import Any

from sandbox.psc.exercices import activity, exercice

_HOSPITAL = activity(
    codeModeExercice="S",
    codeSecteurDactivite="SA01",
    numeroFinessSite="0B0193488",
    numeroFinessetablissementJuridique="1B0064166",
    identifiantTechniqueDeLaStructure="F0B0193488",
    raisonSocialeSite="HOPITAL GENERIQUE  FIN VARI",
    numeroVoie="10",
    codeTypeDeVoie="R",
    libelleVoie="DE PARIS",
    bureauCedex="PARIS",
    codePostal="75009",
    ancienIdentifiantDeLaStructure="10B0193488",
    autoriteDenregistrement="CNOM/CNOM/ARS",
)

P1: Mapping[str, Any] = {
    "codeCivilite": "M",
    "exercices": [
        exercice(
            activity(
                codeModeExercice="L",
                codeSecteurDactivite="SA07",
                codeGenreActivite="GENR01",
                raisonSocialeSite="CAB MED BIS TOUBIB0023550",
                codeTypeDeVoie="R",
                libelleVoie="PARIS",
                codePostal="75009",
                codeCommune="75109",
                codeDepartement="75",
            ),
            activity(
                codeModeExercice="S",
                codeSecteurDactivite="SA43",
                codeGenreActivite="GENR01",
                numeroSiretSite="00000000016972",
                numeroSirenSite="000000000",
                raisonSocialeSite="CONSEIL DES ORDRES",
                numeroVoie="28",
                codeTypeDeVoie="R",
                libelleVoie="DES INVALIDES",
                codePostal="75009",
                codeCommune="75109",
                codeDepartement="75",
            ),
            codeProfession="10",
            codeCategorieProfessionnelle="C",
            codeCiviliteDexercice="M",
            nomDexercice="Docteur OIDC",
            prenomDexercice="Paul",
            codeTypeSavoirFaire="S",
            codeSavoirFaire="SM54",
        )
    ],
}


def _surgery(number: str, national_id: str) -> dict[str, str]:
    """Returns the liberal activity of the test cards, named after the card."""
    return activity(
        codeModeExercice="L",
        codeSecteurDactivite="SA07",
        identifiantTechniqueDeLaStructure="R102671",
        raisonSocialeSite=f"CABINET M {number}",
        complementDestinataire="CABINET M DOC",
        numeroVoie="1",
        codeTypeDeVoie="R",
        libelleVoie="NOIR",
        bureauCedex="75009 PARIS",
        codePostal="75009",
        codePays="99000",
        ancienIdentifiantDeLaStructure=f"4{national_id[1:]}006",
        autoriteDenregistrement="CNOM/CNOM/CNOM",
    )


def _card_physician(number: str, national_id: str) -> dict[str, Any]:
    return exercice(
        _surgery(number, national_id),
        _HOSPITAL,
        codeProfession="10",
        codeCategorieProfessionnelle="C",
        codeCiviliteDexercice="DR",
        nomDexercice=number,
        prenomDexercice="KIT",
        codeTypeSavoirFaire="S",
        codeSavoirFaire="SM26",
    )


P2: Mapping[str, Any] = {"codeCivilite": "M", "exercices": [_card_physician("DOC0042788", "899700427885")]}

_PODIATRY = activity(
    codeModeExercice="L",
    codeSecteurDactivite="SA07",
    identifiantTechniqueDeLaStructure="R81311",
    raisonSocialeSite="CABINET PODO0023704",
    codePostal="75009",
    ancienIdentifiantDeLaStructure="499700237045007",
    autoriteDenregistrement="CNOPP/CNOPP/CNOPP",
)
# P3 holds codeCivilite and codeGenreActivite at the top of the userinfo, not here (facts/psc §4.1).
P3: Mapping[str, Any] = {
    "exercices": [
        exercice(
            {member: value for member, value in _PODIATRY.items() if member != "codeGenreActivite"},
            codeProfession="80",
            codeCategorieProfessionnelle="C",
            nomDexercice="PODOLOGUE",
            prenomDexercice="Camille",
        )
    ]
}
P3_TOP_LEVEL: Mapping[str, str] = {"codeCivilite": "M", "codeGenreActivite": "GENR01"}

P4: Mapping[str, Any] = {
    "exercices": [
        {
            "codeProfession": "10",
            "nomDexercice": "DOC0021889",
            "prenomDexercice": "KIT",
            "codeTypeSavoirFaire": "",
        }
    ]
}

P5: Mapping[str, Any] = {
    "codeCivilite": "M",
    "exercices": [_card_physician("DOC0036624", "899700366240") for _ in range(2)],
}
