"""Every page, in every state and both languages: words, accessibility, and nothing the CSP would refuse."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest
from bs4 import BeautifulSoup, Tag

from idp import pages
from idp.accounts.email_otp import CodeRefusal, SendRefusal
from idp.messages import CatalogueError, load_catalogues
from tests.pages.page_states import (
    ALL,
    CPS_REASONS,
    ELISE,
    ERROR_NAMES,
    LOCALES,
    PSC_REASONS,
    ROOT,
    TEMPLATES,
    State,
    enrolment,
    environment,
    every_state,
    frame,
    mails,
    otp,
)

CATALOGUES = load_catalogues(TEMPLATES)
ENVIRONMENT = environment()
STATES = [(locale, state) for locale in LOCALES for state in every_state(locale)]
HOSTILE = """<script>alert('1')</script>"&{{7*7}}{0.__class__}"""

#: What a password manager, a phone or a test of a relying party looks for, by field name.
AUTOCOMPLETE = {
    "rpps": "username",
    "password": "current-password",
    "code": "one-time-code",
    "email": "email",
    "address_line1": "address-line1",
    "address_line2": "address-line2",
    "postal_code": "postal-code",
    "city": "address-level2",
}


def rendered(locale: str, state: State, t: Callable[..., str] | None = None, **changes: str) -> str:
    page_frame = replace(frame(state, locale), **changes)
    template = ENVIRONMENT.get_template(state.template)
    return template.render(frame=page_frame, page=state.page, t=t or CATALOGUES.translator(locale))


def parsed(locale: str, state: State) -> BeautifulSoup:
    return BeautifulSoup(rendered(locale, state), "html.parser")


def text_of(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


def page_of(name: str, locale: str = "fr") -> BeautifulSoup:
    return next(parsed(locale, state) for state in every_state(locale) if state.name.rstrip("!") == name)


every_page = pytest.mark.parametrize(
    ("locale", "state"), STATES, ids=[f"{where}-{s.name}" for where, s in STATES]
)
each_language = pytest.mark.parametrize("locale", LOCALES)


# The frame -------------------------------------------------------------------------------------------------


@every_page
def test_page_has_its_language_a_title_one_h1_and_headings_in_order(locale: str, state: State) -> None:
    page = parsed(locale, state)
    assert page.html is not None
    assert page.html["lang"] == locale
    assert len(page.find_all("h1")) == 1
    assert text_of(page.h1) in text_of(page.title)
    assert text_of(page.title).endswith("– Caducée")
    levels = [int(heading.name[1]) for heading in page.find_all(re.compile(r"^h[1-6]$"))]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    assert text_of(page.select_one("a.skip"))
    assert page.find(id="content")


@every_page
def test_page_offers_itself_in_the_other_language(locale: str, state: State) -> None:
    link = parsed(locale, state).select_one("a.language")
    assert link is not None
    assert link["href"] == frame(state, locale).other_locale_path
    assert link["lang"] == link["hreflang"] == frame(state, locale).other_locale


@every_page
def test_title_announces_an_error_exactly_when_there_is_one(locale: str, state: State) -> None:
    title = text_of(parsed(locale, state).title)
    assert title.startswith({"fr": "Erreur :", "en": "Error:"}[locale]) == state.is_error


@every_page
def test_page_gives_the_csp_nothing_to_refuse(locale: str, state: State) -> None:
    page = parsed(locale, state)
    assert not page.find_all(["script", "style", "iframe", "object", "embed", "base"])
    for tag in page.find_all(True):
        assert not [name for name in tag.attrs if name == "style" or name.lower().startswith("on")], tag
    for tag in page.find_all(src=True) + page.find_all("link"):
        path = str(tag.get("src") or tag.get("href"))
        assert path.startswith("/static/"), tag
        assert (ROOT / "idp" / path.lstrip("/")).is_file(), tag


@every_page
def test_no_link_leaves_but_those_the_view_model_names(locale: str, state: State) -> None:
    named = {url for _, url in getattr(state.page, "applications", ())} | {
        getattr(state.page, "return_url", None)
    }
    for link in parsed(locale, state).find_all("a"):
        href = str(link["href"])
        assert href in named or href.startswith("#") or href == frame(state, locale).other_locale_path


@every_page
def test_each_id_is_unique_and_each_reference_leads_to_one(locale: str, state: State) -> None:
    page = parsed(locale, state)
    ids = [str(tag["id"]) for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    references = [str(tag["aria-describedby"]) for tag in page.find_all(attrs={"aria-describedby": True})]
    references += [str(tag["href"])[1:] for tag in page.find_all("a") if str(tag["href"]).startswith("#")]
    assert set(" ".join(references).split()) <= set(ids)


# The forms -------------------------------------------------------------------------------------------------


@every_page
def test_each_form_posts_within_the_house_with_the_csrf_token(locale: str, state: State) -> None:
    for form in parsed(locale, state).find_all("form"):
        assert form["method"] == "post"
        assert re.match(r"/(interaction/AbC|end_session)/", str(form["action"]))
        tokens = form.find_all("input", attrs={"name": "csrf"})
        assert [(token["type"], token["value"]) for token in tokens] == [("hidden", "csrf-value")]
        assert len(form.find_all("button", type="submit")) == 1


@every_page
def test_each_field_has_a_visible_label_and_its_autocomplete_token(locale: str, state: State) -> None:
    page = parsed(locale, state)
    for field in page.find_all("input"):
        if field["type"] == "hidden":
            continue
        labels = page.find_all("label", attrs={"for": field["id"]})
        assert len(labels) == 1
        assert text_of(labels[0])
        if field["type"] == "checkbox":
            continue
        expected = AUTOCOMPLETE[str(field["name"])]
        if state.template == "enrolment.html" and field["name"] == "password":
            expected = "new-password"
        assert field["autocomplete"] == expected
        assert "maxlength" not in field.attrs  # a pasted code or number may hold spaces
        assert field["type"] != "password" or "value" not in field.attrs


@every_page
def test_each_button_and_link_says_what_it_does(locale: str, state: State) -> None:
    for control in parsed(locale, state).find_all(["button", "a"]):
        assert len(text_of(control)) > 4


@every_page
def test_a_field_in_error_is_marked_and_described_by_its_message(locale: str, state: State) -> None:
    page = parsed(locale, state)
    for field in page.find_all(attrs={"aria-invalid": "true"}):
        first = str(field["aria-describedby"]).split()[0]
        assert len(text_of(page.find(id=first))) > 10
        assert page.select_one("[role=alert]")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("password-refused", ["rpps", "password"]),
        ("password-malformed_rpps", ["rpps"]),
        ("password-wait", []),
        ("otp-refused", ["code"]),
        ("otp-malformed", ["code"]),
        ("enrolment-errors", ["email", "password", "postal_code"]),
        ("enrolment-busy", []),
        ("charter-tick-needed", ["accepted"]),
    ],
)
def test_the_alert_leads_to_the_first_field_to_mend(name: str, fields: list[str]) -> None:
    page = page_of(name)
    assert [field["name"] for field in page.find_all(attrs={"aria-invalid": "true"})] == fields
    link = page.select_one("[role=alert] a")
    assert (link["href"] if link else None) == (f"#{fields[0]}" if fields else None)


