"""Every page, in every state and both languages: structure, forms, and nothing that the CSP would refuse.

One test for each check of each page: it goes through all states of the page, read once for all checks, and names
every state that fails.
"""

import itertools
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from bs4 import BeautifulSoup

from sandbox.style_guide.houses import OF_HOUSE
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import CATALOGUES, ROOT, environment, rendered
from sandbox.style_guide.state import LOCALES, State, frame
from tests.pages.reading import AUTOCOMPLETE, SCRIPTS, of_forms, page_of, text_of

#: Of our own origin as well, from the operator's folder (docs/operate.md).
OPERATOR_PICTURES = ("/psc/picture/bouton", "/psc/picture/bouton-survol", "/logos/viatrajectoire", *OF_HOUSE)
STATES = [(locale, state) for locale in LOCALES for state in every_state(locale)]
LOOSE = environment(is_trimmed=False)
PAGES = sorted({state.template for _, state in STATES})


@cache
def written_once(rank: int) -> str:
    """The page of this rank in STATES."""
    return rendered(*STATES[rank])


@cache
def read_once(rank: int) -> BeautifulSoup:
    """The same, read. No check changes it."""
    return BeautifulSoup(written_once(rank), "html.parser")


def every_page(
    check: Callable[[str, State, Any], None], read: Callable[[int], Any] = read_once
) -> Callable[[str], None]:
    """The check as a test of each page, in all its states and both languages."""

    def test(template: str) -> None:
        failed: dict[str, Any] = {}
        for rank, (locale, state) in enumerate(STATES):
            if state.template != template:
                continue
            try:
                check(locale, state, read(rank))
            except Exception as error:
                failed[f"{locale}-{state.name}"] = f"{type(error).__name__}: {error}"
        assert not failed, "\n".join(f"{name}: {told}" for name, told in failed.items())

    test.__name__, test.__doc__ = check.__name__, check.__doc__
    return pytest.mark.parametrize("template", PAGES)(test)


def test_every_page_has_states_in_both_languages() -> None:
    assert {(where, state.template) for where, state in STATES} == {
        (locale, page) for locale in LOCALES for page in PAGES
    }
    assert len(STATES) > 200


@every_page
def test_page_has_its_language_a_title_one_h1_and_headings_in_order(
    locale: str, state: State, page: BeautifulSoup
) -> None:
    assert page.html is not None
    assert page.html["lang"] == locale
    assert len(page.find_all("h1")) == 1
    assert text_of(page.h1) in text_of(page.title)
    assert text_of(page.title).endswith(f"– {state.house.name or 'Caducée'}")
    levels = [int(heading.name[1]) for heading in page.find_all(re.compile(r"^h[1-6]$"))]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert text_of(page.select_one("a.skip"))
    assert page.find(id="content")


@every_page
def test_page_offers_itself_in_the_other_language(locale: str, state: State, page: BeautifulSoup) -> None:
    link = page.select_one("ul.languages a")
    # What the one carries and the other waits for is in no other address.
    if state.template in ("form_post.html", "psc_waiting.html"):
        assert link is None
        return
    assert link is not None
    (other,) = frame(state, locale).other_languages
    assert link["href"] == f"{frame(state, locale).language_path}?lang={other.tag}"
    assert link["lang"] == link["hreflang"] == other.tag
    assert text_of(link) == other.name


@every_page
def test_title_announces_an_error_exactly_when_there_is_one(
    locale: str, state: State, page: BeautifulSoup
) -> None:
    title = text_of(page.title)
    assert title.startswith({"fr": "Erreur :", "en": "Error:"}[locale]) == state.is_error
    # What the page says first, it says too: but for the pages of a proof or of an error, which are it.
    if state.template not in ("cps.html", "psc.html", "error.html"):
        assert bool(page.select("#problem")) == state.is_error


