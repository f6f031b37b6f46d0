"""Well-aimed bad requests: good ones with living values in them, of which a strategy breaks a few parts.

Contains what is sent, and the living values (codes, tokens, interactions). Not here: an assertion.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from bs4 import BeautifulSoup
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from idp.interaction.authenticator import AuthenticatorId
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.keyed import (
    ASSERTION_TYPE,
    assertion,
    client_yaml,
    ec_key,
    form,
    jwks,
    register_keyed,
    with_clients,
)
from tests.protocol.policed import signed_in_by
from tests.protocol.proofs import DpopKey
from tests.protocol.psc import go
from tests.provider import (
    ISSUER,
    PASSWORD,
    RP,
    RPPS,
    SECRETS,
    VERIFIER,
    Browser,
    Provider,
    authorization,
    basic,
)

#: Stands in every hostile value; no encoding of a page, of JSON or of an address changes it.
MARK = "zq9echo7"
BOLD, CALLBACK, BYE = "bold", "https://bold.example/callback", "https://bold.example/bye?x=1"
CHARTER = "bold-terms"
PROXY_SECRET = "p" * 43

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Shot:
    """One request. A value `{name}` is replaced by a living one; `deep` is the status when nothing is broken."""

    name: str
    method: str
    path: str
    deep: int
    query: Pairs = ()
    form: Pairs = ()
    headers: Pairs = ()
    #: Whose cookies: "stranger", "signed_in", or the stop of a living interaction.
    who: str = "stranger"
    raw: bytes | None = None
    environ: Pairs = ()


def register_bold(house: Provider) -> None:
    """A client that may do everything, one more with a charter, and those with keys."""
    bold: dict[str, Any] = {
        "client_uri": "https://bold.example/",
        "client_secret": {"file": RP},
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [BYE],
        "frontchannel_logout_uri": "https://bold.example/front",
        "scopes": ["openid", "profile", "email", "address", "professional"],
    }
    with_clients(
        house.settings.where.clients_file,
        client_yaml(BOLD, **bold, jwks=jwks(), request_object_signing_alg="ES256"),
        client_yaml("bold-terms", **bold, charters=[CHARTER]),
    )
    register_keyed(house.settings.where.clients_file)


@dataclass
class World:
    """The provider, Pro Santé Connect, and whatever a request may hold that is alive."""

    house: Provider = field(repr=False)
    psc: HostilePsc = field(repr=False)

    def browser_of(self, *authenticators: AuthenticatorId) -> Browser:
        return signed_in_by(self.house, *authenticators)

    def ask(self, browser: Browser, client_id: str = BOLD, **changes: str | None) -> TestResponse:
        wanted = {"client_id": client_id, "redirect_uri": CALLBACK, "scope": "openid profile", **changes}
        return browser.follow(browser.authorize(**wanted))

    def code(self) -> str:
        location = self.ask(self.browser_of("password", "email_otp")).headers["Location"]
        return str(re.search(r"[?&]code=([^&]+)", location)[1])  # type: ignore[index]

    def tokens(self) -> dict[str, Any]:
        answer = self.house.exchange(self.code(), RP, headers=basic(BOLD, SECRETS[RP]), redirect_uri=CALLBACK)
        return dict(answer.get_json())

    def request_object(self) -> str:
        now = int(time.time())
        asked = {**authorization(client_id=BOLD, redirect_uri=CALLBACK), "iss": BOLD, "aud": ISSUER}
        key = ec_key()
        return jwt.encode(
            {**asked, "nbf": now, "exp": now + 60}, key.as_pem(private=True), "ES256", {"kid": key.kid}
        )

    def pushed(self) -> str:
        asked = authorization(client_id=BOLD, redirect_uri=CALLBACK)
        answer = Client(self.house.app, TestResponse).post(
            "/par", base_url=ISSUER, data=asked, headers=basic(BOLD, SECRETS[RP])
        )
        return str(answer.get_json()["request_uri"])

    def stage(self, who: str) -> tuple[Browser, dict[str, str]]:
        """A browser in the state that the shot needs, and what its page holds."""
        if who == "stranger":
            return self.house.browser(), {}
        if who == "signed_in":
            return self.signed_in_anew(), {}
        self.psc.now = int(time.time())
        if who == "at_psc":
            browser, page = _choice(self)
            came_back = parse_qsl(urlsplit(go(browser, self.psc, page)).query)
            return browser, {f"psc_{name}": value for name, value in came_back}
        browser, page = _STAGES[who](self)
        return browser, self._held_by(page)

    def signed_in_anew(self) -> Browser:
        """With the cookie of the browser as well: it went through a page of ours."""
        browser = self.browser_of("password", "email_otp")
        browser.get("/")
        return browser

    def _held_by(self, page: TestResponse) -> dict[str, str]:
        """Hidden fields of the page's forms, and the interaction it belongs to."""
        soup = BeautifulSoup(page.text, "html.parser")
        held = {str(i["name"]): str(i["value"]) for i in soup.find_all("input", type="hidden")}
        found = re.search(r"/interaction/([A-Za-z0-9_-]{43})", page.text)
        return held | ({"id": found[1]} if found else {})

    def living(self, shot: Shot) -> dict[str, Callable[[], str]]:
        return {
            "code": self.code,
            "access": lambda: str(self.tokens()["access_token"]),
            "refresh": lambda: str(self.tokens()["refresh_token"]),
            "hint": lambda: str(self.tokens()["id_token"]),
            "object": self.request_object,
            "pushed": self.pushed,
            "assertion": lambda: assertion("keyed"),
            "mail_code": self.house.last_code,
            "proof": lambda: DpopKey().proof(),
        }

    def send(self, shot: Shot) -> tuple[Browser, TestResponse]:
        browser, held = self.stage(shot.who)
        living = self.living(shot)

        def alive(text: str) -> str:
            found = re.fullmatch(r"((?:Bearer |DPoP )?)\{(\w+)\}", text)
            if found is None:
                return text
            name = found[2]
            return found[1] + (held[name] if name in held else living[name]())

        query = [(name, alive(value)) for name, value in shot.query]
        fields = [(name, alive(value)) for name, value in shot.form]
        headers = [(name, alive(value)) for name, value in shot.headers]
        body = urlencode(fields, errors="surrogatepass").encode() if shot.raw is None else shot.raw
        if body and "content-type" not in {name.lower() for name, _ in headers}:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        return browser, browser.client.open(
            path=shot.path.replace("{id}", held.get("id", "A" * 43)),
            method=shot.method,
            query_string=urlencode(query, errors="surrogatepass"),
            data=body,
            headers=headers,
            base_url=ISSUER,
            environ_overrides=dict(shot.environ),
        )


