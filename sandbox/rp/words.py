"""The French sentences that a relying party shows for what may go wrong.

Contains texts by error code. Not here: markup.
"""

from collections.abc import Mapping

UNKNOWN_ERROR = (
    "La connexion n’a pas abouti",
    "Le fournisseur d’identité a signalé une erreur. Vous pouvez réessayer.",
)

# Codes of RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6: (title, explanation).
RETURNED: Mapping[str, tuple[str, str]] = {
    "access_denied": (
        "Connexion abandonnée",
        "La connexion a été refusée ou annulée. Aucune information ne nous a été transmise.",
    ),
    "login_required": (
        "Une connexion est nécessaire",
        "Vous n’avez pas de session ouverte auprès du fournisseur d’identité : il faut se connecter.",
    ),
    "interaction_required": (
        "Une étape est nécessaire",
        "Le fournisseur d’identité doit vous présenter une page avant de nous répondre.",
    ),
    "consent_required": (
        "Votre accord est nécessaire",
        "Le fournisseur d’identité doit vous présenter ses conditions avant de nous répondre.",
    ),
    "account_selection_required": (
        "Un choix est nécessaire",
        "Le fournisseur d’identité doit vous demander quel compte utiliser.",
    ),
    "unmet_authentication_requirements": (
        "Niveau de connexion insuffisant",
        "Le moyen de connexion utilisé n’atteint pas le niveau demandé.",
    ),
    "temporarily_unavailable": (
        "Service momentanément indisponible",
        "Le fournisseur d’identité ne peut pas répondre pour le moment.",
    ),
}

# By name of openid.Reason.
REFUSED: Mapping[str, str] = {
    "state_mismatch": (
        "Cette réponse ne correspond à aucune connexion commencée dans ce navigateur, "
        "ou elle a déjà servi (page rechargée, retour en arrière)."
    ),
    "issuer_mismatch": "Cette réponse ne vient pas du fournisseur d’identité attendu.",
    "malformed_answer": "Cette réponse est incomplète ou répète un paramètre.",
    "token_refused": "Le code reçu n’a pas pu être échangé contre des jetons.",
    "id_token_refused": "Le jeton d’identité reçu n’est pas valable.",
    "sign_in_too_old": "La connexion est plus ancienne que ce que nous avons demandé.",
    "userinfo_refused": "Les informations du compte n’ont pas pu être lues.",
    "subject_mismatch": "Les informations du compte ne concernent pas la personne connectée.",
}
