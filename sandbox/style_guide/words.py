"""Every sentence of the style guide's own pages.

Contains French and English texts. Not here: markup, the words of the pages on show (the provider's catalogues).
"""

from collections.abc import Mapping
from typing import Any

LANGUAGES: Mapping[str, Mapping[str, Any]] = {
    "fr": {
        "title": "Guide de style",
        "lead": "Les pages et les e-mails de Caducée, dans chaque état. Modèles et textes sont ceux de l’instant.",
        "nothing_happens": "Ici les formulaires ne font rien, et aucun script ne s’exécute.",
        "number": "états",
        "families": "Familles",
        "parts": "Éléments : couleurs, espacements, composants",
        "parts_lead": "Ce dont les pages sont faites.",
        "name": "État",
        "says": "Ce que la page dit",
        "languages": "Voir",
        "text": "texte",
        "back": "Retour au guide",
        "absent": "Rien à cette adresse",
        "absent_lead": "Le guide ne fait que montrer : les formulaires et les liens du service mènent ici.",
        "other_code": "en",
        "other_name": "English",
        "of": {
            "choice": ("Choisir", "Comment s’identifier, de qui est la session, en quelle qualité."),
            "password": (
                "Mot de passe",
                "Donné, refusé, choisi, renouvelé, activé par un code d’administrateur.",
            ),
            "codes": ("Code et clé d’accès", "Le second facteur, de l’envoi au refus."),
            "enrolment": ("Première connexion", "Le formulaire, ses erreurs, le compte qui existe déjà."),
            "charters": ("Chartes", "À accepter, annoncées, changées, acceptées autrefois."),
            "back": (
                "Retour à l’application",
                "La page qui porte la réponse, si l’application la veut par formulaire.",
            ),
            "account": ("Mon compte", "L’accueil, l’identité, l’adresse postale, les clés d’accès."),
            "email": ("Adresse e-mail", "Changée, prouvée à nouveau, reprise par le titulaire."),
            "history": (
                "Sessions et historique",
                "Ce qui est ouvert, ce qui s’est passé, « ce n’était pas moi ».",
            ),
            "leaving": (
                "Données, fermeture, déconnexion",
                "Ce qui est gardé, le compte fermé, la fin des sessions.",
            ),
            "refusals": (
                "Refus et erreurs",
                "Carte ou Pro Santé Connect qui n’identifient personne ; toute erreur.",
            ),
            "house": (
                "Le service de qui",
                "Les pages sur le service, et celles d’un exploitant qui a tout dit.",
            ),
            "operations": ("Exploitation", "La page des administrateurs, hors de la vue des personnes."),
            "mails": ("E-mails", "En HTML et en texte, d’un exploitant sans nom ou qui a tout dit."),
        },
    },
    "en": {
        "title": "Style guide",
        "lead": "Every page and mail of Caducée, in every state. Templates and words are those of this instant.",
        "nothing_happens": "Forms do nothing here, and no script runs.",
        "number": "states",
        "families": "Families",
        "parts": "Parts: colours, spaces, components",
        "parts_lead": "What the pages are made of.",
        "name": "State",
        "says": "What the page says",
        "languages": "See",
        "text": "text",
        "back": "Back to the guide",
        "absent": "Nothing at this address",
        "absent_lead": "The guide only shows: the forms and links of the service lead here.",
        "other_code": "fr",
        "other_name": "Français",
        "of": {
            "choice": ("Choosing", "How to sign in, whose session it is, in which capacity."),
            "password": (
                "Password",
                "Given, refused, chosen, renewed, activated by an administrator’s code.",
            ),
            "codes": ("Code and passkey", "The second factor, from sending to refusal."),
            "enrolment": ("First connection", "The form, its errors, the account that is there already."),
            "charters": ("Charters", "To accept, announced, changed, accepted before."),
            "back": (
                "Back to the application",
                "The page that carries the answer, where the application wants a form.",
            ),
            "account": ("My account", "The home, identity, postal address, passkeys."),
            "email": ("E-mail address", "Changed, proved again, taken back by its holder."),
            "history": ("Sessions and history", "What is open, what happened, “it was not me”."),
            "leaving": (
                "Data, closing, signing out",
                "What is kept, the account that ends, the end of sessions.",
            ),
            "refusals": (
                "Refusals and errors",
                "Card or Pro Santé Connect that identifies nobody; every error.",
            ),
            "house": (
                "Whose service it is",
                "Pages about the service, and of an operator who said everything.",
            ),
            "operations": ("Operations", "The administrators’ page, out of people’s sight."),
            "mails": ("Mails", "As HTML and as text, of an operator without a name or who said everything."),
        },
    },
}
