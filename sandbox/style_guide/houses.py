"""Contains what operators say of themselves, from nothing to everything: name, logo, colours, help desk, pages.

Not here: the pages that say it (`families/house` and its neighbours).
"""

from idp.pages.about import AboutPage, AccessibilityPage
from idp.pages.frame import Announcement, HelpDesk, House
from sandbox.style_guide.cast import day

PLAIN = House(accessibility="none")
SAID = House(
    name="Groupement hospitalier de territoire Flandre intérieure – direction du numérique",
    logo="/house/0123456789abcdef.svg",
    colours="/house/fedcba9876543210.css",
    help_desk=HelpDesk(
        telephone="03 20 00 00 00, poste 4242",
        dial="0320000000",
        hours="du lundi au vendredi, 8 h – 18 h",
        address="assistance@ght.example",
        link="mailto:assistance@ght.example",
    ),
    pages=("legal", "privacy"),
    accessibility="partial",
)
POSTAL = House(
    name="CHU",
    help_desk=HelpDesk(hours="8 h – 18 h", address="1 place de l'Hôpital, 59000 Lille"),
    accessibility="total",
)
LINE = House(help_desk=HelpDesk(address="03 20 00 00 00, poste 4242"), accessibility="none")
WARNED = Announcement(
    "warning",
    "Pro Santé Connect ne répond plus depuis 14 h 10. Votre carte CPS et votre mot de passe fonctionnent ; nous"
    " revenons vers vous ici à 15 h.",
    "fr",
)
INFORMED = Announcement("info", "Maintenance jeudi de 20 h à 22 h : le service sera fermé.", "fr")
#: Addresses of pictures and style sheets that an operator gave.
OF_HOUSE = (SAID.logo, SAID.colours)

_TEXT = "<h2>Éditeur</h2><p>Le groupement.</p>"
ABOUT = {
    "about-legal": AboutPage("legal", _TEXT, "fr"),
    "about-privacy": AboutPage("privacy", _TEXT, "fr"),
}
_LEFT_OUT = "<p>La charte en PDF, que certains lecteurs d'écran ne lisent pas.</p>"


def statements(locale: str) -> dict[str, AccessibilityPage]:
    audited = {"audited_by": "Access42", "audited_on": day(locale, "2026-09-24")}
    return {
        "accessibility": AccessibilityPage(state="none"),
        "accessibility-failed": AccessibilityPage(state="none", rate=41, **audited),
        "accessibility-partial": AccessibilityPage(state="partial", rate=83, html=_LEFT_OUT, **audited),
        "accessibility-total": AccessibilityPage(state="total", rate=100, **audited),
    }