# Browsers in the middle of something.


def _choice(world: World) -> tuple[Browser, TestResponse]:
    browser = world.house.browser()
    return browser, world.ask(browser)


def _mail_code(world: World) -> tuple[Browser, TestResponse]:
    browser, page = _choice(world)
    return browser, browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)


def _charter(world: World) -> tuple[Browser, TestResponse]:
    browser = world.browser_of("password", "email_otp")
    return browser, world.ask(browser, "bold-terms")


def _enrolment(world: World) -> tuple[Browser, TestResponse]:
    """A person without an account, identified by Pro Santé Connect."""
    browser, page = _choice(world)
    return browser, browser.follow(browser.get(go(browser, world.psc, page)))


def _leaving(world: World) -> tuple[Browser, TestResponse]:
    browser = world.signed_in_anew()
    return browser, browser.get("/end_session")


def _root(world: World) -> tuple[Browser, TestResponse]:
    browser = world.house.browser()
    return browser, browser.get("/")


_STAGES: Mapping[str, Callable[[World], tuple[Browser, TestResponse]]] = {
    "choice": _choice,
    "mail_code": _mail_code,
    "charter": _charter,
    "enrolment": _enrolment,
    "leaving": _leaving,
    "root": _root,
}


# What is sent when nothing is broken.

