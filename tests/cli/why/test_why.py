"""`idp why`: each situation, staged through the pages, has its first line; each look-up is written down."""

import argparse
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from idp.accounts.account import AccountId
from idp.accounts.activation import ActivationRefusal
from idp.accounts.charter import CharterRevision
from idp.accounts.code_refusal import CodeRefusal
from idp.accounts.mail_quota import SendRefusal
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit_reading import Asked, SqlAuditTrail
from idp.adapters.sql.dead_mails import give_up
from idp.adapters.sql.schema import outbox
from idp.cards.rpps import parse_rpps
from idp.cli.accounts import opening as accounts_command
from idp.cli.audited import told_in_audit
from idp.cli.why.command import why
from idp.cli.why.situation import LISTED
from idp.core.audit_record import AuditRecord
from idp.interaction.gate import MayNotIssue
from idp.web.catalogues import load_catalogues
from idp.wiring.audit import build_audit_people
from tests.adapters.psc.hostile_psc import HostilePsc, Lie, say_status
from tests.cli.why.cards_of_alice import card_settings, pki, revoke, show
from tests.commands import ROOT
from tests.flows.account.test_personal_data import close
from tests.flows.email import BOB_RPPS, at_code, bob
from tests.flows.test_email_otp import pass_time
from tests.flows.test_email_undo import change_address, undo
from tests.protocol.psc import by_psc, go, listening, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider, app_factory, templates

__all__ = ["app_factory", "templates"]

UNKNOWN = "10000000116"
WORDS = load_catalogues(ROOT / "idp" / "templates" / "why")


@dataclass
class Desk:
    """A house with every door, its Pro Santé Connect, and somebody who answers the telephone."""

    house: Provider
    psc: HostilePsc
    capsys: pytest.CaptureFixture[str]
    said: list[str] = field(default_factory=list)

    def why(self, *whom: str, **options: Any) -> int:
        """Keeps the lines that it said."""
        given = {"client": None, "days": 30, "last": 12, "lang": "fr", "json": False, **options}
        self.capsys.readouterr()
        with told_in_audit(self.house.settings, "claire"):
            status = why(self.house.settings, argparse.Namespace(whom=list(whom), **given))
        self.said = self.capsys.readouterr().out.splitlines()
        return status

    def first(self, *whom: str, **options: Any) -> str:
        """The first line without its date."""
        self.why(*(whom or (RPPS,)), **options)
        return self.said[0].partition(" : ")[2]

    def password(self, rpps: str = RPPS, password: str = PASSWORD) -> Browser:
        browser = self.house.browser()
        browser.submit(browser.follow(browser.authorize()), "/password", rpps=rpps, password=password)
        return browser

    def looked(self) -> list[AuditRecord]:
        found = SqlAuditTrail(self.house.database).search(Asked(events=["help_desk:*"]), 100)
        return [stored.record for stored in found]


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        yield psc


