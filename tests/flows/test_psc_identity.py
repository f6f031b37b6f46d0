"""Who a proof by Pro Santé Connect reaches: one account per RPPS, refreshed, linked, and told about it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from idp.adapters.sql.upstream_links import SqlUpstreamLinks
from tests.adapters.psc.hostile_psc import HostilePsc, Lie
from tests.limits import within
from tests.protocol.psc import (
    SUBJECT,
    by_psc,
    facts,
    go,
    listening,
    person,
    renamed,
    settings_of,
    subjects_of_mails,
)
from tests.provider import RPPS, Browser, Provider, audited

OTHER_RPPS = "99700218896"
LINKED = "Première connexion par Pro Santé Connect"
CHANGED = "Votre identité a été mise à jour"
NEW_SUBJECT = "Pro Santé Connect vous reconnaît sous un nouvel identifiant"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc))


def is_signed_in(response: object) -> bool:
    return "code=" in getattr(response, "headers", {}).get("Location", "")


def links(house: Provider) -> SqlUpstreamLinks:
    return SqlUpstreamLinks(house.database, house.settings.psc.issuer)


def test_known_rpps_reaches_its_account_and_the_first_link_is_told_once(
    house: Provider, psc: HostilePsc
) -> None:
    for _ in range(2):
        assert is_signed_in(by_psc(house.browser(), psc))
    link = links(house).find(house.account.id)
    assert link is not None
    assert link.subject == SUBJECT
    assert link.claims == {"SubjectRefPro": psc.lie.userinfo["SubjectRefPro"]}
    assert subjects_of_mails(house) == [LINKED]
    assert audited(house).count("psc:link:accepted") == 1


def test_identity_is_refreshed_with_history_and_notice(house: Provider, psc: HostilePsc) -> None:
    by_psc(house.browser(), psc)
    psc.lie = renamed(psc.lie, "MARTIN")
    assert is_signed_in(by_psc(house.browser(), psc))
    account = house.accounts.get(house.account.id)
    assert (account.identity.family_name, account.identity.source) == ("MARTIN", "psc")
    (change,) = house.accounts.history(account.id)
    assert (change.before.family_name, change.after.family_name) == ("DUPONT-NŒL", "MARTIN")
    assert subjects_of_mails(house) == [LINKED, CHANGED]


def test_another_sub_of_the_same_rpps_is_accepted_and_told(house: Provider, psc: HostilePsc) -> None:
    by_psc(house.browser(), psc)
    psc.lie = person(sub="0f0d7d4e-1111-4222-8333-444455556666")
    assert is_signed_in(by_psc(house.browser(), psc))
    assert links(house).owner("0f0d7d4e-1111-4222-8333-444455556666") == house.account.id
    assert subjects_of_mails(house) == [LINKED, NEW_SUBJECT]
    assert audited(house).count("psc:link:subject_changed") == 1


def test_the_same_sub_with_another_rpps_is_refused_and_alarmed(house: Provider, psc: HostilePsc) -> None:
    by_psc(house.browser(), psc)
    psc.lie = person(OTHER_RPPS, sub=SUBJECT)
    browser = house.browser()
    page = by_psc(browser, psc)
    assert page.status_code == 403
    assert "L'identité transmise ne correspond pas" in page.text.replace("&#39;", "'")
    assert "psc:link:refused" in audited(house)
    # The other doors are on the page, and they work.
    assert is_signed_in(browser.prove(page))


def test_a_sub_that_moves_to_an_existing_account_is_refused_too(house: Provider, psc: HostilePsc) -> None:
    other = replace(
        house.account,
        id="account-of-bob",
        subject="sub-of-bob",
        email="bob@hopital.example",
        identity=replace(house.account.identity, rpps=OTHER_RPPS, family_name="BOB"),
    )
    house.accounts.add(other)
    by_psc(house.browser(), psc)
    psc.lie = person(OTHER_RPPS, sub=SUBJECT)
    assert by_psc(house.browser(), psc).status_code == 403
    # Nothing of the refused proof was written.
    assert house.accounts.get(other.id).identity.family_name == "BOB"
    assert links(house).find(other.id) is None


def test_bare_rpps_and_typed_rpps_are_one_person(house: Provider, psc: HostilePsc) -> None:
    by_psc(house.browser(), psc)
    bare = person()
    psc.lie = replace(
        bare,
        claims={**bare.claims, "SubjectNameID": RPPS},
        userinfo={**bare.userinfo, "SubjectNameID": RPPS},
    )
    assert is_signed_in(by_psc(house.browser(), psc))
    assert audited(house).count("psc:link:accepted") == 1


def test_disabled_account_is_not_opened_by_pro_sante_connect(house: Provider, psc: HostilePsc) -> None:
    account = house.accounts.get(house.account.id)
    house.accounts.save(replace(account, enabled=False).next_generation())
    page = by_psc(house.browser(), psc)
    assert page.status_code == 403
    assert links(house).find(account.id) is None
    assert house.accounts.get(account.id).identity == account.identity
    # Whoever disabled it sees that somebody tried, and whose account it was.
    assert [one["reason"] for one in facts(house, "psc:login:refused")] == ["account_disabled"]


# The person whom nobody enrolled.


def enrol(browser: Browser, page: object, house: Provider, email: str) -> object:
    typed = {
        "email": email,
        "password": "tilleul bleu 73 remorque lente",
        "address_line1": "7 quai de l'Île",
        "address_line2": "",
        "postal_code": "69005",
        "city": "Lyon",
    }
    page = browser.submit(page, "/enrolment", **typed)  # type: ignore[arg-type]
    return browser.submit(page, "/email_otp", code=house.last_code())


def test_first_login_without_account_needs_the_card_by_default(house: Provider, psc: HostilePsc) -> None:
    psc.lie = person(OTHER_RPPS)
    page = by_psc(house.browser(), psc)
    assert "La première connexion doit être réalisée avec votre carte CPx" in page.text
    assert house.accounts.find_by_rpps(OTHER_RPPS) is None


def test_operator_may_open_the_enrolment_from_pro_sante_connect(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc), enrolment_from_psc=True)
    psc.lie = person(OTHER_RPPS, SubjectRole=["10^1.2.250.1.213.1.1.5.5"])
    browser = house.browser()
    enrol(browser, by_psc(browser, psc), house, "nouvelle@hopital.example")
    account = house.accounts.find_by_rpps(OTHER_RPPS)
    assert account is not None
    assert account.identity.source == "psc"
    link = links(house).find(account.id)
    assert link is not None
    assert link.claims["SubjectRole"] == ["10^1.2.250.1.213.1.1.5.5"]
    # They know by what they enrolled: no notice. The mail of the code they typed was withdrawn.
    assert subjects_of_mails(house) == []


def without(lie: Lie, *names: str) -> Lie:
    absent = dict.fromkeys(names, ...)
    return replace(lie, claims={**lie.claims, **absent}, userinfo={**lie.userinfo, **absent})


@pytest.mark.parametrize("enrols", [False, True])
def test_nobody_enrols_without_any_name(
    psc: HostilePsc, app_factory: Callable[..., Provider], enrols: bool
) -> None:
    house = app_factory(**settings_of(psc), enrolment_from_psc=enrols)
    psc.lie = without(person(OTHER_RPPS, SubjectRefPro={}), "given_name", "family_name")
    browser = house.browser()
    page = by_psc(browser, psc)
    assert (page.status_code, house.accounts.find_by_rpps(OTHER_RPPS)) == (403, None)
    assert is_signed_in(browser.prove(page))
    # A person who has an account keeps the names it has.
    psc.lie = without(person(SubjectRefPro={}), "given_name", "family_name")
    assert is_signed_in(by_psc(house.browser(), psc))
    assert house.accounts.get(house.account.id).identity.full_name == "Aïcha DUPONT-NŒL"


@pytest.mark.parametrize(
    ("absent", "named", "heading"),
    [
        ("given_name", {"family_name": "\u2019T HOOFT"}, "’T HOOFT"),
        ("family_name", {"given_name": "SUKARNO (BUNG)"}, "SUKARNO (BUNG)"),
    ],
)
def test_one_name_is_enough_whatever_its_spelling(
    psc: HostilePsc, app_factory: Callable[..., Provider], absent: str, named: dict[str, str], heading: str
) -> None:
    house = app_factory(**settings_of(psc))
    psc.lie = without(person(OTHER_RPPS, SubjectRefPro={}, **named), absent)
    psc.lie = replace(psc.lie, claims={**psc.lie.claims, **named})
    page = by_psc(house.browser(), psc)
    assert page.status_code == 200
    assert f"Bonjour {heading}." in page.text


def test_two_first_logins_at_once_make_one_account(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc), enrolment_from_psc=True)
    psc.lie = person(OTHER_RPPS)
    browsers, pages = [house.browser(), house.browser()], []
    for number, browser in enumerate(browsers):
        form = by_psc(browser, psc)
        pages.append(
            browser.submit(
                form,
                "/enrolment",
                email=f"un{number}@hopital.example",
                password="tilleul bleu 73 remorque lente",
                address_line1="7 quai",
                address_line2="",
                postal_code="69005",
                city="Lyon",
            )
        )
        pages[-1] = (pages[-1], house.last_code())
    together = threading.Barrier(2)
    results: list[object] = [None, None]

    def finish(rank: int) -> None:
        page, code = pages[rank]
        together.wait(within(10))
        results[rank] = browsers[rank].submit(page, "/email_otp", code=code)

    threads = [threading.Thread(target=finish, args=(rank,)) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert audited(house).count("enrolment:complete:accepted") == 1
    # The slower one is told that the account has the other address.
    texts = [result.text for result in results]  # type: ignore[attr-defined]
    assert sorted("Charte" in text for text in texts) == [False, True]
    assert sum("Votre compte existe déjà" in text for text in texts) == 1
    account = house.accounts.find_by_rpps(OTHER_RPPS)
    assert account is not None
    assert links(house).owner(f"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:8{OTHER_RPPS}") == account.id


def test_two_people_under_one_sub_who_enrol_at_once_are_not_both_let_in(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc), enrolment_from_psc=True)
    first, second = house.browser(), house.browser()
    psc.lie = person(OTHER_RPPS, sub=SUBJECT)
    form_of_first = by_psc(first, psc)
    psc.lie = person("99700075122", sub=SUBJECT)
    form_of_second = by_psc(second, psc)
    enrol(first, form_of_first, house, "un@hopital.example")
    assert house.accounts.find_by_rpps(OTHER_RPPS) is not None
    page = enrol(second, form_of_second, house, "deux@hopital.example")
    assert page.status_code == 403  # type: ignore[attr-defined]
    assert "L'identité transmise ne correspond pas" in page.text.replace("&#39;", "'")  # type: ignore[attr-defined]
    assert house.accounts.find_by_rpps("99700075122") is None
    assert audited(house).count("psc:link:refused") == 1
    # The other doors are on the page, and they work.
    assert is_signed_in(second.prove(page))  # type: ignore[arg-type]


def test_callback_opened_twice_at_once_signs_in_once(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    callback = go(browser, psc, browser.follow(browser.authorize()))
    results: list[int] = []

    def open_it() -> None:
        results.append(browser.get(callback).status_code)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert psc.calls("token") == 1
    assert results.count(303) >= 1
    assert audited(house).count("psc:login:accepted") == 1