_ASKED = tuple(authorization(client_id=BOLD, redirect_uri=CALLBACK, scope="openid profile").items())
_BY_A_PAGE: Pairs = (("Origin", "https://elsewhere.example"), ("Access-Control-Request-Method", "POST"))
_BASIC = tuple(basic(BOLD, SECRETS[RP]).items())
_REDEEM = (
    ("grant_type", "authorization_code"),
    ("code", "{code}"),
    ("redirect_uri", CALLBACK),
    ("code_verifier", VERIFIER),
)
_BY_KEY = tuple(form("{assertion}").items())
_ME = "/interaction/{id}"
_CSRF = (("csrf", "{csrf}"),)
_BY_PROXY = (("Caducee-Proxy", PROXY_SECRET), ("Client-Cert", ":AAAA:"))
_SIGN_IN = (("rpps", RPPS), ("password", PASSWORD))
_ACTIVATE = (("rpps", RPPS), ("code", "0" * 20), ("new_password", "violon tambour 9 orage mer"))
_READ = tuple((name, f"{{{name}}}") for name in ("charter", "revision", "text_sha256"))
_LEAVE = (*_CSRF, ("request", "{request}"))
_ENROL = (
    ("proof", "{proof}"),
    ("email", "nouvelle@hopital.example"),
    ("password", "violon tambour 9 orage mer"),
    ("address_line1", "1 rue de la Paix"),
    ("postal_code", "75002"),
    ("city", "Paris"),
)

