"""Contains what the report says beside the rules, in both languages. Not here: where it stands (`markdown`)."""

from collections.abc import Mapping

from idp.conformity.installation import Words
from idp.conformity.rule import Force, Verdict

MEANS_NAMES: Mapping[str, Words] = {
    "cps": Words("Carte CPx, directe", "CPx card, direct"),
    "psc": Words("Pro Santé Connect", "Pro Santé Connect"),
    "password": Words(
        "Mot de passe, suivi d'un code par courriel ou d'une clé d'accès",
        "Password, followed by a code by mail or a passkey",
    ),
    "passkey": Words("Clé d'accès (passkey)", "Passkey"),
    "service": Words(
        "Le service : sessions, traces, applications, pages", "The service: sessions, logs, clients, pages"
    ),
}

VERDICTS: Mapping[Verdict, Words] = {
    Verdict.MET: Words("tenu", "met"),
    Verdict.NOT_MET: Words("**non tenu**", "**not met**"),
    Verdict.NOT_OURS: Words("à dire par d'autres", "not ours to say"),
    Verdict.NO_OBJECT: Words("sans objet", "no object"),
}

FORCES: Mapping[Force, Words] = {
    Force.IN_FORCE: Words("en vigueur", "in force"),
    Force.NOT_YET: Words("à venir", "to come"),
    Force.ENDED: Words("terminé", "ended"),
    Force.DRAFT: Words("projet, sans date", "a draft, no day"),
}

_TEXTS: Mapping[str, Words] = {
    "title": Words("Dossier de conformité", "Conformity report"),
    "of": Words(
        "{issuer}, au {day}. Établi par `idp conformity` d'après les réglages et les applications en vigueur.",
        "{issuer}, on {day}. Written by `idp conformity` from the settings and clients in force.",
    ),
    "red": Words(
        "**ROUGE.** Règles en vigueur qu'un moyen ouvert ne tient pas : {count}.",
        "**RED.** Rules in force that an open means does not keep: {count}.",
    ),
    "green": Words(
        "**VERT.** Aucun moyen ouvert n'enfreint une règle en vigueur ; ce que d'autres ont à dire n'est pas jugé.",
        "**GREEN.** No open means breaks a rule in force. What is not ours to say is not judged here.",
    ),
    "how": Words(
        fr="« Tenu » nomme les tests qui le montrent, et les réglages dont il dépend avec leur valeur en vigueur "
        "(variables `CADUCEE_…`). « À dire par d'autres » : ni un réglage ni un test ne peut le montrer. Les moyens "
        "fermés sont jugés aussi, sans compter. « facts/… » est une page de docs/facts, qui dit d'où l'on sait ce "
        "qu'un texte demande. Ce n'est pas un avis juridique.",
        en="« Met » names the tests that show it, and the settings that it depends on with their value in force "
        "(variables `CADUCEE_…`). « Not ours to say »: neither a setting nor a test can show it. Closed means are "
        "judged too, and do not count. « facts/… » is a page of docs/facts, which says from where it is known what a "
        "text asks. This is no legal advice.",
    ),
    "sources": Words("Référentiels", "Standards"),
    "sources_head": Words("Texte | Édition | Portée | D'après", "Text | Edition | Weight | From"),
    "open": Words("Ouvert.", "Open."),
    "closed": Words("Fermé.", "Closed."),
    "rules_head": Words(
        "Règle, texte, d'après | Ce qu'elle demande | Vigueur | Verdict | Réglages | Preuves",
        "Rule, text, from | What it asks | Force | Verdict | Settings | Tests",
    ),
    "since": Words("depuis le {day}", "since {day}"),
    "from": Words("le {day}", "on {day}"),
    "until": Words("jusqu'au {day}", "until {day}"),
    "ended_on": Words("le {day}", "on {day}"),
    "of_operator": Words("règle de l'exploitant", "the operator's rule"),
    "ours": Words("sans cette réponse : {verdict}", "without that answer: {verdict}"),
    "answered": Words(
        "répondu par l'exploitant : {by}, depuis le {day}",
        "answered by the operator: {by}, since {day}",
    ),
    "lapsed": Words("réponse échue le {day} : {by}", "an answer that ended on {day}: {by}"),
    "clients": Words(
        "Applications du profil FAPI 2.0 : {names}.", "Clients of the FAPI 2.0 profile: {names}."
    ),
    "corrections": Words("Corrections de l'exploitant", "The operator's corrections"),
    "broken": Words("{name} : `{rule}`, {asks}", "{name}: `{rule}`, {asks}"),
    "answer": Words("`{rule}` ({means}) : {answer}, {told}", "`{rule}` ({means}): {answer}, {told}"),
    "none": Words("Aucune.", "None."),
    "removed": Words("`{rule}` retirée par {by} : {why}", "`{rule}` removed by {by}: {why}"),
    "replaced": Words("`{rule}` réécrite", "`{rule}` written anew"),
    "added": Words("`{rule}` ajoutée", "`{rule}` added"),
    "tests": Words("Preuves", "Tests"),
    "tests_text": Words(
        "Chacune est un test du dépôt, que l'intégration continue passe à chaque changement.",
        "Each is a test of the repository, which continuous integration runs at each change.",
    ),
}


def said(key: str, language: str, **values: object) -> str:
    """Returns one text of the report, filled in."""
    return _TEXTS[key].text(language).format(**values)
