"""Names and values written by others come out of every page and mail as the text they are."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from idp.accounts.open_sessions import Origin
from idp.pages import account as account_pages
from idp.pages import charters as charter_pages
from idp.pages import email as email_pages
from idp.pages import enrolment as enrolment_pages
from idp.pages import personal_data as data_pages
from idp.pages import sign_in as pages
from idp.pages.about import AboutPage, AccessibilityPage
from idp.pages.choice import ChoicePage
from idp.pages.closing import ClosePage, ClosingAskedPage, ClosingPage
from idp.pages.door import DoorPage
from idp.pages.form_post import FormPostPage
from idp.pages.frame import Announcement, HelpDesk, House
from idp.pages.history import DayView, EntryView, HistoryPage, ReportedPage, ReportPage, words_of
from idp.pages.operations import CharterView, ClientsView, ClientView
from idp.pages.passkeys import PasskeyPage, PasskeysPage, PasskeyView
from idp.pages.professional_context import ContextChoice, ProfessionalContextPage
from idp.pages.sessions import SessionsPage, SessionView, origin_view
from idp.pages.signed_out import LogoutFrame, SignedOutPage
from sandbox.style_guide.cast import ALL, ELISE, PASSWORD_NUMBERS
from sandbox.style_guide.families.codes import otp
from sandbox.style_guide.families.email import code_entry
from sandbox.style_guide.families.enrolment import enrolment
from sandbox.style_guide.families.history import ENTRIES
from sandbox.style_guide.families.operations import full
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import TEMPLATES, rendered
from sandbox.style_guide.state import State
from tests.pages.reading import HOSTILE, SCRIPTS, of_forms


def states_of(text: str) -> Iterator[State]:
    """Yields a state of each template where every value that others write is this text."""
    identity = replace(
        ELISE,
        family_name=text,
        given_name=text,
        profession=text,
        specialities=(text,),
        rpps=text,
    )
    typed = dict.fromkeys(("email", "address_line1", "address_line2", "postal_code", "city"), text)
    line = charter_pages.AcceptanceLine(
        address="/account/charters/1",
        of_client=text,
        revision=text,
        published_on=text,
        accepted_at=text,
        doors=("cps",),
        application=text,
    )
    session = SessionView(
        sid=text,
        door="cps",
        origin=origin_view(Origin(browser=text, system=text, network=text)),
        applications=(text,),
        since=text,
        seen=text,
        is_here=False,
    )
    entry = EntryView(id=1, hour=text, words=words_of(ENTRIES[0]), application=text, is_doubtful=True)
    models: dict[str, object] = {
        "operations.html": replace(
            full("fr"),
            node=text,
            lines=(text,),
            clients=ClientsView(
                clients=(ClientView(client_id=text, name=text, codes=1, used=text, ends=()),),
                searched_to=text,
            ),
            keys=(replace(full("fr").keys[0], kid=text, alg=text),),
            charter=CharterView(revision=text, published_on=text, counted_at=text),
        ),
        "door.html": DoorPage(door="password", doors=ALL, notice="choice.hinted", login_hint=text),
        "choice.html": ChoicePage(doors=ALL, notice="choice.step_up"),
        "password.html": pages.PasswordPage(doors=ALL, rpps=text, error="password.refused"),
        "email_otp.html": otp(sent_to=text, expires_at_local=text),
        "enrolment.html": enrolment(identity=identity, values=typed),
        "already_enrolled.html": enrolment_pages.AlreadyEnrolledPage(
            masked_email=text, typed_email=text, is_same_email=False
        ),
        "charter.html": charter_pages.CharterPage(
            charter=text,
            of_client=True,
            still_due=2,
            text_html="<p>ok</p>",
            contents=(charter_pages.Heading("part-1", text),),
            text_locale="fr",
            text_sha256=text,
            revision=text,
            published_on=text,
            is_new_revision=False,
            error=None,
            due_from=text,
            may_wait=True,
        ),
        "account/charters.html": charter_pages.ChartersPage(acceptances=(line,)),
        "account/charter.html": charter_pages.AcceptancePage(
            line=line,
            identity=identity,
            text_sha256=text,
            is_verified=True,
            text_locale="fr",
            text_html="<p>ok</p>",
        ),
        "account/data.html": data_pages.DataPage(
            minutes=10,
            is_proved=True,
            kept=(
                data_pages.KeptTable(name="accounts", rows=((data_pages.KeptValue("family_name", text),),)),
            ),
        ),
        "account/close.html": ClosePage(ends_at=text, told=(text,), untold=(text,)),
        "cps.html": pages.CpsPage("none", ALL),
        "closing.html": ClosingPage(ends_at=text, may_keep=True),
        "psc_waiting.html": pages.PscWaitingPage(),
        "psc.html": pages.PscPage(reason="refused", doors=ALL),
        "professional_context.html": ProfessionalContextPage(
            (
                ContextChoice(
                    key=text,
                    profession=text,
                    speciality=text,
                    mode="L",
                    structure=text,
                    place=text,
                    is_chosen=False,
                ),
            ),
            None,
        ),
        "first_connection.html": enrolment_pages.FirstConnectionPage(
            name=text, cps_open=False, psc_open=True
        ),
        "same_person.html": pages.SamePersonPage(identity, text, text),
        "account/home.html": account_pages.HomePage(
            identity=identity,
            applications=(account_pages.Application(name=text, home="https://rp.example/", doors=("cps",)),),
            signed_in_since=text,
            contexts=(
                account_pages.RememberedContext(client_id=text, application=text, structure=text, place=text),
            ),
        ),
        "account/password.html": account_pages.PasswordPage(
            identity=identity,
            is_proved=False,
            is_first=False,
            password_numbers={"minimum": 15, "own": 10},
            minutes=10,
            error="enrolment.password_short",
            changed_on=text,
        ),
        "account/address.html": account_pages.AddressPage(
            values=dict.fromkeys(("address_line1", "address_line2", "postal_code", "city"), text)
        ),
        "account/identity.html": account_pages.IdentityPage(
            identity=identity,
            source="cps",
            verified_on=text,
            proofs=(account_pages.ProofView(source="psc", profession=text, first_on=text, last_on=text),),
        ),
        "account/sessions.html": SessionsPage((session, replace(session, is_here=True))),
        "account/history.html": HistoryPage(days=(DayView(text, (entry,)),), older=None, is_older=True),
        "account/report.html": ReportPage(entry=entry, day=text, closes_password=False),
        "account/reported.html": ReportedPage(closes_password=False, removes_passkey=False, help_desk=text),
        "account/closing_asked.html": ClosingAskedPage(text),
        "account/password_changed.html": account_pages.PasswordChangedPage(is_first=True),
        "account/email.html": email_pages.EmailPage(
            address=text,
            proved_on=text,
            is_proved=True,
            minutes=10,
            entry=email_pages.AddressEntry(typed=text, error="enrolment.email_malformed"),
        ),
        "email_again.html": email_pages.EmailAgainPage(
            proved_on=text,
            may_put_off=True,
            offered=text,
            entry=email_pages.AddressEntry(typed=text, waiting=text, code=code_entry(expires_at_local=text)),
        ),
        "account/email_undo.html": email_pages.EmailUndoPage(
            state="ask", token="t" * 43, changed_at=text, help_desk=text
        ),
        "activation.html": pages.ActivationPage(
            rpps=text, password_numbers=PASSWORD_NUMBERS, error="activation.refused"
        ),
        "password_renewal.html": pages.PasswordRenewalPage(
            rpps=text, password_numbers=PASSWORD_NUMBERS, error="enrolment.password_leaked"
        ),
        "password_closed.html": email_pages.PasswordClosedPage(
            motive="email_disowned", closed_at=text, help_desk=text
        ),
        "signed_out.html": SignedOutPage(
            state="confirm",
            identity=identity,
            return_name=text,
            return_url="https://rp.example/",
            request=text,
            psc_is_open=True,
        ),
        "account/passkeys.html": PasskeysPage(
            passkeys=(PasskeyView(id=text, name=text, is_synced=True, created_on=text, last_used_on=text),),
            is_proved=True,
            minutes=10,
            options=f'{{"challenge": "{text}"}}',
        ),
        "passkey.html": PasskeyPage(
            doors=ALL, options=f'{{"challenge": "{text}"}}', is_second=True, error=None
        ),
        "form_post.html": FormPostPage("https://rp.example/?a=%22&b='", ((text, text),)),
        "about.html": AboutPage("legal", "", "fr"),
        "accessibility.html": AccessibilityPage(state="partial", audited_by=text, audited_on=text),
        "error.html": pages.ErrorPage(
            key="error.internal",
            incident=text,
            retry_path=None,
            return_url="https://rp.example/",
            return_name=text,
        ),
    }
    for template, model in models.items():
        yield State(template, template, model)
    frames = (LogoutFrame(text, f"https://rp.example/?{text}"),)
    signed_out = SignedOutPage(
        state="done",
        identity=None,
        return_name=text,
        return_url="https://rp.example/",
        request="",
        told=(text,),
        frames=frames,
    )
    yield State(
        "signed-out-done", "signed_out.html", replace(signed_out, onward_url=f"https://rp.example/?{text}")
    )


def hostile_states() -> Iterator[State]:
    return states_of(HOSTILE)


_HOUSE = House(
    name=HOSTILE,
    help_desk=HelpDesk(telephone=HOSTILE, dial=HOSTILE, hours=HOSTILE, address=HOSTILE, link=HOSTILE),
    accessibility="none",
)


@pytest.mark.parametrize("state", list(hostile_states()), ids=lambda state: state.template)
def test_hostile_values_come_out_as_the_text_they_are(state: State) -> None:
    told = {"client_name": HOSTILE, "csrf": HOSTILE, "said": HOSTILE, "whose": HOSTILE}
    html = rendered("fr", state, **told, house=_HOUSE, announcement=Announcement("info", HOSTILE, "fr"))
    page = BeautifulSoup(html, "html.parser")
    ours = [*of_forms(page, state.template), *SCRIPTS.get(state.template, [])]
    ours = [*ours, "/static/password.js"] if page.select("input[type=password]") else ours
    ours = [*ours, "/static/copy.js"] if page.select("[data-copy]") else ours
    assert {script.get("src") for script in page.find_all("script")} == set(ours)
    assert "{{7*7}}" in page.get_text()
    for escape_of_an_escape in ("&amp;lt;", "&amp;#39;", "&amp;#34;"):
        assert escape_of_an_escape not in html
    assert {field["value"] for field in page.find_all("input", attrs={"name": "csrf"})} <= {HOSTILE}


def test_every_template_met_hostile_values() -> None:
    frames = {
        "base.html",
        "macros.html",
        "house_macros.html",
        "form_macros.html",
        "word_macros.html",
        "door_macros.html",
        "account_macros.html",
        "charter_macros.html",
        "operations_macros.html",
        "address.html",
        "account/section.html",
    }
    files = {*TEMPLATES.glob("*.html"), *TEMPLATES.glob("account/*.html")}
    ours = {file.relative_to(TEMPLATES).as_posix() for file in files} - frames
    assert (
        {state.template for state in hostile_states()}
        == ours
        == {state.template for state in every_state("fr")}
    )
