"""Contains the pages of a door that failed and of every error."""

from dataclasses import replace

from idp.cards.trust import CardRefusal
from idp.core.errors import Problem
from idp.flows.shared.psc_refusals import REFUSALS
from idp.pages import sign_in as pages
from sandbox.style_guide.cast import ALL, CARD_ONLY, NONE, PSC_AND_PASSWORD
from sandbox.style_guide.state import State

CPS_REASONS = (*(reason.value for reason in CardRefusal), "unavailable", "stale", "mismatch")


PSC_REASONS = tuple(REFUSALS)


ERROR_NAMES = tuple(problem.value for problem in Problem)


#: Of these pages the title announces no error: over, elsewhere, closed.
_NO_ERROR = """pushed_request_gone interaction_unknown interaction_expired interaction_finished interaction_went_on
 other_browser account_disabled account_gone no_charter no_client_charter""".split()


def _doors_that_failed() -> list[State]:
    states = [State(f"cps-{reason}!", "cps.html", pages.CpsPage(reason, ALL)) for reason in CPS_REASONS]
    states.append(State("cps-card-only!", "cps.html", pages.CpsPage("none", CARD_ONLY)))
    states.append(State("psc-waiting", "psc_waiting.html", pages.PscWaitingPage()))
    for reason in PSC_REASONS:
        mark = "" if reason in ("cancelled", "expired") else "!"
        states.append(State(f"psc-{reason}{mark}", "psc.html", pages.PscPage(reason=reason, doors=ALL)))
    alone = pages.PscPage(reason="misconfigured", doors=replace(NONE, psc=True))
    states.append(State("psc-misconfigured-alone!", "psc.html", alone))
    for reason in ("not_fresh", "no_auth_time"):
        leave = pages.PscPage(reason=reason, doors=ALL, leave="token")
        states.append(State(f"psc-{reason}-leave!", "psc.html", leave))
    states.append(
        State(
            "psc-and-password-only!", "psc.html", pages.PscPage(reason="unavailable", doors=PSC_AND_PASSWORD)
        )
    )
    return states


def _errors() -> list[State]:
    states = [
        State(
            f"error-{name}{'' if name in _NO_ERROR else '!'}",
            "error.html",
            pages.ErrorPage(
                key=f"error.{name}", incident="K7QF-2M9D", retry_path=None, return_url=None, return_name=None
            ),
            in_interaction=False,
        )
        for name in ERROR_NAMES
    ]
    with_ways_on = pages.ErrorPage(
        key="error.interaction_expired",
        incident=None,
        retry_path="/interaction/AbC/restart",
        return_url="https://viatrajectoire.example/",
        return_name="ViaTrajectoire",
    )
    nameless = replace(with_ways_on, return_name=None, retry_path=None)
    passing = replace(
        nameless, key="error.unavailable", return_url=None, incident="K7QF-2M9D", again="/interaction/AbC"
    )
    crowded = replace(nameless, key="error.rate_limited", return_name="ViaTrajectoire", again="")
    disabled = replace(nameless, key="error.account_disabled", motive="Départ de l'établissement")
    return [
        *states,
        State("error-with-ways-on", "error.html", with_ways_on),
        State("error-nameless-return", "error.html", nameless),
        State("error-passing!", "error.html", passing),
        State("error-crowded!", "error.html", crowded, in_interaction=False),
        State("error-disabled-with-motive", "error.html", disabled),
    ]


def states(locale: str) -> list[State]:
    return [
        *_doors_that_failed(),
        *_errors(),
    ]
