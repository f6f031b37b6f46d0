"""The control page and the same in JSON.

Contains switches, identities, reset. Not here: outages, to which these are never subject.
"""

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as AnyResponse

from sandbox.psc.backchannel import announce_end
from sandbox.psc.identities import IDENTITIES
from sandbox.psc.pages import is_foreign_form
from sandbox.psc.simulator import Simulator
from sandbox.psc.switches import RULES, SwitchError


def control_pages(simulator: Simulator) -> Blueprint:
    control = Blueprint("control", __name__, url_prefix="/simulateur")

    @control.before_request
    def same_origin_only() -> None:
        if request.method != "GET" and is_foreign_form():
            raise Forbidden

    @control.get("")
    def page() -> Response:
        return _page(simulator)

    @control.post("")
    def change() -> AnyResponse:
        try:
            simulator.switches = simulator.switches.changed_by_form(request.form)
        except SwitchError as refusal:
            return _page(simulator, refusal)
        return redirect(url_for("control.page", saved="yes"), 303)

    @control.post("/reinitialiser")
    def reset() -> AnyResponse:
        simulator.reset()
        return redirect(url_for("control.page", saved="yes"), 303)

    @control.get("/api/switches")
    def read_switches() -> Response:
        return jsonify(simulator.switches.as_json())

    @control.put("/api/switches")
    def write_switches() -> Response:
        wanted = request.get_json(force=True, silent=True)
        if not isinstance(wanted, dict):
            return _refused("expected a JSON object of switches")
        try:
            simulator.switches = simulator.switches.changed(wanted)
        except SwitchError as refusal:
            return _refused(str(refusal))
        return jsonify(simulator.switches.as_json())

    @control.post("/api/reset")
    def reset_by_script() -> Response:
        simulator.reset()
        return jsonify(simulator.switches.as_json())

    @control.post("/fermer-les-sessions")
    def end_sessions() -> AnyResponse:
        _end_sessions(simulator)
        return redirect(url_for("control.page", saved="yes"), 303)

    @control.post("/api/end-sessions")
    def end_sessions_by_script() -> Response:
        return jsonify({"ended": _end_sessions(simulator)})

    @control.get("/api/events")
    def events() -> Response:
        return jsonify(list(simulator.events))

    @control.get("/api/identities")
    def identities() -> Response:
        return jsonify(
            [
                {"id": person.id, "name": person.name, "SubjectNameID": person.national_id}
                for person in IDENTITIES
            ]
        )

    return control


def _end_sessions(simulator: Simulator) -> int:
    """End every session, as if all persons had signed out elsewhere: logout tokens are sent."""
    ended = simulator.sessions.end_all()
    for session in ended:
        announce_end(simulator, session)
    return len(ended)


def _page(simulator: Simulator, refusal: SwitchError | None = None) -> Response:
    page = render_template(
        "control.html",
        rules=RULES,
        values=simulator.switches.as_json(),
        identities=IDENTITIES,
        locked=simulator.state.locked_cards(),
        issuer=simulator.issuer,
        refusal=refusal,
    )
    return make_response(page, 422 if refusal else 200)


def _refused(message: str) -> Response:
    response = jsonify({"error": message})
    response.status_code = 400
    return response