# The words of the customer's guide -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("choice-all", "S'identifier avec Pro Santé Connect"),
        ("choice-all", "Se connecter par CPS"),
        ("choice-all", "code porteur"),
        ("choice-all", "Se connecter"),
        ("choice-all", "Annuler et revenir à ViaTrajectoire"),
        (
            "enrolment-empty",
            "Choisir un mot de passe pour une connexion OTP sans passer par Pro Santé Connect",
        ),
        ("enrolment-empty", "Créer mon compte"),
        ("charter-first", "J'ai lu et accepte les conditions ci-dessus"),
        ("charter-first", "Valider"),
        ("otp-login", "Valider"),
        ("first-connection", "La première connexion doit être réalisée avec votre carte CPx"),
        ("first-connection", "Se connecter par CPS"),
        ("cps-none", "Réessayer avec ma carte"),
    ],
)
def test_the_wording_of_the_guide_is_kept(name: str, words: str) -> None:
    page = page_of(name)
    exact = {text_of(tag) for tag in page.find_all(["button", "label", "h1"])}
    assert words in exact or (words == "code porteur" and words in text_of(page.main))


def test_psc_comes_first_then_the_card_then_the_password() -> None:
    buttons = [text_of(button) for button in page_of("choice-all").find_all("button")]
    assert buttons[:3] == ["S'identifier avec Pro Santé Connect", "Se connecter par CPS", "Se connecter"]


