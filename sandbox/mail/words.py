"""Every sentence of the mail pages.

Contains French and English texts. Not here: markup.
"""

from collections.abc import Mapping

LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "title": "Courrier de la démonstration",
        "lead": "Les e-mails envoyés par la démonstration arrivent ici ; aucun ne part vers l’extérieur.",
        "none": "Aucun message pour le moment.",
        "only": "Seulement les messages pour",
        "all": "Tous les messages",
        "refresh": "Actualiser",
        "pause": "Arrêter l’actualisation automatique",
        "resume": "Reprendre l’actualisation automatique",
        "code": "Code",
        "to": "À",
        "from": "De",
        "received": "Reçu le",
        "no_subject": "(sans objet)",
        "no_text": "(pas de partie en texte)",
        "html_source": "Source de la partie HTML",
        "back": "Retour à la liste",
        "absent": "Ce message n’est plus ici",
        "absent_lead": "La boîte garde les 500 derniers messages et s’efface à l’arrêt.",
        "other_code": "en",
        "other_name": "English",
    },
    "en": {
        "title": "Mail of the demonstration",
        "lead": "Every mail sent by the demonstration lands here; none leaves this machine.",
        "none": "No message yet.",
        "only": "Only messages to",
        "all": "All messages",
        "refresh": "Refresh",
        "pause": "Stop refreshing automatically",
        "resume": "Refresh automatically again",
        "code": "Code",
        "to": "To",
        "from": "From",
        "received": "Received",
        "no_subject": "(no subject)",
        "no_text": "(no text part)",
        "html_source": "Source of the HTML part",
        "back": "Back to the list",
        "absent": "This message is no longer here",
        "absent_lead": "The mailbox keeps the last 500 messages and forgets them when it stops.",
        "other_code": "fr",
        "other_name": "Français",
    },
}