@pytest.fixture
def make(
    psc: HostilePsc,
    app_factory: Callable[..., Provider],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Callable[..., Desk]:
    def make(**changes: Any) -> Desk:
        psc.lie = person()
        every = {**settings_of(psc), **card_settings(tmp_path), **changes}
        return Desk(app_factory(psc_watch_wallet=False, **every), psc, capsys)

    return make


@pytest.fixture
def desk(make: Callable[..., Desk]) -> Desk:
    return make()


# Situations.


def wrong_twice(desk: Desk) -> None:
    for _ in range(2):
        desk.password(password="pas le bon")


def waiting(desk: Desk) -> None:
    for _ in range(4):
        desk.password(password="pas le bon")


def code_expired(desk: Desk) -> None:
    browser = desk.house.browser()
    page = at_code(browser)
    pass_time(desk.house, minutes=11)
    browser.submit(page, "/email_otp", code=desk.house.last_code())


def bounced(desk: Desk) -> None:
    at_code(desk.house.browser())
    with desk.house.database.connect() as connection:
        row = connection.execute(sa.select(outbox).order_by(outbox.c.id.desc())).first()
    assert row is not None
    give_up(desk.house.database, row.id, row.attempts, "550 no such user", datetime.now(UTC))


def code_waits(desk: Desk) -> None:
    at_code(desk.house.browser())
    with desk.house.database.begin() as connection:
        connection.execute(sa.update(outbox).values(created_at=datetime.now(UTC) - timedelta(minutes=3)))


def code_not_typed(desk: Desk) -> None:
    at_code(desk.house.browser())


def disabled(desk: Desk) -> None:
    options = argparse.Namespace(person=RPPS, motive="radiation signalée par l'Ordre")
    accounts_command.disable(desk.house.settings, options)
    desk.password()


def reopened(desk: Desk) -> None:
    disabled_by_card(desk)
    accounts_command.enable(desk.house.settings, argparse.Namespace(person=RPPS))


def charter_due(desk: Desk) -> None:
    texts = {"fr": "# Charte nouvelle\n\nLisez."}
    revision = CharterRevision(revision="2026-2", published_at=datetime.now(UTC), texts=texts)
    desk.house.charters.publish(revision)
    browser = desk.house.browser()
    browser.prove(browser.follow(browser.authorize()))


def card_expired(desk: Desk) -> None:
    show(desk.house, pki().card(is_expired=True))


def card_revoked(desk: Desk) -> None:
    card = pki().card()
    revoke(desk.house, card)
    show(desk.house, card)


def card_foreign(desk: Desk) -> None:
    show(desk.house, pki().card(is_foreign=True))


def psc_without_rpps(desk: Desk) -> None:
    by_psc(desk.house.browser(), desk.psc)
    known = person()
    desk.psc.lie = Lie(
        claims={"sub": known.claims["sub"], "SubjectNameID": "0123456789"},
        userinfo={**known.userinfo, "SubjectNameID": "0123456789"},
    )
    by_psc(desk.house.browser(), desk.psc)


def psc_with_two(desk: Desk) -> None:
    linked = [{"identifiant": "810000000025", "origine": "RPPS"}]
    known = person()
    desk.psc.lie = replace(known, userinfo={**known.userinfo, "otherIds": linked})
    by_psc(desk.house.browser(), desk.psc)


def psc_down(desk: Desk) -> None:
    desk.psc.lie = Lie(instead={"token": say_status(503)})
    by_psc(desk.house.browser(), desk.psc)


def never_enrolled(desk: Desk) -> None:
    desk.psc.lie = person(UNKNOWN)
    by_psc(desk.house.browser(), desk.psc)


def never_enrolled_password(desk: Desk) -> None:
    desk.password(rpps=UNKNOWN)


def by_password(desk: Desk) -> None:
    desk.house.browser().sign_in()


def identity_old(desk: Desk) -> None:
    account = desk.house.account
    long_ago = datetime.now(UTC) - timedelta(days=4 * 365)
    desk.house.accounts.save(replace(account, identity=replace(account.identity, verified_at=long_ago)))
    desk.password()


def password_closed(desk: Desk) -> None:
    change_address(desk.house, desk.psc)
    undo(desk.house)
    desk.password()


def closing(desk: Desk) -> None:
    browser = desk.house.browser()
    by_psc(browser, desk.psc)
    close(browser)


class Staged(NamedTuple):
    stage: Callable[[Desk], None]
    first: str
    say: str
    whom: str = RPPS
    options: tuple[tuple[str, Any], ...] = ()
    settings: tuple[tuple[str, Any], ...] = ()


SITUATIONS = (
    Staged(wrong_twice, "Mot de passe faux (2 fois).", "connectez-vous avec la carte CPS ou avec"),
    Staged(
        waiting,
        "Trop de mots de passe faux (3 fois) : prochain essai possible le ",
        "Attendez cette heure",
        settings=(("password_free_tries", 3),),
    ),
    Staged(code_expired, "Le code reçu par e-mail a expiré avant d'être saisi.", "Demandez un nouveau code"),
    Staged(
        bounced,
        "L'e-mail du code n'a pas pu être remis à a•••@hopital.example : 550 no such user.",
        "puis changez d'adresse",
    ),
    Staged(code_waits, "L'e-mail du code, pour a•••@hopital.example, attend toujours", "a du retard"),
    Staged(code_not_typed, "Un code est parti par e-mail à a•••@hopital.example", "dans les indésirables"),
    Staged(
        disabled,
        "Le compte est désactivé, pour ce motif : radiation signalée par l'Ordre",
        "(radiation signalée par l'Ordre). Je transmets à l'administrateur",
    ),
    Staged(
        reopened,
        "Le compte était désactivé lors du dernier essai ; il est rouvert depuis.",
        "votre compte est de nouveau ouvert",
    ),
    Staged(charter_due, "La charte en vigueur n'est pas encore acceptée.", "lisez la charte"),
    Staged(card_expired, "Carte refusée : Votre carte a expiré.", "demandez son renouvellement"),
    Staged(card_revoked, "Carte refusée : Cette carte est en opposition.", "perdue, volée ou remplacée"),
    Staged(card_foreign, "Carte refusée : ", "carte"),
    Staged(psc_without_rpps, "Pro Santé Connect : Aucun numéro RPPS n'a été transmis.", "signalez-le"),
    Staged(psc_with_two, "Pro Santé Connect : Deux numéros RPPS ont été transmis.", "Signalez-le"),
    Staged(
        psc_down,
        "Pro Santé Connect est en panne depuis ",
        "vous n'y êtes pour rien",
        settings=(("psc_circuit_failures", 1),),
    ),
    Staged(never_enrolled, "Aucun compte n'existe pour ce numéro RPPS", "avec la carte CPS", whom=UNKNOWN),
    Staged(never_enrolled_password, "Aucun compte n'existe pour ce numéro RPPS", "première", whom=UNKNOWN),
    Staged(
        by_password,
        "L'application « Carte seule » n'accepte pas cette porte : mot de passe et code.",
        "une autre porte : Pro Santé Connect, carte CPS",
        options=(("client", "card-only"),),
    ),
    Staged(
        by_password,
        "Dernière connexion réussie (mot de passe et code) ; cette porte n'ouvre pas : Carte seule.",
        "avec la carte CPS ou avec Pro Santé Connect",
    ),
    Staged(identity_old, "L'identité n'a pas été prouvée depuis le ", "Connectez-vous une fois"),
    Staged(password_closed, "Le mot de passe a été fermé le ", "vous choisirez ensuite"),
    Staged(closing, "La personne a fermé son compte ; il sera effacé le ", "Annuler la fermeture"),
    Staged(lambda desk: None, "Aucun essai depuis 30 jours, et rien ne bloque ce compte.", "la référence"),
)


@pytest.mark.parametrize("staged", SITUATIONS, ids=lambda staged: staged.stage.__name__)
def test_each_situation_has_its_first_line_and_what_to_tell_the_person(
    make: Callable[..., Desk], staged: Staged
) -> None:
    desk = make(**dict(staged.settings))
    staged.stage(desk)
    first = desk.first(staged.whom, **dict(staged.options))
    assert first.startswith(staged.first), desk.said
    assert desk.said[1].startswith("À dire : « ")
    assert staged.say in desk.said[1]
    today = f"{datetime.now(UTC):%Y}"
    assert today in desk.said[0].partition(" : ")[0]


def test_a_card_that_nobody_we_trust_signed_is_told_as_such_and_by_its_digest_alone(desk: Desk) -> None:
    card_foreign(desk)
    desk.why(RPPS)
    assert desk.said[2].startswith("Attention : cette carte n'est signée par aucune autorité")
    trail = SqlAuditTrail(desk.house.database)
    (refused,) = trail.search(Asked(events=["card:login:refused"]), 9)
    assert set(refused.record.facts) == {"reason", "certificate", "is_believed"}
    assert refused.record.person == build_audit_people(desk.house.settings).of(RPPS)


def test_what_is_known_is_shown_with_masked_address_sessions_cards_and_refusals(desk: Desk) -> None:
    by_psc(desk.house.browser(), desk.psc)
    card_expired(desk)
    wrong_twice(desk)
    assert desk.why(RPPS) == 0
    said = "\n".join(desk.said)
    for words in (
        "Aïcha DUPONT-NŒL, RPPS 10000000017",
        "envoyés à a•••@hopital.example",
        "refusée le ",
        "Votre carte a expiré",
        "identifiée du ",
        "Pro Santé Connect accepté, pour ViaTrajectoire",
        "mot de passe REFUSÉ : faux, pour ViaTrajectoire",
    ):
        assert words in said, words
    assert "aicha.dupont@" not in said
    assert sum("mot de passe REFUSÉ" in line for line in desk.said) == 2


def test_english_and_json_say_the_same(desk: Desk) -> None:
    wrong_twice(desk)
    assert desk.first(lang="en") == ""  # A colon without a space before it.
    assert desk.said[0].endswith(": Wrong password (2 times).")
    desk.why(RPPS, lang="en", json=True)
    told = json.loads("\n".join(desk.said))
    assert told["reason"]["key"] == "password_wrong"
    assert told["reason"]["text"] == "Wrong password (2 times)."
    assert told["events"][0]["event"] == "password:check:refused"


def test_a_number_is_read_as_it_was_pasted(desk: Desk) -> None:
    wrong_twice(desk)
    for pasted in (["1000 0000 017"], ["1000", "0000", "017"], ["\t8 10000000017\u00a0"], ["10000-000017"]):
        assert desk.first(*pasted) == "Mot de passe faux (2 fois).", pasted


def test_a_person_is_named_as_to_the_other_commands(desk: Desk) -> None:
    """By the `sub` and the account id as `enrolment` makes them, and an address in any case."""
    known = desk.house.account
    identity = replace(known.identity, rpps=parse_rpps(BOB_RPPS))
    other = replace(
        known, id=AccountId("-a1_" * 6), subject="s1-_" * 8, identity=identity, email="b@b.example"
    )
    SqlAccounts(desk.house.database).add(other)
    for name in ("-a1_" * 6, f" {'s1-_' * 8}\n", "B@B.EXAMPLE"):
        assert desk.why(name) == 0
        assert f"RPPS {BOB_RPPS}" in desk.said[3], name
    assert [row.facts["by"] for row in desk.looked()] == ["account", "account", "email"]
    assert desk.why("A" * 24) == 3
    assert "Aucun compte n'a ce `sub`" in desk.said[0]


def test_what_is_none_of_them_is_one_line_with_what_was_expected(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    for typed in ("", "123", "docteur martin", "123456789", "8123456789012", "x" * 5000):
        given = argparse.Namespace(whom=[typed], client=None, days=30, last=9, lang="fr", json=False)
        assert why(desk.house.settings, given) == 2
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)
        assert said.err.startswith("idp: expected an RPPS (11 digits), a reference")
        assert typed == "" or typed not in said.err
    assert desk.looked() == []


def test_a_person_who_is_not_there_is_said_so_with_what_was_seen_of_the_number(desk: Desk) -> None:
    never_enrolled_password(desk)
    first = desk.first(UNKNOWN)
    assert first == "Aucun compte n'existe pour ce numéro RPPS : la personne ne s'est jamais inscrite ici."
    assert any("mot de passe REFUSÉ" in line for line in desk.said)
    (looked,) = desk.looked()
    assert (looked.account_id, looked.person) == (
        None,
        build_audit_people(desk.house.settings).of(UNKNOWN),
    )
    assert desk.first(UNKNOWN[:-1] + "9").endswith("un chiffre est sans doute mal noté.")


def test_each_look_up_is_written_down_with_who_gave_it_and_names_nobody(desk: Desk) -> None:
    for asked in (RPPS, desk.house.account.email, "nobody@nowhere.example", "2900000001", "zbcd 2345"):
        desk.why(asked)
    rows = desk.looked()
    assert [row.facts["by"] for row in rows] == ["rpps", "email", "email", "card", "reference"]
    assert {row.operator for row in rows} == {"claire"}
    assert [row.account_id for row in rows] == [
        desk.house.account.id,
        desk.house.account.id,
        None,
        None,
        None,
    ]
    assert rows[4].facts["asked"] == "ZBCD-2345"
    told = "".join(row.line() for row in rows)
    for secret in (RPPS, "nowhere", "hopital", "2900000001"):
        assert secret not in told
    # The look-ups are not among what the person did.
    desk.why(RPPS)
    assert "Aucun événement depuis 30 jours." in desk.said


def test_nothing_is_shown_where_the_look_up_cannot_be_written_down(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk.house.database.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER no_rows BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    with pytest.raises(Exception, match="no"):
        desk.why(RPPS)
    assert capsys.readouterr().out == ""


def test_an_address_that_two_share_names_both_masked_and_asks_for_the_number(
    make: Callable[..., Desk],
) -> None:
    desk = make(shared_mailboxes=True)
    bob(desk.house, desk.house.account.email)
    assert desk.why(desk.house.account.email.upper()) == 1
    assert desk.said == [
        "Deux comptes ou plus ont cette adresse ou cette carte. Demandez le numéro RPPS, puis `idp why RPPS` :",
        "  A••• D•••, RPPS finissant par 017",
        f"  B••• M•••, RPPS finissant par {BOB_RPPS[-3:]}",
    ]
    assert {row.account_id for row in desk.looked()} == {desk.house.account.id, "account-of-bob"}


def test_an_address_of_nobody_whose_mails_came_back_says_so(desk: Desk) -> None:
    assert desk.why("nadia@hopital.example") == 3
    assert desk.said[0].endswith("Aucun compte n'a cette adresse e-mail.")
    at_code(desk.house.browser())
    with desk.house.database.begin() as connection:
        connection.execute(sa.update(outbox).values(recipient="nadia@hopital.example"))
    with desk.house.database.connect() as connection:
        row = connection.execute(sa.select(outbox).order_by(outbox.c.id.desc())).first()
    assert row is not None
    give_up(desk.house.database, row.id, row.attempts, "550 no such user", datetime.now(UTC))
    desk.why("nadia@hopital.example")
    assert desk.said[0].endswith("un e-mail n'a pas pu y être remis : 550 no such user.")


def test_a_card_finds_its_person_by_what_is_printed_on_it_or_stands_in_it(desk: Desk) -> None:
    card_expired(desk)
    (refused,) = SqlAuditTrail(desk.house.database).search(Asked(events=["card:login:refused"]), 9)
    for name in ("card_number", "serial", "certificate"):
        asked = str(refused.record.facts[name])
        assert desk.first(asked) == "Carte refusée : Votre carte a expiré."
        # No account was proved by it, and the number is not told by the card.
        assert not any(RPPS in line for line in desk.said)


def test_a_card_that_proved_an_account_leads_to_all_that_its_person_tried(desk: Desk) -> None:
    by_psc(desk.house.browser(), desk.psc)
    wrong_twice(desk)
    # Of the account's first proof, kept with the next one.
    assert desk.first(desk.house.account.identity.evidence) == "Mot de passe faux (2 fois)."
    assert any(RPPS in line for line in desk.said)


def test_a_file_of_clients_that_is_broken_hides_nobody(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong_twice(desk)
    desk.house.settings.where.clients_file.write_text("clients: 7\n")
    assert desk.first() == "Mot de passe faux (2 fois)."
    assert any("pour viatrajectoire" in line for line in desk.said)


def test_an_application_that_is_not_registered_is_one_line(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.why(RPPS, client="viatrajectoir") == 1
    assert desk.looked() == []


# References.

_REFERENCE = re.compile(r"donner à l'assistance\s*<strong>([^<]+)</strong>")


def reference_on(page: TestResponse) -> str:
    found = _REFERENCE.search(unescape(page.text))
    assert found is not None, page.text
    return found[1]


def ask(browser: Browser, **changes: str | None) -> TestResponse:
    return browser.follow(browser.authorize(**changes))


def wrong_password(desk: Desk) -> TestResponse:
    browser = desk.house.browser()
    return browser.submit(ask(browser), "/password", rpps=RPPS, password="faux")


def wrong_password_of_nobody(desk: Desk) -> TestResponse:
    browser = desk.house.browser()
    return browser.submit(ask(browser), "/password", rpps=UNKNOWN, password="faux")


def wrong_code(desk: Desk) -> TestResponse:
    browser = desk.house.browser()
    return browser.submit(at_code(browser), "/email_otp", code="00000000")


def no_card(desk: Desk) -> TestResponse:
    return show(desk.house, None)


def cancelled_there(desk: Desk) -> TestResponse:
    browser = desk.house.browser()
    callback = go(browser, desk.psc, ask(browser))
    return browser.follow(browser.get(re.sub(r"code=[^&]*", "error=access_denied", callback)))


def first_connection(desk: Desk) -> TestResponse:
    desk.psc.lie = person(UNKNOWN)
    return by_psc(desk.house.browser(), desk.psc)


def disabled_by_card(desk: Desk) -> TestResponse:
    options = argparse.Namespace(person=RPPS, motive="", yes=True)
    accounts_command.disable(desk.house.settings, options)
    return by_psc(desk.house.browser(), desk.psc)


def of_another_browser(desk: Desk) -> TestResponse:
    page, other = ask(desk.house.browser()), desk.house.browser()
    ask(other)
    return other.get(page.request.path)


def unknown_application(desk: Desk) -> TestResponse:
    return desk.house.browser().authorize(client_id="nobody-knows")


PAGES = (
    (wrong_password, "Mot de passe faux (1 fois)."),
    (wrong_password_of_nobody, "Mot de passe faux (1 fois)."),
    (wrong_code, "Code faux."),
    (no_card, "Carte refusée : Aucune carte n'a été lue."),
    (cancelled_there, "Pro Santé Connect : Identification abandonnée."),
    (first_connection, "Pro Santé Connect a prouvé l'identité, mais le compte n'existe pas encore."),
    (disabled_by_card, "Le compte est désactivé, sans motif noté."),
    (of_another_browser, "Page montrée : Cette connexion a commencé dans un autre navigateur."),
    (unknown_application, "La demande de l'application est refusée par la règle client_unknown"),
)


def test_each_page_that_refuses_shows_a_reference_that_says_what_happened(make: Callable[..., Desk]) -> None:
    for act, first in PAGES:
        desk = make()
        reference = reference_on(act(desk))
        assert desk.first(reference).startswith(first), (act.__name__, desk.said)
        # As it is heard.
        assert desk.why(reference.lower().replace("-", " ")) == 0
        assert desk.looked()[-1].facts["by"] == "reference"


def test_the_reference_of_a_wrong_password_tells_nothing_of_the_account(make: Callable[..., Desk]) -> None:
    desk = make()
    pages = [act(desk) for act in (wrong_password, wrong_password_of_nobody)]
    said = []
    for page, rpps in zip(pages, (RPPS, UNKNOWN), strict=True):
        text = page.text.replace(rpps, "").replace(page.request.path.split("/")[2], "")
        said.append(re.sub(r'name="csrf" value="[^"]+"', "", text.replace(reference_on(page), "")))
    assert said[0] == said[1]
    assert reference_on(pages[0]) != reference_on(pages[1])


def test_one_sign_in_has_one_reference_whatever_it_meets(desk: Desk) -> None:
    browser = desk.house.browser()
    page = browser.submit(ask(browser), "/password", rpps=RPPS, password="faux")
    again = browser.submit(page, "/password", rpps=RPPS, password="encore faux")
    assert reference_on(page) == reference_on(again)
    desk.first(reference_on(page))
    assert sum("mot de passe REFUSÉ" in line for line in desk.said) == 2


def test_a_reference_of_nothing_is_said_so(desk: Desk) -> None:
    for reference in ("0123-4567", "0a1b2c3d"):
        assert desk.why(reference) == 3
        assert desk.said[0].endswith("Rien n'est gardé sous cette référence ou cette carte depuis 30 jours.")


def test_every_reason_event_and_refusal_has_its_words_in_both_languages() -> None:
    french, english = WORDS.texts["fr"], WORDS.texts["en"]
    assert french.keys() == english.keys()
    for key in french:
        named = [{name for _, name, _, _ in Formatter().parse(text[key])} for text in (french, english)]
        assert named[0] == named[1], key
    tables = {
        table: {key.partition(".")[2] for key in french if key.startswith(table)}
        for table in ("reason.", "say.")
    }
    # What to say to the person is the text of the page they read.
    assert tables["reason."] - tables["say."] == {"card", "psc", "page"}
    events = {str(event).replace(":", "_") for event in LISTED}
    assert {key.partition(".")[2] for key in french if key.startswith("event.")} == events
    for table, reasons in {
        "reason.code_": CodeRefusal,
        "reason.issue_": MayNotIssue,
        "why.": (*ActivationRefusal, *SendRefusal, *CodeRefusal),
    }.items():
        assert {f"{table}{one}" for one in reasons} <= french.keys(), table