@pytest.mark.parametrize("psc", [True, False])
@pytest.mark.parametrize("cps", [True, False])
@pytest.mark.parametrize("password", [True, False])
def test_only_open_doors_are_shown(psc: bool, cps: bool, password: bool) -> None:
    doors = pages.Doors(psc, cps, password)
    for state in (
        State("choice", "choice.html", pages.ChoicePage(doors)),
        State("cps", "cps.html", pages.CpsPage("none", doors)),
        State("psc", "psc.html", pages.PscPage("stale", doors)),
    ):
        actions = [str(form["action"]).rsplit("/", 1)[1] for form in parsed("fr", state).find_all("form")]
        shown = {"psc": psc, "cps": cps, "password": password}
        assert sorted(actions) == sorted([name for name, is_open in shown.items() if is_open] + ["cancel"])


def test_only_a_page_on_the_way_to_an_application_names_it() -> None:
    assert "Pour accéder à ViaTrajectoire" in text_of(page_of("choice-all").main)
    assert "Pour accéder à" not in text_of(page_of("signed-out-done").main)


def test_code_page_says_where_until_when_and_how_many_tries_are_left() -> None:
    text = text_of(page_of("otp-refused").main)
    for words in (
        "e•••••d@hopital-saint-louis.fr",
        "10 minutes",
        "14 h 32",
        "reste 3 essais",
        "indésirables",
    ):
        assert words in text
    assert "essai" not in text_of(page_of("otp-login").main)


@pytest.mark.parametrize("name", ["otp-expired", "otp-used-up", "otp-closed", "otp-email-taken"])
def test_a_dead_code_leaves_no_field_but_a_way_on(name: str) -> None:
    page = page_of(name)
    assert page.find(id="code") is None
    ways = {str(form["action"]).removeprefix("/interaction/AbC/") for form in page.find_all("form")} - {
        "cancel"
    }
    assert ways


def test_what_was_typed_comes_back_but_never_the_password() -> None:
    page = page_of("enrolment-errors")
    values = {
        field["name"]: field.get("value") for field in page.find_all("input") if field["name"] != "csrf"
    }
    assert values["email"] == "elise.marchand@hopital"
    assert values["city"] == "Lyon"
    assert values["password"] is None
    assert page_of("password-refused").select_one("#rpps")["value"] == "99700218896"  # type: ignore[index]


def test_identity_is_text_and_no_field() -> None:
    page = page_of("enrolment-empty")
    facts = page.select_one("dl.identity")
    assert facts is not None
    assert "MARCHAND-LEFÈVRE" in text_of(facts)
    assert "Gériatrie" in text_of(facts)
    assert not facts.find_all("input")
    assert {f["name"] for f in page.find_all("input")} == {"csrf", *AUTOCOMPLETE} - {"rpps", "code"}


def test_charter_ends_with_an_unticked_box_and_carries_its_revision() -> None:
    page = page_of("charter-first")
    form = page.find("form", action="/interaction/AbC/charter")
    assert isinstance(form, Tag)
    box = form.find("input", type="checkbox")
    assert isinstance(box, Tag)
    assert (box["name"], box["value"], box.get("checked")) == ("accepted", "yes", None)
    assert form.find("input", attrs={"name": "revision", "value": "2026-1"})
    article = page.find("article")
    assert isinstance(article, Tag)
    assert form in article.find_all_next("form")


def test_both_charters_have_the_same_articles() -> None:
    texts = [(ROOT / "charters" / f"2026-1.{locale}.md").read_text() for locale in LOCALES]
    articles = [re.findall(r"^## Article (\d+) – ", text, re.MULTILINE) for text in texts]
    assert articles[0] == articles[1] == [str(number) for number in range(1, 9)]


# Hostile values --------------------------------------------------------------------------------------------


def hostile_states() -> Iterator[State]:
    identity = replace(
        ELISE,
        family_name=HOSTILE,
        given_name=HOSTILE,
        profession=HOSTILE,
        specialities=(HOSTILE,),
        rpps=HOSTILE,
    )
    typed = dict.fromkeys(("email", "address_line1", "address_line2", "postal_code", "city"), HOSTILE)
    models: dict[str, object] = {
        "choice.html": pages.ChoicePage(ALL, "choice.step_up"),
        "password.html": pages.PasswordPage(ALL, HOSTILE, "password.refused"),
        "email_otp.html": otp(masked_email=HOSTILE, expires_at_local=HOSTILE),
        "enrolment.html": enrolment(identity=identity, values=typed),
        "charter.html": pages.CharterPage("<p>ok</p>", HOSTILE, HOSTILE, False, None),
        "cps.html": pages.CpsPage("none", ALL),
        "psc.html": pages.PscPage("refused", ALL),
        "first_connection.html": pages.FirstConnectionPage(HOSTILE, HOSTILE, False),
        "account.html": pages.AccountPage(identity, ((HOSTILE, "https://rp.example/"),), HOSTILE),
        "signed_out.html": pages.SignedOutPage(
            "confirm", identity, HOSTILE, "https://rp.example/", HOSTILE, True
        ),
        "error.html": pages.ErrorPage("error.internal", HOSTILE, None, "https://rp.example/", HOSTILE),
    }
    for template, model in models.items():
        yield State(template, template, model)


