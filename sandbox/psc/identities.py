"""The test persons of the simulator, who can sign in.

Contains data only: numbers 997… are test RPPS with a valid Luhn key, and a national identifier is `8` + RPPS (facts/psc
§4.4). Every person can use both means, card and e-CPS; some really would have only one. Not here: what PSC says of them
(`claims`).
"""

from collections.abc import Mapping

from sandbox.psc import samples
from sandbox.psc.exercices import activity
from sandbox.psc.identity import Identity, holder, person, practice

_P4_OMITTED = frozenset(
    [
        "Secteur_Activite",
        "sub",
        "SubjectOrganization",
        "Mode_Acces_Raison",
        "preferred_username",
        "Acces_Regulation_Medicale",
        "UITVersion",
        "authMode",
        "Palier_Authentification",
        "SubjectOrganizationID",
        "SubjectRole",
        "PSI_Locale",
        "otherIds",
    ]
)
_NO_AUTH_MODE = frozenset({"authMode"})

_SURGERY = activity(
    codeModeExercice="L",
    codeSecteurDactivite="SA07",
    codeGenreActivite="GENR01",
    identifiantTechniqueDeLaStructure="R100001",
    raisonSocialeSite="CABINET MEDICAL DE DEMONSTRATION",
    numeroVoie="12",
    codeTypeDeVoie="R",
    libelleVoie="DES LILAS",
    bureauCedex="75019 PARIS",
    codePostal="75019",
    autoriteDenregistrement="CNOM/CNOM/CNOM",
)
_CLINIC = activity(
    codeModeExercice="S",
    codeSecteurDactivite="SA01",
    codeGenreActivite="GENR01",
    numeroFinessSite="0B0193488",
    identifiantTechniqueDeLaStructure="F0B0193488",
    raisonSocialeSite="HOPITAL DE DEMONSTRATION",
    codePostal="75009",
    autoriteDenregistrement="CNOM/CNOM/ARS",
)
_SECRETARIAT = activity(
    codeModeExercice="S",
    codeSecteurDactivite="SA01",
    numeroFinessSite="0B0185195",
    identifiantTechniqueDeLaStructure="F0B0185195",
    raisonSocialeSite="HOPITAL GENERIQUE FIN VARI",
)


_LEFEBVRE, _MARTIN, _BENALI, _GIRARD = (
    ("Marie", "LEFEBVRE"),
    ("Paul", "MARTIN"),
    ("Nadia", "BENALI"),
    ("Luc", "GIRARD"),
)
_STUDENT, _MIGRATED, _BARE = ("Jeanne", "ROUX"), ("Hugo", "FAURE"), ("Alice", "GARNIER")
_FORMER_ADELI, _PSYCHOLOGIST, _NEWCOMER = (("Inès", "CHEVALIER"), ("Claire", "MOREL"), ("Noé", "LAMBERT"))
_PSY = practice("93C", "", *_PSYCHOLOGIST, _SURGERY)

