"""What an error means, whatever its body is: none, HTML, another charset, very long. And what the log shows of it."""

import json
from collections.abc import Callable

import pytest

from idp.adapters.http.bounded import BODY_BYTES, HttpAnswer, SafeHttp
from idp.adapters.psc.errors import MEANINGS, meaning_of, shown
from idp.interaction.upstream import UpstreamRefusal
from tests.adapters.psc.hostile_psc import Lie, hostile_psc, say_text
from tests.fakes import NOON

JSON = "application/json"


def told(error: str, description: str = "") -> str:
    return json.dumps({"error": error, "error_description": description}, ensure_ascii=False)


def answered(status: int, media_type: str, body: bytes) -> HttpAnswer:
    return HttpAnswer(status=status, media_type=media_type, body=body)


#: How an endpoint may write its error: nothing of this changes what the error means.
WRITTEN: dict[str, Callable[[str], HttpAnswer]] = {
    "plainly": lambda error: answered(400, JSON, told(error).encode()),
    "with status 401": lambda error: answered(401, JSON, told(error).encode()),
    "in Latin-1": lambda error: answered(400, JSON, told(error, "Client refusé").encode("latin-1")),
    "in UTF-16": lambda error: answered(400, JSON, told(error, "Client refusé").encode("utf-16")),
    "in one mebibyte": lambda error: answered(400, JSON, told(error, "z" * (BODY_BYTES - 100)).encode()),
    "under another media type": lambda error: answered(400, "text/plain", told(error).encode()),
    "as problem JSON": lambda error: answered(400, "application/problem+json", told(error).encode()),
}
ERRORS = [(endpoint, error) for endpoint in ("token", "par", "userinfo") for error in MEANINGS[endpoint]]


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_error_means_the_same_however_it_is_written(written: Callable[[str], HttpAnswer]) -> None:
    for endpoint, error in ERRORS:
        meaning, detail = meaning_of(endpoint, written(error))
        assert meaning == MEANINGS[endpoint][error], error
        assert error in detail
        assert len(detail) < 400


NOTHING_SAID = [
    answered(0, "", b""),
    answered(0, "text/html", b""),
    answered(0, JSON, b"[]"),
    answered(0, JSON, b"null"),
    answered(0, JSON, b'{"error": ["invalid_grant"]}'),
    answered(0, JSON, b'{"error": 7}'),
    answered(0, JSON, b'{"error": "<script>"}'),
    answered(0, JSON, b"[" * 100_000),
    answered(0, "text/plain", b"\xff\xfe no"),
]


@pytest.mark.parametrize("answer", NOTHING_SAID, ids=range(len(NOTHING_SAID)))
@pytest.mark.parametrize(
    ("endpoint", "status", "reason"),
    [
        ("token", 400, UpstreamRefusal.REFUSED),
        ("token", 401, UpstreamRefusal.MISCONFIGURED),
        ("token", 404, UpstreamRefusal.MISCONFIGURED),
        ("par", 400, UpstreamRefusal.REFUSED),
        ("par", 401, UpstreamRefusal.MISCONFIGURED),
        ("par", 405, UpstreamRefusal.MISCONFIGURED),
        ("userinfo", 401, UpstreamRefusal.REFUSED),
        ("userinfo", 404, UpstreamRefusal.MISCONFIGURED),
        ("token", 429, UpstreamRefusal.UNAVAILABLE),
        ("userinfo", 503, UpstreamRefusal.UNAVAILABLE),
    ],
)
def test_answer_that_says_no_error_means_its_status(
    answer: HttpAnswer, endpoint: str, status: int, reason: UpstreamRefusal
) -> None:
    meaning, detail = meaning_of(endpoint, answered(status, answer.media_type, answer.body))
    assert meaning.reason is reason
    assert "script" not in detail


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_page_is_not_of_pro_sante_connect_and_says_nothing_of_us(status: int) -> None:
    page = answered(status, "text/html", told("invalid_client").encode())
    assert meaning_of("token", page)[0].reason is UpstreamRefusal.UNAVAILABLE


def test_error_below_a_text_of_any_length_is_still_its_status() -> None:
    with hostile_psc(NOON.timestamp()) as psc:
        psc.lie = Lie(instead={"jwks": say_text("z" * (BODY_BYTES + 1), JSON, 401)})
        answer = SafeHttp().get(psc.jwks_url(), {})
    assert answer.status == 401
    assert len(answer.body) <= BODY_BYTES


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("eidas3", '"eidas3"'),
        (None, "none"),
        (["eidas1"], "of type list"),
        (True, "of type bool"),
        ("a\r\n\x1b[31m{é}", '"a???[31m{?}"'),
        ("the person 899700427885", '"the person …"'),
        ("code " + "z" * 41, '"code …"'),
        ("ab " * 200, '"' + ("ab " * 200)[:100] + '"'),
        ("https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet",) * 2,
    ],
)
def test_received_value_is_shown_bounded_and_cleaned(value: object, line: str) -> None:
    assert shown(value).strip('"') == line.strip('"')