@pytest.mark.parametrize("state", list(hostile_states()), ids=lambda state: state.template)
def test_hostile_values_come_out_as_the_text_they_are(state: State) -> None:
    html = rendered("fr", state, client_name=HOSTILE, csrf=HOSTILE)
    page = BeautifulSoup(html, "html.parser")
    assert not page.find_all("script")
    assert "{{7*7}}" in page.get_text()
    for escape_of_an_escape in ("&amp;lt;", "&amp;#39;", "&amp;#34;"):
        assert escape_of_an_escape not in html
    assert {field["value"] for field in page.find_all("input", attrs={"name": "csrf"})} <= {HOSTILE}


def test_every_template_met_hostile_values() -> None:
    ours = {file.name for file in TEMPLATES.glob("*.html")} - {"base.html", "macros.html"}
    assert {state.template for state in hostile_states()} == ours == {state.template for _, state in STATES}


# The mails -------------------------------------------------------------------------------------------------


def mail(kind: str, locale: str, model: pages.CodeMail) -> str:
    return ENVIRONMENT.get_template(f"mail/code.{kind}").render(page=model, t=CATALOGUES.translator(locale))


@each_language
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_mail_says_who_why_how_long_and_holds_no_link(locale: str, kind: str) -> None:
    for model in mails():
        text = mail(kind, locale, model)
        for words in ("Caducée", "ViaTrajectoire", "10 minutes", "3 novembre 2026 à 14 h 22"):
            assert words in text
        assert {"fr": "Ne communiquez jamais ce code", "en": "Never give this code"}[locale] in text
        assert not re.search(r"https?:|www\.|href|src=", text)
        assert model.code not in CATALOGUES.translator(locale)("mail.code.subject")


@each_language
def test_code_stands_alone_on_its_line(locale: str) -> None:
    for model in mails():
        assert [line for line in mail("txt", locale, model).splitlines() if line.strip() == "48213907"]
        assert "\n\n\n" not in mail("txt", locale, model)
        page = BeautifulSoup(mail("html", locale, model), "html.parser")
        assert text_of(page.select_one("p.code")) == "48213907"
        assert page.html is not None
        assert page.html["lang"] == locale


def test_text_mail_is_plain_and_html_mail_is_escaped() -> None:
    for model in mails(client_name=HOSTILE):
        assert HOSTILE in mail("txt", "fr", model)
        assert "&#39;" not in mail("txt", "fr", model)
        assert "<script>" not in mail("html", "fr", model)


# The catalogues --------------------------------------------------------------------------------------------


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys_and_the_same_fields() -> None:
    french, english = CATALOGUES.texts["fr"], CATALOGUES.texts["en"]
    assert set(french) == set(english)
    for key in french:
        assert placeholders(french[key]) == placeholders(english[key]), key


@each_language
def test_no_text_is_empty_and_no_field_reaches_into_a_value(locale: str) -> None:
    for key, text in CATALOGUES.texts[locale].items():
        assert text.strip(), key
        assert all(re.fullmatch(r"[a-z_]+", name) for name in placeholders(text)), key
        assert "’" not in text, f"{key}: the house writes the straight apostrophe"


def test_an_explanation_has_as_many_lines_in_both_languages() -> None:
    french, english = CATALOGUES.texts["fr"], CATALOGUES.texts["en"]
    for key in [key for key in french if key.endswith(".text")]:
        assert len(french[key].splitlines()) == len(english[key].splitlines()), key


def test_french_punctuation_never_falls_alone_on_a_line() -> None:
    breakable = {key for key, text in CATALOGUES.texts["fr"].items() if re.search(r" [:;?!»]|« ", text)}
    assert breakable == {"frame.error_prefix"}  # a page title does not wrap


