"""Which requests are answered in front of Flask, and that both ways to a page do the same around it."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request, Response

from idp.core.errors import PageError, Problem
from idp.interaction.refusal import NotDue
from idp.web.page_answers import PageAnswers
from idp.web.page_front import front_of
from idp.web.page_routes import PageRoute
from idp.web.sending import Environ, StartResponse, Wsgi
from idp.wiring.flask_app import build_flask, build_page_answers
from idp.wiring.parts import build_parts
from tests.logged import logged_here
from tests.provider import ISSUER, Provider

ID = "Ab-_" + "x" * 39


def shown(request: Request, *values: str) -> Response:
    return Response(f"shown {' '.join(values)}".strip())


def fails(error: Exception) -> Callable[..., Response]:
    def handler(request: Request, *values: str) -> Response:
        raise error

    return handler


ROUTES = [
    PageRoute("GET", "/page", shown),
    PageRoute("POST", "/page", lambda request: Response(request.form["typed"])),
    PageRoute("GET", "/interaction/<interaction_id>", shown),
    PageRoute("GET", "/interaction/<interaction_id>/stop", shown),
    PageRoute("POST", "/interaction/<interaction_id>/stop/answer", shown),
    PageRoute("GET", "/page/<name>", shown),
    PageRoute("GET", "/not-due", fails(NotDue(ID))),
    PageRoute("GET", "/refused", fails(PageError(Problem.NO_CHARTER))),
    PageRoute("GET", "/broken", fails(KeyError("secret"))),
]


@pytest.fixture(scope="module")
def answers(provider: Provider) -> PageAnswers:
    return build_page_answers(build_parts(provider.settings))


def front(answers: PageAnswers, behind: Wsgi) -> Client:
    made = front_of(ROUTES, answers=answers, body_bytes=1000, form_parts=3)
    return Client(made.in_front_of(behind), TestResponse)


def nothing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return Response("behind")(environ, start_response)


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/page", "shown"),
        ("GET", f"/interaction/{ID}", f"shown {ID}"),
        ("GET", f"/interaction/{ID}/stop", f"shown {ID}"),
        ("POST", f"/interaction/{ID}/stop/answer", f"shown {ID}"),
        # All others are found by Flask, or by nobody.
        ("HEAD", "/page", ""),
        ("DELETE", "/page", "behind"),
        ("POST", f"/interaction/{ID}/stop", "behind"),
        ("GET", f"/interaction/{ID}/other", "behind"),
        ("GET", f"/interaction/{ID}/", "behind"),
        ("GET", f"/interaction/{ID}x", "behind"),
        ("GET", f"/interaction/{ID[1:]}", "behind"),
        ("GET", f"/interaction/{ID[:20]}/{ID[21:]}", "behind"),
        ("GET", f"/interaction/{ID[:20]}/{ID[21:]}/stop", "behind"),
        ("GET", "/interaction/", "behind"),
        ("GET", "/page/name", "behind"),
        ("GET", "/page/", "behind"),
        ("GET", "/static/x", "behind"),
    ],
)
def test_a_page_is_found_by_its_method_and_exact_address(
    answers: PageAnswers, method: str, path: str, found: str
) -> None:
    assert front(answers, nothing).open(path, method=method, base_url=ISSUER).text == found


ASKED: dict[str, dict[str, Any]] = {
    "a page": {"path": "/page"},
    "a page of an interaction": {"path": f"/interaction/{ID}/stop"},
    "a link to the other language": {"path": "/page", "query_string": "lang=en"},
    "a relying party's own language": {"path": "/page", "query_string": "lang=en&state=s"},
    "no language of ours": {"path": "/page", "query_string": "lang=de"},
    "a certificate header": {"path": "/page", "headers": {"Client-Cert": ":x:"}},
    "a link with a certificate header": {
        "path": "/page", "query_string": "lang=fr", "headers": {"Client-Cert": ":x:"},
    },
    "a page that is not due": {"path": "/not-due"},
    "a refusal": {"path": "/refused"},
    "a defect": {"path": "/broken"},
    "a form": {"path": "/page", "method": "POST", "data": {"typed": "x"}},
    "a form without the field": {"path": "/page", "method": "POST"},
    "a form that is too long": {"path": "/page", "method": "POST", "data": {"typed": "x" * 2000}},
    "a form with too many fields": {"path": "/page", "method": "POST", "data": {f"n{n}": "x" for n in range(9)}},
}  # fmt: skip


@pytest.mark.parametrize("asked", ASKED)
def test_both_ways_to_a_page_answer_alike(answers: PageAnswers, asked: str) -> None:
    by_flask = Client(build_flask(ROUTES, answers, 1000), TestResponse)
    found, expected = (
        one.open(base_url=ISSUER, **ASKED[asked]) for one in (front(answers, nothing), by_flask)
    )
    assert (found.status, without_incident(found)) == (expected.status, without_incident(expected))
    assert sorted(found.headers) == sorted(expected.headers)


def without_incident(answer: TestResponse) -> str:
    return re.sub("<strong>[0-9a-f]{8}</strong>", "", answer.text)


def test_a_defect_is_a_page_without_the_cause_and_the_log_has_it(answers: PageAnswers) -> None:
    with logged_here() as logs:
        answer = front(answers, nothing).get("/broken", base_url=ISSUER)
    assert (answer.status_code, "secret" in answer.text) == (500, False)
    ((event, kind, cause),) = [(one["event"], one["exception_type"], one["exc_info"]) for one in logs]
    assert (event, kind, str(cause)) == ("page_error", "KeyError", "'secret'")