@every_page
def test_page_gives_the_csp_nothing_to_refuse(locale: str, state: State, page: BeautifulSoup) -> None:
    tags = page.find_all(True)
    # Only these pages allow a script, ours. All but passkeys do without.
    own = set(SCRIPTS.get(state.template, ()))
    asks = any("data-options" in tag.attrs for tag in tags)
    allowed = own if asks or "post" in state.template else set()
    allowed |= of_forms(page, state.template)
    allowed |= {"/static/copy.js"} if any("data-copy" in tag.attrs for tag in tags) else set()
    allowed |= {"/static/deadline.js"} if state.deadline else set()
    allowed |= {"/static/password.js"} if page.find("input", type="password") else set()
    assert sorted(str(tag.get("src")) for tag in tags if tag.name == "script") == sorted(allowed)
    for tag in tags:
        assert tag.name not in ("style", "object", "embed", "base")
        assert not [name for name in tag.attrs if name == "style" or name.lower().startswith("on")], tag
        if tag.name != "link" and (tag.name == "iframe" or "src" not in tag.attrs):
            continue
        path = str(tag.get("src") or tag.get("href"))
        if path in OPERATOR_PICTURES:
            continue
        assert path.startswith("/static/"), tag
        assert (ROOT / "idp" / path.lstrip("/")).is_file(), tag


@every_page
def test_no_link_leaves_but_those_the_view_model_names(
    locale: str, state: State, page: BeautifulSoup
) -> None:
    named = {one.home for one in getattr(state.page, "applications", ())} | {
        getattr(state.page, "return_url", None),
        getattr(state.page, "onward_url", None),
    }
    for link in page.find_all("a"):
        href = str(link["href"])
        here = frame(state, locale)
        # "/": the way on without a way back; the base path: the hub, which knows the next page, and below it a door.
        others = {f"{here.language_path}?lang={other.tag}" for other in here.other_languages}
        own = {"/", "/end_session", *others, here.base_path, f"{here.base_path}/passkey"}
        own |= {f"{here.base_path}/activation", f"{here.base_path}/charter/text"}
        contact = here.house.help_desk
        own |= {contact.link, f"tel:{contact.dial}"} | {f"/about/{name}" for name in here.house.pages}
        own |= {"/about/accessibility", "https://formulaire.defenseurdesdroits.fr/"}
        again = getattr(state.page, "again", None)  # "": this very address
        own |= set() if again is None else {again}
        of_account = re.fullmatch(
            r"/account/[a-z-]+(/close|/report/[0-9]+|\?to=[a-z]+|\?before=[0-9]+|/[0-9]+(/text)?)?", href
        )
        assert href in named or href.startswith("#") or href in own or of_account


@every_page
def test_every_page_has_a_way_back(locale: str, state: State, page: BeautifulSoup) -> None:
    assert page.main is not None
    ends = {str(form["action"]).rpartition("/")[2] for form in page.main.find_all("form")}
    links = {str(link["href"]) for link in page.main.find_all("a")} - {"#content"}
    back = {"/", "/account/charters", "/account/data", "/account/history", "/account/sign-in"}
    back |= {frame(state, locale).base_path}
    back |= {getattr(state.page, name, None) for name in ("return_url", "onward_url")}
    # The page of the account is where the others lead back to; a form that posts itself is on its way; the page of the
    # administrators is the only one of its listener.
    is_home = state.template in ("account/home.html", "form_post.html", "operations.html")
    assert is_home or links & back or ends & {"cancel", "refuse", "leave"}


@every_page
def test_page_frames_and_goes_on_to_what_the_view_model_names_and_nothing_else(
    locale: str, state: State, page: BeautifulSoup
) -> None:
    frames = page.find_all("iframe")
    assert [box["src"] for box in frames] == [f.url for f in getattr(state.page, "frames", ())]
    for box in frames:
        # No way to navigate our page, to open windows, to be reached by the keyboard or read out.
        assert set(box["sandbox"]) == {"allow-same-origin", "allow-scripts", "allow-forms"}
        assert (box["tabindex"], box["aria-hidden"]) == ("-1", "true")
        assert text_of(box) == ""
        assert box["title"]
    onward = getattr(state.page, "onward_url", None)
    refreshes = [tag["content"] for tag in page.find_all("meta", attrs={"http-equiv": True})]
    assert refreshes == ([f"0; url={onward}"] if onward else [])
    assert not onward or page.find("a", href=onward)