IDENTITIES: tuple[Identity, ...] = (
    person(
        "lefebvre",
        "899700000013",
        _LEFEBVRE,
        holder("MME", practice("10C", "SM54", *_LEFEBVRE, _SURGERY)),
        ("médecin généraliste", "general practitioner"),
    ),
    person(
        "martin",
        "899700000021",
        _MARTIN,
        holder("M", practice("10C", "SM04", *_MARTIN, _CLINIC), practice("10C", "SM26", *_MARTIN, _SURGERY)),
        ("médecin, deux exercices et deux spécialités", "physician, two exercices and two specialities"),
    ),
    person(
        "benali",
        "899700000039",
        _BENALI,
        holder("MME", practice("60C", "", *_BENALI, _CLINIC)),
        ("infirmière, sans spécialité", "nurse, no speciality"),
    ),
    person(
        "girard",
        "899700000047",
        _GIRARD,
        holder("M", practice("10C", "SM26", *_GIRARD, _SURGERY)),
        ("médecin sans compte", "physician with no account anywhere"),
    ),
    person(
        "kit",
        "899700427885",
        ("KIT", "DOC0042788"),
        samples.P2,
        ("médecin, carte de test (P2)", "physician, test card (P2)"),
    ),
    person(
        "edit",
        "ANS20210107161422",
        ("Paul", "NOM"),
        samples.P1,
        ("médecin, identité EDIT (P1)", "physician, EDIT identity (P1)"),
        ("ANS20210107161422", "EDIT"),
        added={"email_verified": False},
        omitted=_NO_AUTH_MODE,
    ),
    person(
        "podologue",
        "ANS20231122132732",
        ("Camille", "PODOLOGUE"),
        samples.P3,
        ("pédicure-podologue, identité EDIT (P3)", "podiatrist, EDIT identity (P3)"),
        ("ANS20231122132732", "EDIT"),
        added=samples.P3_TOP_LEVEL,
        omitted=_NO_AUTH_MODE,
    ),
    person(
        "deux-exercices",
        "899700366240",
        ("KIT", "DOC0036624"),
        samples.P5,
        ("médecin, deux exercices identiques (P5)", "physician, two identical exercices (P5)"),
    ),
    person(
        "minimal",
        "899700218896",
        ("KIT", "DOC0021889"),
        samples.P4,
        ("médecin, userinfo minimal sans sub (P4)", "physician, minimal userinfo without sub (P4)"),
        omitted=_P4_OMITTED,
    ),
    person(
        "etudiante",
        "899700005020",
        _STUDENT,
        holder("MME", practice("10E", "", *_STUDENT, _CLINIC)),
        ("étudiante en médecine (10/E)", "medical student (10/E)"),
    ),
    person(
        "cpe",
        "30B0185195/CPET00001",
        ("Sophie", "CPET00001"),
        # There is no published sample of such a holder: an exercice without profession is our guess.
        holder("MME", practice("C", "", "Sophie", "CPET00001", _SECRETARIAT)),
        ("employée de structure, sans RPPS (FINESS)", "employee of a structure, no RPPS (FINESS)"),
        ("30B0185195/CPET00001", "FINESS"),
    ),
    person(
        "cpa",
        "500000001815646/CPAT00045",
        ("Denis", "CPAT00045"),
        holder("M", practice("C", "", "Denis", "CPAT00045", activity(numeroSiretSite="00000001815646"))),
        ("employé de structure, sans RPPS (SIRET)", "employee of a structure, no RPPS (SIRET)"),
        ("500000001815646/CPAT00045", "SIRET"),
    ),
    person(
        "adeli",
        "0759300015",
        _PSYCHOLOGIST,
        holder("MME", _PSY),
        ("psychologue, ADELI seul", "psychologist, ADELI only"),
        ("0759300015", "ADELI"),
    ),
    person(
        "rpps-adeli",
        "899700005038",
        _MIGRATED,
        holder("M", practice("70C", "", *_MIGRATED, _SURGERY)),
        ("masseur-kinésithérapeute, RPPS et ADELI", "physiotherapist, RPPS and ADELI"),
        ("899700005038", "RPPS"),
        ("0757000021", "ADELI"),
    ),
    person(
        "adeli-rpps",
        "0759100033",
        _FORMER_ADELI,
        holder("MME", practice("91C", "", *_FORMER_ADELI, _SURGERY)),
        (
            "orthophoniste, identifiant ADELI et RPPS dans otherIds",
            "speech therapist, ADELI identifier, RPPS in otherIds",
        ),
        ("0759100033", "ADELI"),
        ("899700005046", "RPPS"),
    ),
    person(
        "rpps-nu",
        "99700005053",
        _BARE,
        holder("MME", practice("10C", "SM54", *_BARE, _SURGERY)),
        ("médecin, RPPS à 11 chiffres sans le 8", "physician, bare 11-digit RPPS"),
    ),
    person(
        "sans-exercice",
        "899700005012",
        _NEWCOMER,
        holder("M"),
        ("RPPS sans aucun exercice", "RPPS, no exercice at all"),
    ),
)

BY_ID: Mapping[str, Identity] = {known.id: known for known in IDENTITIES}
_BY_NATIONAL_ID: Mapping[str, Identity] = {known.national_id: known for known in IDENTITIES}


def find_by_identifier(typed: str) -> Identity | None:
    """Returns the person of an identifier typed by hand: spaces are ignored, the `8` before an RPPS is optional."""
    compact = "".join(typed.split()).upper()
    return _BY_NATIONAL_ID.get(compact) or _BY_NATIONAL_ID.get(f"8{compact}")
