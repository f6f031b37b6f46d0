"""What one person does at each page, up to the request that the page sends; and what each flow commits together.

Before the first line of an act come steps of their own: a try that is counted, a code or an answer of Pro Santé Connect
that is taken; after its last one the place where the person is. Not here: a failure (`tests/faults`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.account import ClosedFor, PasswordClosure
from idp.accounts.activation import new_activation
from idp.accounts.charter import CharterRevision
from idp.adapters.sql.activations import SqlActivations
from idp.wiring.accounts import build_passwords
from tests.adapters.psc.hostile_psc import HostilePsc, Lie
from tests.authenticator import Authenticator
from tests.configured import changed
from tests.fakes import NOON
from tests.faults import posting, together
from tests.flows.email import age_address, last_mail
from tests.flows.test_professional_context import BOTH
from tests.passkeys import give, link_of, options_of
from tests.protocol.psc import person
from tests.provider import PASSWORD, RP, RPPS, Browser, Provider, answer_of

NEW_EMAIL = "aicha@cabinet.example"
NEW_RPPS, NEW = "99700218896", "un tout autre mot de passe, bien long"
TYPED = {
    "email": "nadia@hopital.example",
    "address_line1": "1 rue de la Paix",
    "postal_code": "75002",
    "city": "Paris",
    "password": "violon tambour cerise",
}
KNOWN = person(SubjectRefPro=BOTH)
#: A code, with its mail and all that bounds how many go out.
SENT = together(
    "mail_code_nonce",
    "mail_quota_minute",
    "mail_quota_hour",
    "mail_quota_day",
    "mail_quota_ip",
    "outbox",
    "mail_code:send:accepted",
)
LIMITS = {"mail_codes_per_minute": 2, "mail_codes_per_hour": 9, "mail_codes_per_day": 9}
USED = together("mail_code_nonce")
#: Synced: a counter that goes back is told, and does not keep the person out.
AUTHENTICATOR = Authenticator(count=5, is_synced=True)
Request = Callable[[], TestResponse]


@dataclass
class Person:
    """What one person does at a provider with its Pro Santé Connect. Each returns the request that is then due."""

    house: Provider
    psc: HostilePsc
    hub: str = ""

    def callback(self, browser: Browser, page: TestResponse) -> Request:
        """The way back from Pro Santé Connect, not yet gone."""
        left = browser.submit(page, "/psc").headers["Location"]
        return lambda: browser.get(f"/psc/callback?{urlencode(self.psc.authorize(left))}")

    def password(self, browser: Browser) -> Request:
        return posting(browser, ask(browser), "/password", rpps=RPPS, password=PASSWORD)

    def code(self, browser: Browser) -> Request:
        page = browser.follow(self.password(browser)())
        return posting(browser, page, "/email_otp", code=self.house.last_code())

    def resend(self, browser: Browser) -> Request:
        page = browser.follow(self.password(browser)())
        return posting(browser, page, "/resend")

    def psc_sign_in(self, browser: Browser) -> Request:
        self.psc.lie = renamed_in(KNOWN)
        page = ask(browser)
        self.hub = page.request.path.rpartition("/")[0]
        return self.callback(browser, page)

    def psc_again(self, browser: Browser) -> TestResponse:
        """It leads to the doors, and from there once more."""
        return self.callback(browser, browser.follow(browser.get(self.hub)))()

    def enrolment_form(self, browser: Browser) -> TestResponse:
        self.psc.lie = person(NEW_RPPS)
        return browser.follow(self.callback(browser, ask(browser))())

    def enrolment(self, browser: Browser) -> Request:
        return posting(browser, self.enrolment_form(browser), "/enrolment", **TYPED)

    def enrolment_back(self, browser: Browser) -> Request:
        return posting(browser, browser.follow(self.enrolment(browser)()), "/enrolment/back")

    def enrolment_end(self, browser: Browser) -> Request:
        page = browser.follow(self.enrolment(browser)())
        return posting(browser, page, "/email_otp", code=self.house.last_code())

    def enrolment_of_another_tab(self, browser: Browser) -> Request:
        tabs = [self.enrolment_form(browser) for _ in range(2)]
        page = browser.submit(tabs[0], "/enrolment", **TYPED)
        browser.submit(page, "/email_otp", code=self.house.last_code())
        return posting(browser, tabs[1], "/enrolment", **{**TYPED, "email": "other@cabinet.example"})

    def charter(self, browser: Browser) -> Request:
        texts = {"fr": "# Charte nouvelle"}
        self.house.charters.publish(CharterRevision(revision="2026-2", published_at=NOON, texts=texts))
        page = browser.follow(self.code(browser)())
        return posting(browser, page, "/charter", accepted="yes")

    def context(self, browser: Browser) -> Request:
        page = ask(browser, scope="openid professional_context")
        page = browser.follow(self.callback(browser, page)())
        key = str(BeautifulSoup(page.text, "html.parser").select(".choice input")[0]["value"])
        return posting(browser, page, "/professional_context", practice=key)

    def forget_context(self, browser: Browser) -> Request:
        browser.follow(self.context(browser)())
        return posting(browser, browser.get("/"), "/professional_context")

    def signed_in(self, browser: Browser) -> None:
        """With tokens at a relying party that is called at its end."""
        code = answer_of(browser.follow(self.callback(browser, ask(browser))()))["code"]
        assert self.house.exchange(code).status_code == 200

    def new_password(self, browser: Browser) -> Request:
        self.signed_in(browser)
        return posting(browser, browser.get("/account/password"), "/password", new_password=NEW)

    def close_account(self, browser: Browser) -> Request:
        self.signed_in(browser)
        return posting(browser, browser.get("/account/data/close"), "/close")

    def keep_account(self, browser: Browser) -> Request:
        browser.follow(self.close_account(browser)())
        other = self.house.browser()
        page = other.follow(self.callback(other, ask(other))())
        return posting(other, page, "/closing")

    def sessions_end(self, browser: Browser, which: str) -> Request:
        """From a browser that no application was opened with, of another one with tokens."""
        self.signed_in(self.house.browser())
        browser.follow(self.callback(browser, browser.follow(browser.get("/account/sign-in")))())
        page = BeautifulSoup(browser.get("/account/sessions").text, "html.parser")
        (button,) = page.select(f'input[name="end"][value="{which}"]')
        fields = button.find_parent("form").find_all("input")  # type: ignore[union-attr]
        hidden = {str(one["name"]): str(one["value"]) for one in fields}
        return lambda: browser.post("/account/sessions", data=hidden)

    def end_one(self, browser: Browser) -> Request:
        return self.sessions_end(browser, "one")

    def end_others(self, browser: Browser) -> Request:
        return self.sessions_end(browser, "others")

    def end_all(self, browser: Browser) -> Request:
        return self.sessions_end(browser, "all")

    def report(self, browser: Browser) -> Request:
        self.signed_in(browser)
        link = BeautifulSoup(browser.get("/account/history").text, "html.parser").select(
            'a[href*="/report/"]'
        )[0]
        return posting(browser, browser.get(str(link["href"])), "/report")

    def email_ask(self, browser: Browser) -> Request:
        self.signed_in(browser)
        return posting(browser, browser.get("/account/email"), "/account/email", email=NEW_EMAIL)

    def email_code(self, browser: Browser) -> Request:
        page = browser.follow(self.email_ask(browser)())
        return posting(browser, page, "/email/code", code=self.house.last_code())

    def email_undo(self, browser: Browser) -> Request:
        browser.follow(self.email_code(browser)())
        link = last_mail(self.house, self.house.account.email).link
        return posting(browser, browser.get(link), link)

    def email_later(self, browser: Browser) -> Request:
        age_address(self.house, 366)
        page = browser.follow(self.callback(browser, ask(browser))())
        return posting(browser, page, "/email_again/later")

    def password_closed(self, browser: Browser) -> Request:
        closure = PasswordClosure(at=NOON, motive=ClosedFor.EMAIL_DISOWNED)
        account = self.house.accounts.get(self.house.account.id)
        self.house.accounts.save(replace(account, password_closure=closure))
        page = browser.follow(self.callback(browser, ask(browser))())
        return posting(browser, page, "/password_closed")

    def password_renewal(self, browser: Browser) -> Request:
        """Of a password that the lists learned, with tokens of another browser."""
        self.signed_in(self.house.browser())
        code = self.code(browser)
        account = self.house.accounts.get(self.house.account.id)
        self.house.accounts.save(replace(account, password_listed_at=NOON))
        return posting(browser, browser.follow(code()), "/password_renewal", new_password=NEW)

    def activation(self, browser: Browser) -> Request:
        self.signed_in(self.house.browser())
        code, activation = new_activation(self.house.account, datetime.now(UTC), timedelta(hours=24))
        SqlActivations(self.house.database).put(activation)
        hub = ask(browser).request.path.rpartition("/")[0]
        typed = {"rpps": RPPS, "code": code, "new_password": NEW}
        return posting(browser, browser.get(f"{hub}/activation"), "/activation", **typed)

    def new_password_by_the_present_one(self, browser: Browser) -> Request:
        assert self.house.exchange(answer_of(browser.follow(self.code(browser)()))["code"]).status_code == 200
        typed = {"password": PASSWORD, "new_password": NEW}
        return posting(browser, browser.get("/account/password"), "/password", **typed)

    def address(self, browser: Browser) -> Request:
        self.signed_in(browser)
        typed = {name: TYPED[name] for name in ("address_line1", "postal_code", "city")}
        return posting(browser, browser.get("/account/address"), "/address", **typed)

    def passkey(self, browser: Browser) -> Request:
        """With a counter that went back."""
        page = browser.get(link_of(ask(browser)))
        self.hub = page.request.path.rpartition("/")[0]
        return self.passkey_answered(browser, page)

    def passkey_answered(self, browser: Browser, page: TestResponse) -> Request:
        answer = replace(AUTHENTICATOR, count=3).answer(options_of(page))
        return posting(browser, page, "/passkey", credential=answer)

    def passkey_again(self, browser: Browser) -> TestResponse:
        """Its answer is good once: it is asked for anew."""
        return self.passkey_answered(browser, browser.get(f"{self.hub}/passkey"))()

    def passkey_add(self, browser: Browser) -> Request:
        self.signed_in(browser)
        return self.passkey_made(browser)

    def passkey_made(self, browser: Browser) -> Request:
        page = browser.get("/account/passkeys")
        answer = Authenticator(credential_id=b"of another device").make(options_of(page))
        return posting(browser, page, "/add", credential=answer)

    def passkey_add_again(self, browser: Browser) -> TestResponse:
        return self.passkey_made(browser)()

    def passkey_remove(self, browser: Browser) -> Request:
        self.signed_in(browser)
        return posting(browser, browser.get("/account/passkeys"), "/remove")

    def question(self, browser: Browser) -> TestResponse:
        """A session was left open at a shared station."""
        self.signed_in(browser)
        browser.submit(browser.get("/"), "/station")
        return ask(browser)

    def same_person(self, browser: Browser) -> Request:
        return posting(browser, self.question(browser), "/same_person")

    def other_person(self, browser: Browser) -> Request:
        return posting(browser, self.question(browser), "/leave")


def ask(browser: Browser, **changes: str) -> TestResponse:
    return browser.follow(browser.authorize(**changes))


def renamed_in(lie: Lie) -> Lie:
    (practice,) = lie.userinfo["SubjectRefPro"]["exercices"]  # type: ignore[index]
    known = {**BOTH, "exercices": [{**practice, "nomDexercice": "MARTIN"}]}
    return replace(lie, userinfo={**lie.userinfo, "SubjectRefPro": known})


def prepare(house: Provider) -> None:
    path, client = house.settings.where.clients_file, f"  - client_id: {RP}\n"
    text = path.read_text().replace("address, professional]", "address, professional, professional_context]")
    told = f"{client}    backchannel_logout_uri: https://trajectoire.example/back\n"
    path.write_text(text.replace(client, told))
    give(house, AUTHENTICATOR)
    # Hashed under parameters that were raised since.
    before = build_passwords(changed(house.settings, argon2_memory_kib=16))
    house.accounts.save(replace(house.account, password_hash=before.hash(PASSWORD)))


ENDED = together("session:end:accepted", "ended_sessions", "grants", "logout_notices")


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a person does: the request of this name, and another one after an outage, if that cannot be repeated."""

    name: str
    commits: tuple[frozenset[str], ...]
    again: str | None = None


