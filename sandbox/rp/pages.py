"""The pages of one relying party.

Contains views and forms. Not here: decisions of the protocol: what these pages show was checked elsewhere.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from authlib.common.security import generate_token
from flask import Flask, Response, g, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.rp.logout_token import LogoutTokenRefused
from sandbox.rp.openid import AnswerRefused, ErrorReturned, Reason, RelyingParty, SignedIn
from sandbox.rp.provider import IssuerUnreachable
from sandbox.rp.sessions import BrowserSession, Sessions
from sandbox.rp.words import REFUSED, RETURNED, UNKNOWN_ERROR

THEMES = 2  # static/rp.css has one colour per theme
_PASSED_ON = ("prompt", "max_age", "acr_values", "ui_locales", "login_hint", "claims")
_TRIALS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("Redemander une connexion", {"prompt": "login"}),
    ("Sans aucune page", {"prompt": "none"}),
    ("Exiger une connexion toute récente", {"max_age": "0"}),
    ("Par carte CPS", {"acr_values": "urn:caducee:acr:cps"}),
)
_SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the callback's address carries the code
    "X-Content-Type-Options": "nosniff",
}
_INSTANTS = ("iat", "exp", "auth_time", "nbf", "updated_at", "identity_verified_at")


def build_app(relying_party: RelyingParty, theme: int) -> Flask:
    """Returns the WSGI application of one party. `theme`: its colour."""
    app = Flask(__name__)
    desk = _Desk(relying_party, Sessions())
    app.config["TRUSTED_HOSTS"] = ["localhost", "127.0.0.1", "[::1]"]
    app.jinja_env.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    app.jinja_env.filters["instant"] = _instant
    app.jinja_env.globals.update(
        party=relying_party.party, theme=theme % THEMES, trials=_TRIALS, urlencode=urlencode
    )
    app.after_request(desk.remember)
    for path, view in (
        ("/", desk.home),
        ("/login", desk.login),
        ("/callback", desk.callback),
        ("/logout", desk.logout),
        ("/signed-out", desk.signed_out),
        ("/session.json", desk.session_json),
        ("/frontchannel-logout", desk.frontchannel_logout),
    ):
        app.add_url_rule(path, view_func=view)
    app.add_url_rule("/logout-here", view_func=desk.logout_here, methods=["POST"])
    app.add_url_rule("/backchannel-logout", view_func=desk.backchannel_logout, methods=["POST"])
    app.register_error_handler(AnswerRefused, _refused_page)
    app.register_error_handler(ErrorReturned, _error_page)
    app.register_error_handler(IssuerUnreachable, _unreachable_page)
    app.register_error_handler(404, lambda _: (render_template("absent.html"), 404))
    return app


class _Desk:
    """The views, with the session of the present browser."""

    def __init__(self, relying_party: RelyingParty, sessions: Sessions) -> None:
        self._relying_party = relying_party
        self._sessions = sessions

    def home(self) -> str:
        if signed_in := self._session().signed_in:
            return render_template("signed_in.html", signed_in=signed_in)
        return render_template("home.html", ended_elsewhere=self._session().ended_elsewhere)

    def login(self) -> AnyResponse:
        extra = {name: request.args[name] for name in _PASSED_ON if name in request.args}
        url, attempt = self._relying_party.begin(extra)
        self._session().start(attempt)
        return redirect(url, 303)

    def callback(self) -> AnyResponse:
        # RFC 6749 §3.1: a parameter must not be repeated.
        if any(len(values) > 1 for _, values in request.args.lists()):
            raise AnswerRefused(Reason.MALFORMED_ANSWER)
        answer = request.args.to_dict()
        session = self._session()
        session.signed_in = self._relying_party.finish(answer, session.take(answer.get("state", "")))
        session.ended_elsewhere = False
        g.renamed = True
        return redirect(self._relying_party.party.home, 303)

    def logout(self) -> AnyResponse:
        """Sign out here first, then at the provider: if that is unreachable, the person is signed out here anyway."""
        session = self._session()
        signed_in, session.signed_in = session.signed_in, None
        if signed_in is None:
            return redirect(self._relying_party.party.home, 303)
        session.sign_out_state = generate_token(43)
        g.renamed = True
        url = self._relying_party.sign_out_url(signed_in, session.sign_out_state)
        return redirect(url or self._relying_party.party.post_logout_redirect_uri, 303)

    def backchannel_logout(self) -> tuple[Response, int]:
        """Back-Channel Logout §2.8: a call by the provider itself, without a browser."""
        try:
            claims = self._relying_party.signed_out(request.form.get("logout_token", ""))
        except LogoutTokenRefused as refused:
            return jsonify(error="invalid_request", error_description=str(refused)), 400
        return jsonify(ended=self._sessions.end(claims)), 200

    def frontchannel_logout(self) -> AnyResponse:
        """Front-Channel Logout §3, in a frame of the provider. `sid` is a secret of the session: no cookie is needed,
        which browsers often do not send from frames."""
        if request.args.get("iss") == self._relying_party.issuer and request.args.get("sid"):
            self._sessions.end({"sid": request.args["sid"]})
        policy = f"default-src 'none'; frame-ancestors {self._relying_party.issuer}"
        return Response("", headers={"Content-Security-Policy": policy})

    def logout_here(self) -> AnyResponse:
        self._session().signed_in = None
        g.renamed = True
        return redirect(self._relying_party.party.home, 303)

    def signed_out(self) -> str:
        session = self._session()
        expected, session.sign_out_state = session.sign_out_state, None
        everywhere = expected is not None and request.args.get("state") == expected
        return render_template(
            "signed_out.html", everywhere=everywhere, still_in=session.signed_in is not None
        )

    def session_json(self) -> Response | tuple[Response, int]:
        signed_in: SignedIn | None = self._session().signed_in
        if signed_in is None:
            return jsonify(error="not_signed_in"), 401
        return jsonify(
            id_token=signed_in.id_token, userinfo=signed_in.userinfo, id_token_raw=signed_in.id_token_raw
        )

    def remember(self, response: Response) -> Response:
        """Give the browser its session id: a new one at first, and whenever its rights change."""
        for name, value in _SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        session: BrowserSession | None = g.get("session")
        if session is None or (session == BrowserSession() and "session_id" not in g):
            return response
        if "session_id" not in g:
            session_id = self._sessions.keep(session)
        elif g.get("renamed"):
            session_id = self._sessions.rename(g.session_id, session)
        else:
            return response
        response.set_cookie(
            self._relying_party.party.cookie, session_id, httponly=True, samesite="Lax", path="/"
        )
        return response

    def _session(self) -> BrowserSession:
        if "session" not in g:
            session_id = request.cookies.get(self._relying_party.party.cookie, "")
            known = self._sessions.find(session_id)
            g.session = known or BrowserSession()
            if known:
                g.session_id = session_id
        session: BrowserSession = g.session
        return session


def _refused_page(refused: AnswerRefused) -> tuple[str, int]:
    explanation = REFUSED[refused.reason]
    return render_template(
        "refused.html", code=refused.reason, detail=refused.detail, explanation=explanation
    ), 400


def _error_page(returned: ErrorReturned) -> str:
    title, explanation = RETURNED.get(returned.error, UNKNOWN_ERROR)
    return render_template("error.html", returned=returned, title=title, explanation=explanation)


def _unreachable_page(_: IssuerUnreachable) -> tuple[str, int]:
    return render_template("unreachable.html"), 503


def _instant(value: Any, name: str) -> str:
    """Returns the time of a claim in words, "" when it is not a time."""
    if name not in _INSTANTS or not isinstance(value, int | float):
        return ""
    return datetime.fromtimestamp(value, UTC).astimezone().strftime("%d/%m/%Y à %H:%M:%S")
