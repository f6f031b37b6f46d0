"""The mailbox seen from a browser or a script.

Contains its pages, its JSON list, how slow it is. Not here: receiving, parsing.
"""

import re
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, abort, jsonify, render_template, request

from sandbox.mail.catcher import Mail, Mailbox
from sandbox.mail.words import LANGUAGES

_REFRESH_SECONDS = 5
_LONGEST_DELAY_SECONDS = 600
_SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# Six to eight digits, alone or as two halves, but never a part of a longer number such as an RPPS.
_CODE = re.compile(r"(?<![\d.,/])(?<!\d[ \u00a0])(\d{3,4}[ \u00a0]?\d{3,4})(?![ \u00a0]?\d|[.,/]\d)")


def one_time_code(text: str) -> str:
    """Returns the first text that looks like a one-time code, without spaces, "" when there is none."""
    found = _CODE.search(text)
    return re.sub(r"\D", "", found.group(1)) if found else ""


def _as_json(mail: Mail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "received_at": mail.received_at.isoformat(),
        "from": mail.sender,
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
    }


def build_app(mailbox: Mailbox) -> Flask:
    """Returns the WSGI application over this mailbox."""
    app = Flask(__name__)
    # The catcher shows one-time codes: no page of another site may reach it by renaming itself to 127.0.0.1.
    app.config["TRUSTED_HOSTS"] = ["localhost", "127.0.0.1", "[::1]"]
    app.jinja_env.filters["one_time_code"] = one_time_code
    app.jinja_env.filters["local_time"] = lambda moment: moment.astimezone()

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.update(_SECURITY_HEADERS)
        return response

    @app.context_processor
    def words() -> dict[str, Any]:
        language = request.args.get("lang", "")
        language = language if language in LANGUAGES else "fr"
        return {"lang": language, "words": LANGUAGES[language]}

    @app.get("/")
    def index() -> str:
        to = request.args.get("to") or None
        refresh = None if request.args.get("refresh") == "off" else _REFRESH_SECONDS
        return render_template("list.html", mails=mailbox.newest_first(to), to=to, refresh=refresh)

    @app.get("/messages/<int:number>")
    def one(number: int) -> str:
        return render_template("one.html", mail=mailbox.find(number) or abort(404))

    @app.errorhandler(404)
    def absent(_: Exception) -> tuple[str, int]:
        return render_template("absent.html"), 404

    @app.get("/messages.json")
    @app.get("/api/messages")
    def listing() -> Response:
        return jsonify([_as_json(mail) for mail in mailbox.newest_first(request.args.get("to"))])

    @app.delete("/messages.json")
    @app.delete("/api/messages")
    def clear() -> tuple[str, int]:
        mailbox.empty()
        return "", 204

    @app.put("/api/delay")
    def be_slow() -> tuple[str, int]:
        wanted = request.get_json(force=True, silent=True)
        seconds = wanted.get("seconds") if isinstance(wanted, dict) else None
        if not isinstance(seconds, int | float) or not 0 <= seconds <= _LONGEST_DELAY_SECONDS:
            return f'expected {{"seconds": 0 to {_LONGEST_DELAY_SECONDS}}}', 400
        mailbox.delay = seconds
        return "", 204

    return app