@every_page
def test_each_id_is_unique_and_each_reference_leads_to_one(
    locale: str, state: State, page: BeautifulSoup
) -> None:
    ids = [str(tag["id"]) for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    references = [str(tag["aria-describedby"]) for tag in page.select("[aria-describedby]")]
    references += [str(tag["href"])[1:] for tag in page.find_all("a") if str(tag["href"]).startswith("#")]
    assert set(" ".join(references).split()) <= set(ids)


@every_page
def test_each_form_posts_within_the_house_with_the_csrf_token(
    locale: str, state: State, page: BeautifulSoup
) -> None:
    leaving = getattr(state.page, "action", None)
    for form in page.find_all("form"):
        assert form["method"] == "post"
        if form["action"] == leaving:  # what a relying party gets holds no token of ours
            assert not form.find("input", attrs={"name": "csrf"})
            continue
        assert re.match(
            r"/(interaction/AbC/|end_session/|(station|professional_context|passkey_offer|account/[a-z]+(/[a-z_]+)*)$)",
            str(form["action"]),
        )
        tokens = form.find_all("input", attrs={"name": "csrf"})
        assert [(token["type"], token["value"]) for token in tokens] == [("hidden", "csrf-value")]
        # Enter presses the first; another one says itself where it leads.
        first, *others = form.find_all("button", type="submit")
        assert "formaction" not in first.attrs
        assert all(
            re.match("/(interaction/AbC|account/[a-z]+)/", str(other["formaction"])) for other in others
        )


@every_page
def test_each_field_has_a_visible_label_and_its_autocomplete_token(
    locale: str, state: State, page: BeautifulSoup
) -> None:
    for field in page.find_all("input"):
        if field["type"] == "hidden" or field.has_attr("hidden"):
            continue
        labels = page.find_all("label", attrs={"for": field["id"]})
        assert len(labels) == 1
        assert text_of(labels[0])
        if field["type"] in ("checkbox", "radio"):
            continue
        expected = AUTOCOMPLETE[str(field["name"])]
        if state.template == "enrolment.html" and field["name"] == "password":
            expected = "new-password"
        if state.is_shared_station and expected != "one-time-code":
            expected = "off"  # The browser is asked to keep nothing of what the person types.
        assert field["autocomplete"] == expected
        assert "maxlength" not in field.attrs  # a pasted code or number may hold spaces
        assert field["type"] != "password" or "value" not in field.attrs


@every_page
def test_each_button_and_link_says_what_it_does(locale: str, state: State, page: BeautifulSoup) -> None:
    for control in page.find_all(["button", "a"]):
        pictures = " ".join(str(picture["alt"]) for picture in control.find_all("img"))
        assert len(f"{text_of(control)}{pictures}".strip()) > 4


@every_page
def test_a_field_in_error_is_marked_and_described_by_its_message(
    locale: str, state: State, page: BeautifulSoup
) -> None:
    for field in page.select("[aria-invalid=true]"):
        first = str(field["aria-describedby"]).split()[0]
        assert len(text_of(page.find(id=first))) > 10
        assert page.select_one("[role=alert]")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("password-refused", ["rpps", "password"]),
        ("password-malformed_rpps", ["rpps"]),
        ("password-wait-hours", []),
        ("otp-refused", ["code"]),
        ("otp-malformed", ["code"]),
        ("enrolment-errors", ["email", "password", "postal_code"]),
        ("enrolment-busy", []),
        ("enrolment-other-identity", []),
        ("charter-tick-needed", ["accepted"]),
    ],
)
def test_the_alert_leads_to_the_first_field_to_mend(name: str, fields: list[str]) -> None:
    page = page_of(name)
    assert [field["name"] for field in page.select("[aria-invalid=true]")] == fields
    link = page.select_one("[role=alert] a")
    assert (link["href"] if link else None) == (f"#{fields[0]}" if fields else None)


@cache
def parts_of(tag: str) -> list[str]:
    """The tag as it is written, but for how much space is outside of its values: these stand at every other place."""
    return [part if rank % 2 else re.sub(r"\s+", " ", part) for rank, part in enumerate(tag.split('"'))]


def tags_of(html: str) -> list[list[str]]:
    return [parts_of(tag) for tag in re.findall(r"<([^>]+?)\s*/?>", html)]


def check_white_space(locale: str, state: State, written: str) -> None:
    template = LOOSE.get_template(state.template)
    loose = template.render(frame=frame(state, locale), page=state.page, t=CATALOGUES.translator(locale))
    tags = tags_of(written)
    assert tags == tags_of(loose)
    assert not any(part[:1].isalpha() for tag in tags for part in tag[2::2])


test_white_space_control_glues_no_attribute_to_the_next = every_page(check_white_space, written_once)