SHOTS = (
    Shot("authorize", "GET", "/authorize", 303, query=_ASKED),
    Shot("authorize, signed in", "GET", "/authorize", 303, query=_ASKED, who="signed_in"),
    Shot("authorize, silent", "GET", "/authorize", 303, query=(*_ASKED, ("prompt", "none"))),
    Shot("authorize by form", "POST", "/authorize", 303, form=_ASKED),
    *(
        Shot(f"authorize, {mode}", "GET", "/authorize", status, (*_ASKED, ("response_mode", mode)), who="signed_in")
        for mode, status in (("form_post", 200), ("jwt", 303), ("form_post.jwt", 200))
    ),
    Shot("authorize, hint", "GET", "/authorize", 303, (*_ASKED, ("id_token_hint", "{hint}")), who="signed_in"),
    Shot(
        "authorize, claims",
        "GET",
        "/authorize",
        303,
        (*_ASKED, ("claims", json.dumps({"id_token": {"acr": {"essential": True}}, "userinfo": {"email": None}}))),
        who="signed_in",
    ),
    Shot("authorize, request object", "GET", "/authorize", 303, (("client_id", BOLD), ("request", "{object}"))),
    Shot("authorize, pushed", "GET", "/authorize", 303, (("client_id", BOLD), ("request_uri", "{pushed}"))),
    Shot("par", "POST", "/par", 201, form=_ASKED, headers=_BASIC),
    Shot("par, request object", "POST", "/par", 201, form=(("request", "{object}"),), headers=_BASIC),
    Shot("par, DPoP", "POST", "/par", 400, form=_ASKED, headers=(*_BASIC, ("DPoP", "{proof}"))),
    Shot("token", "POST", "/token", 200, form=_REDEEM, headers=_BASIC),
    Shot("token, DPoP", "POST", "/token", 400, form=_REDEEM, headers=(*_BASIC, ("DPoP", "{proof}"))),
    Shot("token, another client's code", "POST", "/token", 400, form=(*_REDEEM, *_BY_KEY)),
    Shot("token, public client", "POST", "/token", 400, form=(*_REDEEM, ("client_id", "public"))),
    Shot("token, certificate", "POST", "/token", 400, form=_REDEEM, headers=(*_BASIC, *_BY_PROXY)),
    Shot(
        "refresh",
        "POST",
        "/token",
        200,
        form=(("grant_type", "refresh_token"), ("refresh_token", "{refresh}"), ("scope", "openid")),
        headers=_BASIC,
    ),
    *(
        Shot(f"{path} {token}", "POST", path, 200, form=(("token", token), ("token_type_hint", "x")), headers=_BASIC)
        for path in ("/revoke", "/introspect")
        for token in ("{access}", "{refresh}")
    ),
    Shot("introspect by key", "POST", "/introspect", 200, form=(("token", "{access}"), *_BY_KEY)),
    Shot("userinfo", "GET", "/userinfo", 200, headers=(("Authorization", "Bearer {access}"),)),
    Shot("userinfo by post", "POST", "/userinfo", 200, headers=(("Authorization", "Bearer {access}"),)),
    Shot("userinfo by form", "POST", "/userinfo", 200, form=(("access_token", "{access}"),)),
    Shot(
        "userinfo, DPoP",
        "GET",
        "/userinfo",
        401,
        headers=(("Authorization", "DPoP {access}"), ("DPoP", "{proof}")),
    ),
    *(
        Shot(f"{path} asked for by a page", "OPTIONS", path, 200, headers=_BY_A_PAGE)
        for path in ("/token", "/userinfo", "/jwks")
    ),
    *(
        Shot(path, "GET", path, 200)
        for path in ("/jwks", "/.well-known/openid-configuration", "/health/live", "/health/ready", "/")
    ),
    Shot("accessibility statement", "GET", "/about/accessibility", 200),
    Shot("legal notice", "GET", "/about/legal", 404),
    Shot("privacy", "GET", "/about/privacy", 404),
    Shot(
        "end_session",
        "GET",
        "/end_session",
        200,
        (("id_token_hint", "{hint}"), ("post_logout_redirect_uri", BYE), ("state", "s"), ("ui_locales", "en")),
    ),
    Shot(
        "end_session, signed in",
        "GET",
        "/end_session",
        200,
        (("client_id", BOLD), ("post_logout_redirect_uri", BYE), ("state", "s")),
        who="signed_in",
    ),
    Shot("end_session by form", "POST", "/end_session", 303, form=(("id_token_hint", "{hint}"), ("state", "s"))),
    Shot("end_session confirmed", "POST", "/end_session/confirm", 303, form=_LEAVE, who="leaving"),
    Shot("end_session, back", "GET", "/end_session/psc", 200, (("state", "x"),)),
    Shot("answer to a form", "GET", "/answer", 303, who="root"),
    Shot("station", "POST", "/station", 303, form=(*_CSRF, ("shared", "1")), who="root"),
    Shot("new password page", "GET", "/account/password", 200, who="signed_in"),
    Shot("new password", "POST", "/account/password", 303, form=(*_CSRF, ("new_password", "x")), who="root"),
    Shot("new password judged", "POST", "/account/password/judge", 303, form=_CSRF, who="root"),
    Shot("e-mail page", "GET", "/account/email", 200, who="signed_in"),
    Shot("e-mail", "POST", "/account/email", 303, form=(*_CSRF, ("email", "x@y.example")), who="root"),
    Shot("e-mail, more time", "POST", "/account/email/more_time", 303, form=_CSRF, who="root"),
    Shot("address, more time", "POST", "/account/address/more_time", 303, form=_CSRF, who="root"),
    Shot("e-mail code", "POST", "/account/email/code", 303, form=(*_CSRF, ("code", "00000000")), who="root"),
    Shot("not me, page", "GET", f"/account/email/undo/{'x' * 43}", 404, who="signed_in"),
    Shot("not me", "POST", f"/account/email/undo/{'x' * 43}", 403, form=_CSRF, who="root"),
    Shot("context again", "POST", "/professional_context", 303, form=(*_CSRF, ("client_id", "x")), who="root"),
    Shot("hub", "GET", _ME, 303, who="choice"),
    Shot("already enrolled", "GET", f"{_ME}/already_enrolled", 303, (("said", "1"),), who="choice"),
    Shot("choice", "GET", f"{_ME}/choice", 200, who="choice"),
    Shot("authorize, idp_hint", "GET", "/authorize", 303, (*_ASKED, ("idp_hint", "password"))),
    Shot("door", "GET", f"{_ME}/door", 303, who="choice"),
    Shot("door, others", "POST", f"{_ME}/door/others", 303, form=_CSRF, who="choice"),
    Shot("cancel", "POST", f"{_ME}/cancel", 303, form=_CSRF, who="choice"),
    Shot("more time", "POST", f"{_ME}/more_time", 303, form=_CSRF, who="choice"),
    Shot("restart", "POST", f"{_ME}/restart", 303, form=_CSRF, who="choice"),
    Shot("password page", "GET", f"{_ME}/password", 303, who="choice"),
    Shot("password", "POST", f"{_ME}/password", 303, form=(*_CSRF, *_SIGN_IN), who="choice"),
    Shot("activation page", "GET", f"{_ME}/activation", 200, who="choice"),
    Shot("activation, more time", "POST", f"{_ME}/activation/more_time", 303, form=_CSRF, who="choice"),
    Shot("activation", "POST", f"{_ME}/activation", 303, form=(*_CSRF, *_ACTIVATE), who="choice"),
    Shot("mail code page", "GET", f"{_ME}/email_otp", 200, who="mail_code"),
    Shot("mail code", "POST", f"{_ME}/email_otp", 303, form=(*_CSRF, ("code", "00000000")), who="mail_code"),
    Shot("mail code, right", "POST", f"{_ME}/email_otp", 303, form=(*_CSRF, ("code", "{mail_code}")), who="mail_code"),
    Shot("mail code again", "POST", f"{_ME}/email_otp/resend", 303, form=_CSRF, who="mail_code"),
    Shot("charter page", "GET", f"{_ME}/charter", 200, who="charter"),
    Shot("charter text", "GET", f"{_ME}/charter/text", 200, who="charter"),
    Shot("charter", "POST", f"{_ME}/charter", 303, form=(*_CSRF, *_READ), who="charter"),
    Shot("charter refused", "POST", f"{_ME}/charter/refuse", 303, form=_CSRF, who="charter"),
    Shot("charter later", "POST", f"{_ME}/charter/later", 303, form=(*_CSRF, _READ[0]), who="charter"),
    Shot("enrolment page", "GET", f"{_ME}/enrolment", 200, who="enrolment"),
    Shot("enrolment", "POST", f"{_ME}/enrolment", 303, form=(*_CSRF, *_ENROL), who="enrolment"),
    Shot("enrolment, judged", "POST", f"{_ME}/enrolment/judge", 200, form=(*_CSRF, *_ENROL), who="enrolment"),
    Shot("password renewal page", "GET", f"{_ME}/password_renewal", 303, who="mail_code"),
    Shot("password renewal", "POST", f"{_ME}/password_renewal", 303, form=_CSRF, who="mail_code"),
    Shot("password renewal, judged", "POST", f"{_ME}/password_renewal/judge", 303, form=_CSRF, who="mail_code"),
    Shot("enrolment, back", "POST", f"{_ME}/enrolment/back", 303, form=_CSRF, who="enrolment"),
    Shot("first connection", "GET", f"{_ME}/first_connection", 303, who="enrolment"),
    Shot("card", "POST", f"{_ME}/cps", 303, form=_CSRF, who="choice"),
    Shot("card, back", "GET", f"{_ME}/cps", 403, (("presentation", "A" * 43),), who="choice"),
    Shot("card, stale", "GET", "/cps/stale", 404),
    Shot("psc", "POST", f"{_ME}/psc", 303, form=_CSRF, who="choice"),
    Shot("psc page", "GET", f"{_ME}/psc", 303, who="choice"),
    Shot("psc, back", "GET", "/psc/callback", 303, (("code", "{psc_code}"), ("state", "{psc_state}")), who="at_psc"),
    Shot("psc, nobody asked", "GET", "/psc/callback", 404, (("code", "x"), ("state", "y"), ("iss", "https://psc.example"))),
    Shot("nowhere", "GET", f"/interaction/{MARK}", 404),
)  # fmt: skip


