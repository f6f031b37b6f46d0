"""Contains charters to accept and accepted ones, as their page and as « Mon compte » show them."""

from dataclasses import replace

from idp.flows.shared.charter_text import charter_html, charter_with_contents
from idp.pages import charters as charter_pages
from idp.pages.frame import Deadline
from idp.pages.step import Step
from sandbox.style_guide.cast import ELISE, day, hour, moment
from sandbox.style_guide.rendering import ROOT
from sandbox.style_guide.state import State

CHANGES = (
    charter_pages.CharterChange("<p>L'article 6 parle des <strong>postes partagés</strong>.</p>", "fr"),
    charter_pages.CharterChange("<ul><li>Records are kept for twelve months.</li></ul>", "en"),
)


def charter_of(locale: str) -> str:
    return (ROOT / "charters" / f"2026-1.{locale}.md").read_text(encoding="utf-8")


def _charter(locale: str, text: str) -> list[State]:
    text_html, contents = charter_with_contents(text)
    other = "en" if locale == "fr" else "fr"
    other_html, _contents = charter_with_contents(charter_of(other))
    first = charter_pages.CharterPage(
        charter="house",
        of_client=False,
        still_due=1,
        text_html=text_html,
        contents=contents,
        text_locale=locale,
        text_sha256="0" * 64,
        revision="2026-1",
        published_on=day(locale, "2026-11-03"),
        is_new_revision=False,
        error=None,
    )
    second = replace(first, charter="viatrajectoire", of_client=True)
    later = replace(first, is_new_revision=True, due_from=day(locale, "2026-12-15"), may_wait=True)
    models = {
        "charter-first": replace(first, step=Step(3, 3)),
        "charter-last": first,
        "charter-first-of-two": replace(first, still_due=2, step=Step(3, 4)),
        "charter-new-revision": replace(first, is_new_revision=True),
        "charter-what-changed": replace(first, is_new_revision=True, changes=CHANGES),
        "charter-tick-needed!": replace(first, error="charter.tick_needed"),
        "charter-short": replace(first, text_html=charter_html("Vous gardez le secret."), contents=()),
        "charter-of-two": replace(first, still_due=2),
        "charter-other-language": replace(first, text_html=other_html, text_locale=other, contents=()),
        "charter-of-client": second,
        "charter-of-client-new-revision": replace(second, is_new_revision=True),
        "charter-of-client-tick-needed!": replace(second, error="charter.tick_needed"),
        "charter-revision-changed!": replace(first, error="charter.revision_changed"),
        "charter-announced": replace(first, due_from=day(locale, "2026-12-15")),
        "charter-announced-later": replace(later, changes=CHANGES),
        "charter-announced-later-tick-needed!": replace(later, error="charter.tick_needed"),
        "charter-announced-later-of-client": replace(later, charter="viatrajectoire", of_client=True),
    }
    waiting = Deadline(time=hour(locale, "14:47"), seconds=720, may_prolong=True)
    return [
        *(State(name, "charter.html", model, deadline=waiting) for name, model in models.items()),
        State("charter-last-minutes", "charter.html", first, deadline=replace(waiting, may_prolong=False)),
    ]


def _accepted_charters(locale: str, text: str) -> list[State]:
    text_html, contents = charter_with_contents(text)
    line = charter_pages.AcceptanceLine(
        address="/account/charters/3",
        of_client="",
        revision="2026-1",
        published_on=day(locale, "2026-11-03"),
        accepted_at=moment(locale, "2026-11-04 09:05"),
        doors=("password", "email_otp"),
        application="ViaTrajectoire",
    )
    old = replace(line, address="/account/charters/1", revision="2024-1", doors=())
    of_client = replace(
        line, address="/account/charters/2", of_client="Trajectoire Grand Âge", doors=("cps_unchecked",)
    )
    lines = (
        line,
        of_client,
        *(replace(old, doors=(door,)) for door in ("psc", "cps", "passkey", "password_passkey")),
        replace(old, doors=("activation", "activation_otp")),
        old,
    )
    page = charter_pages.AcceptancePage(
        line=line,
        identity=ELISE,
        text_sha256="4f" * 32,
        is_verified=True,
        text_locale=locale,
        text_html=text_html,
        contents=contents,
    )
    french, _contents = charter_with_contents(charter_of("fr"))
    unknown = replace(page, line=old, is_verified=False, text_locale="fr", text_html=french, contents=())
    models = {
        "acceptance": page,
        "acceptance-of-client": replace(page, line=of_client),
        "acceptance-unknown": unknown,
    }
    lists = {"charters": lines, "charters-none": ()}
    return [
        *(State(name, "account/charter.html", model, in_interaction=False) for name, model in models.items()),
        *(
            State(
                name,
                "account/charters.html",
                charter_pages.ChartersPage(acceptances=them),
                in_interaction=False,
            )
            for name, them in lists.items()
        ),
    ]


def states(locale: str) -> list[State]:
    return [
        *_charter(locale, charter_of(locale)),
        *_accepted_charters(locale, charter_of(locale)),
    ]
