"""The tab « Délégation » (facts/psc §2.1): the identity provider of an establishment identifies the person.

Contains two invented establishments and their pages. Not here: e-CPS and card (`wallet`).
"""

from collections.abc import Mapping
from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from sandbox.psc.identities import BY_ID
from sandbox.psc.identity import Identity
from sandbox.psc.pages import problem
from sandbox.psc.simulator import Simulator
from sandbox.psc.wallet_answers import login_of, page, signed_in

#: By `kc_idp_hint`.
BROKERS: Mapping[str, str] = {
    "OKTA_chu-exemple": "CHU d’Exemple",
    "OKTA_clinique-modele": "Clinique du Modèle",
}
#: Of every account there.
_PASSWORD = "exemple"


def _account(person: Identity, alias: str) -> str:
    """Returns the name of this person there: no national identifier (facts/psc §4.1)."""
    return f"{person.id}@{alias.partition('_')[2]}.test"


def delegation(simulator: Simulator, key: str) -> Response:
    if login_of(simulator, key) is None:
        return problem("login_over")
    return page("delegation", key, brokers=BROKERS)


def broker(simulator: Simulator, key: str, alias: str) -> Response:
    """The page of the establishment itself."""
    login = login_of(simulator, key)
    if login is None or alias not in BROKERS:
        return problem("login_over")
    shown = {"alias": alias, "broker": BROKERS[alias]}
    if request.method == "GET":
        return page("broker", key, **shown)
    person = BY_ID.get(request.form.get("identity", ""))
    if person is None or request.form.get("password") != _PASSWORD:
        return page("broker", key, **shown, error="wrong_password")
    login.delegated = person, alias
    return redirect(url_for("delegated", key=key), 303)


def delegated(simulator: Simulator, key: str) -> Response:
    """« Appairage du compte » by the card, the first time; then the question."""
    login = login_of(simulator, key)
    if login is None:
        return problem("login_over")
    if login.delegated is None:
        return redirect(url_for("delegation", key=key), 303)
    person, alias = login.delegated
    account = _account(person, alias)
    shown = {"account": account, "person": person}
    if account not in simulator.state.paired:
        return _pair(simulator, key, shown)
    if request.method == "GET":
        return page("delegated", key, service=login.request.client_id, **shown)
    if request.form.get("decision") != "confirm":
        login.delegated = None
        return page("delegation", key, brokers=BROKERS, error="delegation_rejected")
    return signed_in(simulator, key, person, "IDENTITY_BROKER", account)


def _pair(simulator: Simulator, key: str, shown: Mapping[str, Any]) -> Response:
    if request.method == "GET":
        return page("pairing", key, **shown)
    tries_left = simulator.state.present_pin(shown["person"].id, request.form.get("pin", ""))
    if tries_left is not None:
        error = "wrong_pin" if tries_left else "locked_card"
        return page("pairing", key, **shown, error=error, tries_left=tries_left)
    simulator.state.paired.add(shown["account"])
    return redirect(url_for("delegated", key=key), 303)