# What is broken.

_LOGIN = "eyJhbGciOiJub25lIn0"
_WORDS = (
    *(
        "",
        " ",
        "-1",
        "0",
        "1e9",
        "9" * 400,
        "none",
        "none login",
        "login",
        "plain",
        "token",
        "code token",
        "fragment",
    ),
    *(
        "refresh_token",
        "password",
        "client_credentials",
        ASSERTION_TYPE,
        "null",
        "[]",
        "{}",
        "true",
        RP,
        "public",
    ),
)
HOSTILE = st.one_of(
    st.text(max_size=20).map(lambda text: text + MARK),
    st.sampled_from(
        (
            MARK,
            f'"><script>{MARK}</script>',
            f"{MARK}\r\nSet-Cookie: {MARK}=1\r\n\r\n{MARK}",
            f"\0{MARK}\x7f\x1b[31m",
            f"https://{MARK}.example/",
            f"//{MARK}.example/\\",
            f"javascript:{MARK}",
            f"{CALLBACK}/../{MARK}",
            f"{CALLBACK}?{MARK}",
            f"{{{{7*7}}}}{MARK}",
            f"\ud800{MARK}",
            f"{MARK} " * 1200,
            MARK * 9000,
            f"urn:ietf:params:oauth:request_uri:{MARK}",
            f"{_LOGIN}.{MARK}.",
            f"{_LOGIN}.eyJzdWIiOiJ4In0.{MARK}",
            f'{{"userinfo": {{"{MARK}": {{"essential": true}}}}, "id_token": {{"sub": {{"value": "{MARK}"}}}}}}',
            f'{{"id_token": {{"acr": {{"essential": true, "values": ["{MARK}"]}}}}}}',
            '{"a":' * 3000 + f'"{MARK}"',
            f'["{MARK}"]',
            # No mark: what is only a word, a number or nothing.
            *_WORDS,
        )
    ),
)  # fmt: skip
_NAMES = tuple(
    "client_id redirect_uri response_type response_mode scope state nonce prompt max_age display code_challenge "
    "code_challenge_method grant_type code code_verifier client_secret access_token refresh_token token dpop_jkt "
    "id_token_hint login_hint logout_hint post_logout_redirect_uri claims request request_uri registration acr_values "
    "ui_locales lang csrf rpps password presentation iss error client_assertion client_assertion_type".split()
)
#: What each endpoint reads, beside what the request already has.
_READ_AT = {
    "/authorize": (
        "response_mode prompt max_age display dpop_jkt id_token_hint login_hint claims request request_uri "
        "registration acr_values ui_locales"
    ),
    "/token": "scope refresh_token client_id client_secret client_assertion client_assertion_type",
    "/revoke": "client_id client_secret client_assertion client_assertion_type",
    "/introspect": "client_id client_secret client_assertion client_assertion_type",
    "/userinfo": "access_token",
    "/end_session": "id_token_hint client_id post_logout_redirect_uri state ui_locales logout_hint",
    "/psc/callback": "code state iss error error_description",
}
_READ_AT["/par"] = _READ_AT["/authorize"]
#: A mark that no check of characters refuses, then one that tries to be markup.
SWEPT = (MARK, f'"><script>{MARK}</script>')


