"""Every sentence of the page of the pieces, beside those of the whole guide (`words`).

Not here: what a piece is for (above it, in `macros.html`), the words within it (the provider's catalogues).
"""

from collections.abc import Mapping
from typing import Any

#: Of an establishment: the same in every language.
_LONG_NAME = (
    "Centre hospitalier intercommunal Saint-Jean-de-Maurienne – Vallée de l’Arc et de la Haute-Tarentaise"
)
PART_LANGUAGES: Mapping[str, Mapping[str, Any]] = {
    "fr": {
        "colours": "Couleurs",
        "name": "Nom",
        "light": "Clair",
        "dark": "Sombre",
        "pairs": "Ce qui se lit sur quoi",
        "pairs_lead": "Rapport de contraste (WCAG 2.2). Un texte en veut 4,5, un trait qui dit quelque chose 3.",
        "pair": "Quoi, sur quoi",
        "least": "Au moins",
        "point": ",",
        "families": {
            "space": "Espacements",
            "type": "Tailles des lettres",
            "round": "Arrondis",
            "line": "Traits",
            "size": "Largeurs et cibles",
            "letters": "Lettres",
        },
        "letters": "Charte d’utilisation",
        "pieces": "Composants",
        "pieces_lead": "Sous le pointeur, un bouton plein devient accent-deep, un bouton en contour prend tint, "
        "un lien s’épaissit. "
        "Au clavier, tout ce qui s’active prend un contour focus.",
        "usual": "Ordinaire",
        "secondary": "En second",
        "quiet": "En retrait",
        "drawn": "Avec un dessin",
        "busy": "Envoi en cours",
        "long": "Texte long",
        "wrong": "En erreur",
        "wrong_above": "En erreur, dite en haut de la page",
        "filled": "Rempli",
        "optional": "Facultatif",
        "secret": "Mot de passe",
        "code": "Code",
        "leading": "Mène au champ à corriger",
        "plain": "Ce que l’appelant veut",
        "folded": "Replié",
        "open": "Ouvert",
        "door": "Comme un bouton",
        "headless": "Sans titre",
        "several": "Plusieurs valeurs, dans une autre langue",
        "unseen": "Ne se voit pas : des champs cachés de chaque formulaire.",
        "long_name": _LONG_NAME,
    },
    "en": {
        "colours": "Colours",
        "name": "Name",
        "light": "Light",
        "dark": "Dark",
        "pairs": "What is read on what",
        "pairs_lead": "Ratio of contrast (WCAG 2.2). A text wants 4.5, a line that says something 3.",
        "pair": "What, on what",
        "least": "At least",
        "point": ".",
        "families": {
            "space": "Spaces",
            "type": "Sizes of letters",
            "round": "Corners",
            "line": "Lines",
            "size": "Widths and targets",
            "letters": "Letters",
        },
        "letters": "Terms of use",
        "pieces": "Pieces",
        "pieces_lead": "Under the pointer a filled button becomes accent-deep, an outlined one gets tint, "
        "a link thickens. "
        "By the keyboard whatever is pressed gets an outline, focus.",
        "usual": "Usual",
        "secondary": "Second",
        "quiet": "Quiet",
        "drawn": "With a drawing",
        "busy": "On its way",
        "long": "Long words",
        "wrong": "Wrong",
        "wrong_above": "Wrong, as the top of the page says",
        "filled": "Filled",
        "optional": "Optional",
        "secret": "Password",
        "code": "Code",
        "leading": "Leads to the field to mend",
        "plain": "Whatever the caller says",
        "folded": "Folded",
        "open": "Open",
        "door": "As a button",
        "headless": "Without a heading",
        "several": "Several values, in another language",
        "unseen": "Is not seen: hidden fields of each form.",
        "long_name": _LONG_NAME,
    },
}
