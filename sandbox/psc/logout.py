"""The end_session endpoint (facts/psc §6, §11.8): a page, a redirect, or a call without browser."""

from collections.abc import Callable, Mapping

from flask import Response, make_response, render_template, request

from sandbox.psc.authorization import callback
from sandbox.psc.backchannel import announce_end
from sandbox.psc.pages import SESSION_COOKIE, forget_cookie, is_foreign_form, problem
from sandbox.psc.simulator import Simulator
from sandbox.psc.tokens import read_hint


def logout(simulator: Simulator) -> Response:
    hint = request.values.get("id_token_hint", "")
    if hint:
        return _logout_by_hint(simulator, hint)
    if "client_id" in request.values:
        return _logout_by_client(simulator, request.values["client_id"])
    if "post_logout_redirect_uri" in request.values:
        return problem("missing_hint")
    return _logout_by_hand(simulator, None)


def _logout_by_hint(simulator: Simulator, hint: str) -> Response:
    claims = read_hint(simulator, hint)
    client = simulator.clients.get(str(claims.get("azp"))) if claims else None
    if claims is None or client is None:
        return problem("bad_hint")
    if request.values.get("client_id", client.client_id) != client.client_id:
        return problem("bad_hint")
    target = request.values.get("post_logout_redirect_uri")
    if target is not None and target not in client.post_logout_redirect_uris:
        return problem("bad_redirect_uri")
    _end(simulator, str(claims.get("sid")))
    return _without_dead_cookie(simulator, _back_to(simulator, target))


def _logout_by_client(simulator: Simulator, client_id: str) -> Response:
    """Without a hint, as Keycloak does from version 18 on: the client names the address, and the person is asked."""
    client, target = simulator.clients.get(client_id), request.values.get("post_logout_redirect_uri")
    if client is None:
        return problem("unknown_client")
    if target is not None and target not in client.post_logout_redirect_uris:
        return problem("bad_redirect_uri")
    return _logout_by_hand(simulator, target)


def _logout_by_hand(simulator: Simulator, target: str | None) -> Response:
    """Ask the person: without a hint, another site may have sent the browser here."""
    session = simulator.sessions.of_browser(request.cookies.get(SESSION_COOKIE), simulator.now())
    if session is None:
        return _back_to(simulator, target)
    if request.form.get("confirm") != "yes" or is_foreign_form():
        return make_response(render_template("confirm_logout.html", asked=request.values))
    _end(simulator, session.sid)
    return _without_dead_cookie(simulator, _back_to(simulator, target))


def _back_to(simulator: Simulator, target: str | None) -> Response:
    if target is None:
        return _closed_page()
    state = _STATES[simulator.switches.logout_state](request.values.get("state", ""))
    response = Response(status=302)
    response.autocorrect_location_header = False
    response.headers["Location"] = callback(target, {"state": state}) if state else target
    return response


_STATES: Mapping[str, Callable[[str], str]] = {
    "returned": lambda state: state,
    "missing": lambda _: "",
    "changed": lambda state: f"{state}-changed",
}


def _end(simulator: Simulator, sid: str) -> None:
    ended = simulator.sessions.end(sid)
    if ended is not None:
        announce_end(simulator, ended)


def _closed_page() -> Response:
    return make_response(render_template("signed_out.html"))


def _without_dead_cookie(simulator: Simulator, response: Response) -> Response:
    """Forget the browser's cookie, unless it is for another session that is still open."""
    if simulator.sessions.of_browser(request.cookies.get(SESSION_COOKIE), simulator.now()) is None:
        forget_cookie(response, SESSION_COOKIE)
    return response