def test_every_key_named_by_the_view_models_exists() -> None:
    source = Path(pages.__file__).read_text()
    named = set(re.findall(r'"((?:choice|password|email_otp|enrolment|charter|mail)\.[a-z_.]+)"', source))
    named |= {f"cps.{reason}.{part}" for reason in CPS_REASONS for part in ("title", "text")}
    named |= {f"psc.{reason}.{part}" for reason in PSC_REASONS for part in ("title", "text")}
    named |= {f"email_otp.{reason}" for kind in (CodeRefusal, SendRefusal) for reason in kind}
    named |= {f"error.{name}.{part}" for name in ERROR_NAMES for part in ("title", "text")}
    assert {"choice.step_up", "email_otp.closed", "enrolment.busy", "charter.tick_needed"} <= named
    assert named <= set(CATALOGUES.texts["fr"])


def test_no_key_is_left_that_no_page_says() -> None:
    said = {"mail.code.subject"}  # said by the code that posts the mail

    def listening(key: str, /, **values: object) -> str:
        said.add(key)
        return CATALOGUES.translator("fr")(key, **values)

    for state in every_state("fr"):
        rendered("fr", state, listening)
    nameless = State("choice", "choice.html", pages.ChoicePage(ALL))
    ENVIRONMENT.get_template("choice.html").render(
        frame=replace(frame(nameless, "fr"), client_name=None), page=nameless.page, t=listening
    )
    for model in mails():
        for kind in ("txt", "html"):
            ENVIRONMENT.get_template(f"mail/code.{kind}").render(page=model, t=listening)
    assert set(CATALOGUES.texts["fr"]) == said


def test_an_unknown_key_a_missing_value_and_an_unknown_language_are_errors() -> None:
    t = CATALOGUES.translator("fr")
    with pytest.raises(KeyError):
        t("choice.no_such_key")
    with pytest.raises(KeyError):
        t("frame.cancel")
    with pytest.raises(KeyError):
        CATALOGUES.translator("de")


def test_a_value_is_never_read_as_a_pattern() -> None:
    assert CATALOGUES.translator("fr")("frame.cancel", client=HOSTILE).endswith(HOSTILE)


@pytest.mark.parametrize("content", ["a = 1", "[a]\nb = ['x']", "a = ", b"a = '\xff'"])
def test_a_catalogue_that_is_not_tables_of_texts_is_refused(tmp_path: Path, content: str | bytes) -> None:
    (tmp_path / "messages.fr.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CatalogueError, match=r"messages\.fr\.toml"):
        load_catalogues(tmp_path)


def test_a_folder_without_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError):
        load_catalogues(tmp_path)


# The templates and the style sheet as files ----------------------------------------------------------------


def test_templates_use_nothing_but_the_few_tags_of_the_house() -> None:
    allowed = {"extends", "block", "import", "macro", "if", "elif", "else", "for"}
    allowed |= {f"end{name}" for name in ("block", "macro", "if", "for")}
    for file in TEMPLATES.rglob("*.html"):
        assert set(re.findall(r"\{%[-+]?\s*(\w+)", file.read_text())) <= allowed, file.name
    safe = [file.name for file in TEMPLATES.rglob("*.html") if re.search(r"\|\s*safe\b", file.read_text())]
    assert safe == ["charter.html"]


def luminance(colour: str) -> float:
    # WCAG 2.2, "relative luminance".
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TEXT_ON = [("ink", "paper"), ("ink", "ground"), ("ink", "tint"), ("ink", "wrong-tint"), ("soft-ink", "paper")]
TEXT_ON += [
    ("soft-ink", "ground"),
    ("soft-ink", "tint"),
    ("accent", "paper"),
    ("accent", "tint"),
    ("accent", "ground"),
]
TEXT_ON += [("accent-deep", "paper"), ("on-accent", "accent"), ("on-accent", "accent-deep")]
TEXT_ON += [("wrong", "paper"), ("wrong", "wrong-tint")]
EDGE_ON = [
    ("edge", "paper"),
    ("focus", "paper"),
    ("focus", "ground"),
    ("accent", "ground"),
    ("wrong", "paper"),
]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_keep_their_contrast(scheme: int) -> None:
    css = (ROOT / "idp" / "static" / "caducee.css").read_text()
    palette = dict(
        re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", re.findall(r":root \{(.*?)\}", css, re.DOTALL)[scheme])
    )
    assert not [pair for pair in TEXT_ON if contrast(palette[pair[0]], palette[pair[1]]) < 4.5]
    assert not [pair for pair in EDGE_ON if contrast(palette[pair[0]], palette[pair[1]]) < 3]


def test_style_sheet_is_small_and_fetches_nothing() -> None:
    css = (ROOT / "idp" / "static" / "caducee.css").read_text()
    assert len(css.encode()) < 15_000
    assert not re.search(r"url\(|@import|@font-face", css)