def swept(shot: Shot, value: str) -> Iterator[Shot]:
    """The shot with one parameter after the other set to this value, and each said twice."""
    pairs = shot.form if shot.method == "POST" else shot.query
    where = "form" if shot.method == "POST" else "query"
    for name in dict.fromkeys((*(name for name, _ in pairs), *_READ_AT.get(shot.path, "").split())):
        others = tuple(pair for pair in pairs if pair[0] != name)
        yield replace(shot, **{where: (*others, (name, value))})
    if pairs:
        yield replace(shot, **{where: (*pairs, (pairs[-1][0], value))})


_HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30).map(
    lambda text: (text + MARK).strip()
)
_COOKIES = ("browser", "session", "device", "locale", "left", "shared")
_ODD_COOKIES = (MARK, "x.y", '"\\000"', MARK * 500)
_SCHEMES = ("Basic", "basic", "Bearer", "DPoP", "Digest", "Negotiate")
_ODD_CREDENTIALS = ("", MARK, "A", "w4k6" * 900, f"dDp{MARK}", "Og==", "gP8=", "é")
_ODD_HEADERS = {
    "Content-Type": (
        "",
        "application/json",
        "multipart/form-data",
        f"multipart/form-data; boundary={MARK}",
        "application/x-www-form-urlencoded; charset=utf-16",
        "text/plain",
    ),
    "Caducee-Proxy": (PROXY_SECRET,),
    "Client-Cert": (f":{MARK}:", ":" + "A" * 9000 + ":"),
    "Origin": ("null", f"https://{MARK}.example"),
}
_HEADERS = st.one_of(
    st.tuples(
        st.sampled_from(
            "Authorization Cookie Origin Content-Type Accept-Language Accept X-Forwarded-For X-Forwarded-Host Host "
            "Forwarded Referer DPoP Client-Cert Caducee-Proxy Content-Encoding Range If-None-Match "
            "X-HTTP-Method-Override Access-Control-Request-Method".split()
        ),
        _HEADER_TEXT,
    ),
    st.sampled_from(
        (
            *((name, text) for name, texts in _ODD_HEADERS.items() for text in texts),
            *(("Cookie", f"caducee_{name}={text}") for name in _COOKIES for text in _ODD_COOKIES),
            *(("Authorization", f"{scheme} {text}") for scheme in _SCHEMES for text in _ODD_CREDENTIALS),
        )
    ),
)  # fmt: skip
_RAW = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        (
            b'{"client_id": "zq9echo7"}',
            b"client_id=%ff%fe&code=\xff\xfe&csrf=%80zq9echo7",
            b"%=%&zq9echo7=%zz&&&==",
            b"--x\r\nContent-Disposition: form-data; name=csrf\r\n\r\nzq9echo7",
            b"p=zq9echo7&" * 3000,
            b"x" * 70_000,
        )
    ),
)
_ENVIRON = st.sampled_from(
    (
        ("CONTENT_LENGTH", "-1"),
        ("CONTENT_LENGTH", MARK),
        ("CONTENT_LENGTH", "9" * 30),
        ("CONTENT_LENGTH", ""),
        ("CONTENT_LENGTH", "100000"),
        ("HTTP_TRANSFER_ENCODING", "chunked"),
        ("QUERY_STRING", f"%ff=%fe&{MARK}=%00&%"),
        ("QUERY_STRING", f"client_id={BOLD}&redirect_uri={CALLBACK}&response_type={MARK}&state=\xff"),
        ("SERVER_NAME", f"{MARK}.example"),
        ("HTTP_HOST", f"{MARK}.example"),
        ("HTTP_HOST", ""),
        ("PATH_INFO", ""),
        ("PATH_INFO", f"/{MARK}\xff"),
    )
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW")


def _names_of(pairs: Pairs) -> tuple[str, ...]:
    """Mostly those that the request has: they are read."""
    return tuple(name for name, _ in pairs) * 4 + _NAMES


@st.composite
def _broken_pairs(draw: st.DrawFn, pairs: Pairs) -> Pairs:
    name = draw(st.sampled_from(_names_of(pairs)))
    gesture = draw(st.sampled_from(("set", "set", "add", "drop", "name")))
    others = tuple(pair for pair in pairs if pair[0] != name)
    match gesture:
        case "set":
            return (*others, (name, draw(HOSTILE)))
        case "add":
            return (*pairs, (name, draw(HOSTILE)))
        case "name":
            return (*pairs, (draw(HOSTILE), draw(HOSTILE)))
        case _:
            return others


@st.composite
def shots(draw: st.DrawFn) -> Shot:
    shot = draw(st.sampled_from(SHOTS))
    for _ in range(draw(st.integers(1, 3))):
        where = draw(
            st.sampled_from(("parameters",) * 6 + ("headers", "headers", "raw", "environ", "method", "other"))
        )
        if where == "parameters" and shot.method == "POST":
            shot = replace(shot, form=draw(_broken_pairs(shot.form)))
        elif where in ("parameters", "other"):
            shot = replace(shot, query=draw(_broken_pairs(shot.query)))
        elif where == "headers":
            name, text = draw(_HEADERS)
            kept = tuple(pair for pair in shot.headers if pair[0] != name or draw(st.booleans()))
            shot = replace(shot, headers=(*kept, (name, text)))
        elif where == "raw":
            shot = replace(shot, raw=draw(_RAW))
        elif where == "environ":
            shot = replace(shot, environ=(*shot.environ, draw(_ENVIRON)))
        else:
            shot = replace(shot, method=draw(st.sampled_from(_METHODS)))
    return shot