ACTS = (
    Act(
        name="password",
        commits=(together("accounts", "password:check:accepted"), SENT),
    ),
    Act(name="code", commits=(USED, together("outbox", "mail_code:check:accepted"))),
    Act(name="resend", commits=(SENT,)),
    Act(
        name="psc_sign_in",
        commits=(
            together(
                "accounts",
                "identity_changes",
                "account_proofs",
                "upstream_links",
                "password_page",
                "outbox",
                "identity:proof:added",
                "identity:update:accepted",
                "psc:link:accepted",
                "psc:login:accepted",
            ),
        ),
        again="psc_again",
    ),
    Act(name="enrolment", commits=(SENT,)),
    Act(name="enrolment_back", commits=(together("outbox", "mail_quota_minute"),)),
    Act(
        name="enrolment_end",
        commits=(
            USED,
            together(
                "accounts",
                "account_proofs",
                "upstream_links",
                "outbox",
                "mail_code:check:accepted",
                "enrolment:complete:accepted",
                "psc:link:accepted",
            ),
        ),
    ),
    Act(
        name="enrolment_of_another_tab",
        commits=(together("accounts", "account_proofs", "password_page", "enrolment:complete:refused"),),
    ),
    Act(
        name="charter",
        commits=(together("charter_acceptances", "accounts", "outbox", "charter:answer:accepted"),),
    ),
    Act(name="context", commits=(together("professional_contexts", "context:choose:accepted"),)),
    Act(name="forget_context", commits=(together("professional_contexts", "context:forget:accepted"),)),
    Act(
        name="new_password",
        commits=(together("accounts", "password_page", "outbox", "password:change:accepted") | ENDED,),
    ),
    Act(name="email_ask", commits=(SENT | {"email_change"},)),
    Act(
        name="email_code",
        commits=(
            USED,
            together(
                "accounts",
                "email_undos",
                "email_change",
                "outbox",
                "mail_code:check:accepted",
                "email:change:accepted",
            ),
        ),
    ),
    Act(
        name="email_undo",
        commits=(
            together("accounts", "email_undos", "outbox", "email:change:disowned", "password:close:accepted"),
        ),
    ),
    Act(name="email_later", commits=(together("accounts", "email:prove:put_off"),)),
    Act(name="password_closed", commits=(together("accounts"),)),
    Act(
        name="close_account",
        commits=(together("accounts", "outbox", "account:close:requested") | ENDED,),
    ),
    Act(
        name="keep_account",
        commits=(together("accounts", "outbox", "account:close:cancelled"),),
    ),
    Act(
        name="new_password_by_the_present_one",
        commits=(together("accounts", "password_page", "outbox", "password:change:accepted") | ENDED,),
    ),
    Act(
        name="password_renewal",
        commits=(together("accounts", "password_page", "outbox", "password:change:accepted") | ENDED,),
    ),
    Act(
        name="activation",
        commits=(
            SENT,
            together(
                "accounts",
                "activations",
                "password_page",
                "outbox",
                "activation:use:accepted",
                "password:change:accepted",
            )
            | ENDED,
        ),
    ),
    Act(name="address", commits=(together("accounts", "address:change:accepted"),)),
    Act(name="end_one", commits=(ENDED,)),
    Act(name="end_others", commits=(ENDED,)),
    Act(name="end_all", commits=(ENDED | together("accounts"),)),
    Act(name="report", commits=(ENDED | together("accounts", "account:report:accepted", "outbox"),)),
    Act(
        name="passkey",
        commits=(together("passkeys", "outbox", "passkey:login:accepted", "passkey:counter:warned"),),
        again="passkey_again",
    ),
    Act(
        name="passkey_add",
        commits=(together("passkeys", "outbox", "passkey:add:accepted"),),
        again="passkey_add_again",
    ),
    Act(name="passkey_remove", commits=(together("passkeys", "outbox", "passkey:remove:accepted"),)),
    Act(name="same_person", commits=(together("session:confirm:accepted"),)),
    Act(name="other_person", commits=(together("session:confirm:refused") | ENDED,)),
)
