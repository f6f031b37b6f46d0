"""A language added by one file: offered wherever ours are, and refused at the start where it cannot serve."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request

from idp.adapters.sql.schema import outbox
from idp.core.sealing import Sealer, derive_key
from idp.settings import BadSetting
from idp.web.cookies import Cookies
from idp.web.languages import BadLanguage, open_languages
from idp.web.local_time import local_day, local_hour, local_time
from idp.web.locales import Locales
from idp.wiring.languages import build_languages
from idp.wiring.web import build_mails
from sandbox.style_guide.pseudo_language import TAG, pseudo_language, write_pseudo_language
from tests.configured import settings_with
from tests.pages.plain_words import plain_words, read, words_of
from tests.people import an_account
from tests.provider import PASSWORD, RPPS, Provider

ORIGINS = {"issuer": "https://id.example", "card_host": "https://carte.id.example"}
SECRETS = {"application_key": "k" * 43, "password_pepper": "p" * 43}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("languages")
    write_pseudo_language(made)
    (made / "README.txt").write_text("What is no catalogue is left alone.")
    return made


@pytest.mark.parametrize(
    ("wished", "found"),
    [
        ("qps", TAG),
        ("QPS-ploc fr", TAG),
        ("de qps fr", TAG),
        ("de-AT EN-us", "en"),
        ("de", None),
        ("", None),
        ("qp", None),
    ],
)
def test_a_wish_finds_the_language_or_the_one_without_its_region(
    directory: Path, wished: str, found: str | None
) -> None:
    assert open_languages(directory).best(wished) == found


def test_a_region_of_its_own_is_told_from_the_language(tmp_path: Path) -> None:
    write_pseudo_language(tmp_path, "pt")
    write_pseudo_language(tmp_path, "pt-BR")
    languages = open_languages(tmp_path)
    assert languages.tags == ("fr", "en", "pt", "pt-BR")
    assert [languages.best(wished) for wished in ("pt-br", "PT-BR-x", "pt-PT")] == ["pt-BR", "pt-BR", "pt"]


def test_days_and_hours_are_written_as_the_file_says(directory: Path) -> None:
    open_languages(directory)
    at = datetime(2026, 8, 3, 7, 5, tzinfo=UTC)
    assert (local_hour(at, TAG), local_day(at, TAG)) == ("[09\u00a0ħ\u00a005]", "3\u00a0[ȧǿŭŧ]\u00a02026")
    french, english = (local_time(at, tag) for tag in ("fr", "en"))
    assert (french, english) == ("3\u00a0août\u00a02026, 09\u00a0h\u00a005", "3\u00a0August\u00a02026, 09:05")
    first = datetime(2026, 11, 30, 23, 5, tzinfo=UTC)
    assert [local_day(first, tag) for tag in ("fr", "en")] == [
        "1er\u00a0décembre\u00a02026",
        "1\u00a0December\u00a02026",
    ]
    with pytest.raises(KeyError):
        local_day(at, "xx")


def test_names_are_enumerated_as_the_file_says(directory: Path) -> None:
    t = open_languages(directory).catalogues.translator(TAG)
    assert "A, B [ḗŧ] C" in t("signed_out.told", names=("A", "B", "C"))


def without(key: str) -> Callable[[str], str]:
    return lambda text: re.sub(rf"^{key} = .*\n", "", text, count=1, flags=re.MULTILINE)


def instead(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without("skip"), "messages.qps.toml: missing or empty, 1 in all: frame.skip; take"),
        (
            lambda text: text.partition("[house]")[0],
            r"missing or empty, \d+ in all: house.help, .*, …; take",
        ),
        (instead('skip = "', 'skip = "" #'), "missing or empty, 1 in all: frame.skip"),
        (instead("{client}", "{clientt}"), "frame.cancel must have the same fields .*: {client}"),
        (instead("{client}", "{client.__class__}"), "frame.cancel must have the same fields .*: {client}"),
        (instead("{client}", "{client:>999999999}"), "frame.cancel must have the same fields .*: {client}"),
        (instead("{client}", "{client"), "frame.cancel must have the same fields .*: {client}"),
        (instead('skip = "', 'skip = "{x}'), "frame.skip must have the same fields .*: none"),
        (instead('"ltr"', '"up"'), "language.direction must be ltr or rtl"),
        (instead('tag = "qps"', 'tag = "de"'), "language.tag must be qps, as in the name of the file"),
        (instead("[ĵȧƞṽīḗř], ", ""), "language.months must be twelve names with commas between"),
        (instead("[ĵȧƞṽīḗř], ", "[ĵȧƞṽīḗř], , "), "language.months must be twelve names"),
        (instead("[{hour} ħ {minute}]", "{hour}"), "language.hour must have the fields {hour} {minute}"),
        (instead("{day} {month} {year}", "{day:>9} {month} {year}"), "language.day must have the fields"),
        (
            instead("{before} [ḗŧ] {next}", "{before}"),
            "language.enumeration_end must have the fields {before} {n",
        ),
        (instead('skip = "', "skip = 1 #"), "frame.skip must be a text, not int"),
        (instead('subject_login = "', 'subject_login = "\\n'), "mail.code.subject_login must be one line"),
        (
            instead('subject_login = "', 'subject_login = "\\u2028'),
            "mail.code.subject_login must be one line",
        ),
        (instead("[frame]", "[frame"), r"messages\.qps\.toml: .*line \d+"),
    ],
)
def test_a_file_that_cannot_serve_is_told_in_one_line_with_what_to_do(
    tmp_path: Path, change: Callable[[str], str], told: str
) -> None:
    text = pseudo_language()
    changed = change(text)
    assert changed != text
    (tmp_path / "messages.qps.toml").write_text(changed, "utf-8")
    with pytest.raises(BadSetting) as found:
        build_languages(settings_with(**ORIGINS, **SECRETS, languages_directory=tmp_path))
    assert re.search(told, str(found.value))
    assert "CADUCEE_LANGUAGES_DIRECTORY" in str(found.value)
    assert len(str(found.value).splitlines()) == 1


def test_a_text_more_does_no_harm_so_one_file_serves_two_versions(tmp_path: Path) -> None:
    text = pseudo_language() + '\n[of_the_version_to_come]\ntitle = "[ŧḗẋŧ] {name}"\n'
    (tmp_path / "messages.qps.toml").write_text(text, "utf-8")
    assert open_languages(tmp_path).tags == ("fr", "en", TAG)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("messages.fr.toml", "is a language of the product"),
        ("messages.Deutsch.toml", "is no name of one"),
        ("deutsch.toml", "is no name of one"),
        ("messages.toml", "is no name of one"),
    ],
)
def test_a_file_of_another_name_is_refused_rather_than_passed_over(
    tmp_path: Path, name: str, told: str
) -> None:
    (tmp_path / name).write_text(pseudo_language(), "utf-8")
    with pytest.raises(BadLanguage, match=told):
        open_languages(tmp_path)


def test_a_folder_that_is_none_or_empty_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "octets").mkdir()
    (tmp_path / "octets" / "messages.qps.toml").write_bytes(b"a = '\xff'")
    for place, told in {
        "absent": "it is absent",
        "file": "it is a file",
        "empty": "there is no messages",
        "octets": "messages.qps.toml: not UTF-8 text",
    }.items():
        with pytest.raises(BadSetting, match=told):
            build_languages(settings_with(**ORIGINS, **SECRETS, languages_directory=tmp_path / place))


def test_the_default_may_be_an_added_language_and_no_other(directory: Path) -> None:
    def built(locale: str) -> str:
        return build_languages(
            settings_with(**ORIGINS, **SECRETS, languages_directory=directory, default_locale=locale)
        ).default

    assert built(TAG) == TAG
    with pytest.raises(BadSetting, match="fr, en or qps; it is none of them"):
        built("de")
    with pytest.raises(BadSetting, match="CADUCEE_DEFAULT_LOCALE"):
        settings_with(**ORIGINS, **SECRETS, default_locale=TAG)


@pytest.mark.parametrize(("default", "written"), [("fr", "fr"), ("en", "en"), (TAG, "fr")])
def test_what_an_operator_wrote_is_in_one_of_our_languages(
    directory: Path, default: str, written: str
) -> None:
    languages = open_languages(directory).with_default(default)
    assert [languages.written(tag) for tag in ("fr", "en", TAG)] == ["fr", "en", written]


def test_who_enrolled_in_a_language_that_is_offered_no_more_gets_mails_in_the_default() -> None:
    mails = build_mails(settings_with(**ORIGINS, **SECRETS, default_locale="en"))
    assert [mails.language_of(an_account(locale=tag)) for tag in ("fr", TAG)] == ["fr", "en"]


@pytest.fixture(scope="module")
def provider(app_factory: Callable[..., Provider], directory: Path) -> Provider:
    return app_factory(languages_directory=directory, operator_name="Groupement", help_desk_hours="le matin")


#: What no catalogue has: of the person, the application, the operator, the address.
OF_OTHERS = words_of(
    "ViaTrajectoire Trajectoire Grand Âge Poster Public Carte seule Groupement le matin a hopital example"
)


def is_in_pseudo(page: TestResponse) -> bool:
    reference = r"<strong>[0-9A-Za-z-]{8,9}</strong>"
    found = read(re.sub(reference, "", page.text), TAG)
    assert plain_words(found) <= OF_OTHERS, plain_words(found) - OF_OTHERS
    return found.root["lang"] == TAG


def test_a_whole_sign_in_is_in_the_language_that_the_application_wishes(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.follow(browser.authorize(ui_locales="xx qps-ploc fr"))
    assert is_in_pseudo(page)
    assert is_in_pseudo(browser.submit(page, "/password", rpps=RPPS, password="not the password"))
    code = browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)
    assert is_in_pseudo(code)
    subject, text = newest_mail(provider)
    assert words_of(subject) | words_of(text) <= OF_OTHERS
    assert is_in_pseudo(browser.submit(code, "/email_otp", code="00000000"))
    end = browser.submit(code, "/email_otp", code=provider.last_code())
    assert end.headers["Location"].startswith("https://trajectoire.example/callback?")


def test_so_is_the_account_of_a_browser_that_asks_for_it_and_what_is_refused(provider: Provider) -> None:
    browser = provider.browser()
    asked = {"Accept-Language": "qps-ploc,qps;q=0.9,en;q=0.8"}
    for path in ("/", "/nowhere", "/about/accessibility", "/authorize?client_id=unknown"):
        assert is_in_pseudo(browser.get(path, headers=asked)), path
    assert read(browser.get("/", headers={"Accept-Language": "de,en;q=0.8"}).text, "en").root["lang"] == "en"


def test_a_person_chooses_it_and_the_application_has_no_say_then(provider: Provider) -> None:
    browser = provider.browser()
    assert browser.get("/?lang=qps").status_code == 303
    assert is_in_pseudo(browser.follow(browser.authorize(ui_locales="en")))
    assert browser.get("/?lang=de").status_code == 200  # none of ours: ignored
    assert is_in_pseudo(browser.get("/"))


def test_a_wish_of_any_length_costs_no_more_than_what_a_browser_sends(directory: Path) -> None:
    locales = Locales(Cookies(is_secure=True), open_languages(directory).with_default("fr"))
    read = locales.of(Request({}), "de " * 100 + "en")
    # Each part more of one tag is a look-up of a longer one: thousands of them held a page for a second.
    assert (read, locales.of(Request({}), "de-" * 2000 + "x en")) == ("en", "fr")


def test_discovery_and_only_then_names_it(provider: Provider, app_factory: Callable[..., Provider]) -> None:
    for house, tags in ((provider, ["fr", "en", TAG]), (app_factory(), ["fr", "en"])):
        document = house.browser().get("/.well-known/openid-configuration").json
        assert document is not None
        assert document["ui_locales_supported"] == tags


def newest_mail(provider: Provider) -> tuple[str, str]:
    newest = sa.select(outbox.c.subject, outbox.c.text).order_by(outbox.c.id.desc()).limit(1)
    with provider.database.connect() as connection:
        subject, text = connection.execute(newest).one()
    sealer = Sealer(derive_key(provider.settings.keys.application, "seal"))
    return sealer.open(subject) or subject, sealer.open(text) or text
