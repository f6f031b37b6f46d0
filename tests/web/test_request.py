"""A request is read as werkzeug reads it."""

from io import BytesIO
from typing import Any

import pytest
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from idp.web.parameters import single_valued, without_empty
from idp.web.request import ReadRequest

_TYPE = "application/x-www-form-urlencoded"
WRITTEN = {
    "nothing": "",
    "plain": "a=1&b=2",
    "repeated": "a=1&b=2&a=3&a=",
    "empty": "&&a=&=b&c&=&",
    "twice equal": "a=b=c&d==",
    "escaped": "scope=openid+profile%20email&%61=%C3%A9+%2B&x=%26%3D",
    "no UTF-8": "a=%FF%C3&%E9=%C3%28&b=%C3%A9%C3",
    "no escape": "a=%&b=%4&c=%zz&d=%%41",
    "semicolon": "a=1;b=2",
}


def both(**options: Any) -> tuple[ReadRequest, Request]:
    """Read by us, and by werkzeug, with the same limits."""
    builder = EnvironBuilder(**options)
    ours, theirs = builder.get_environ(), builder.get_environ()
    body = theirs["wsgi.input"].read()
    for environ in (ours, theirs):
        environ["wsgi.input"] = BytesIO(body)
    expected = Request(theirs)
    expected.max_content_length = expected.max_form_memory_size = 1000
    expected.max_form_parts = 3
    return ReadRequest(ours, body_bytes=1000, form_parts=3), expected


@pytest.mark.parametrize("written", WRITTEN)
def test_a_query_is_read_as_werkzeug_reads_it(written: str) -> None:
    ours, theirs = both(path="/é/x", query_string=WRITTEN[written])
    assert list(ours.args.lists()) == list(theirs.args.lists())
    assert (ours.path, ours.query_string, ours.method) == (theirs.path, theirs.query_string, theirs.method)


@pytest.mark.parametrize("kind", [_TYPE, f"{_TYPE}; charset=utf-8", _TYPE.upper(), "text/plain", None])
@pytest.mark.parametrize("written", WRITTEN)
def test_a_form_is_read_as_werkzeug_reads_it(written: str, kind: str | None) -> None:
    body = BytesIO(WRITTEN[written].encode())
    ours, theirs = both(method="POST", input_stream=body, content_type=kind)
    ours.environ["CONTENT_LENGTH"] = theirs.environ["CONTENT_LENGTH"] = str(len(body.getvalue()))
    assert ours.mimetype == theirs.mimetype
    assert list(ours.form.lists()) == list(theirs.form.lists())
    assert ours.form is ours.form  # the body is read once


@pytest.mark.parametrize("octets", ["a=é&b=%C3é".encode(), b"a=\xff", b"a=1\r\n&b=2"])
def test_a_form_of_other_octets_is_read_as_werkzeug_reads_it(octets: bytes) -> None:
    ours, theirs = both(
        method="POST", data=octets, content_type=_TYPE, environ_base={"wsgi.input_terminated": True}
    )
    assert list(ours.form.lists()) == list(theirs.form.lists())


def test_a_form_in_parts_is_read_as_werkzeug_reads_it() -> None:
    kind = "multipart/form-data; boundary=x"
    parts = [f'--x\r\nContent-Disposition: form-data; name="n{n}"\r\n\r\n{n}\r\n' for n in range(4)]
    ours, theirs = both(method="POST", data="".join([*parts[:2], "--x--"]).encode(), content_type=kind)
    assert list(ours.form.lists()) == list(theirs.form.lists()) == [("n0", ["0"]), ("n1", ["1"])]
    ours, _ = both(method="POST", data="".join([*parts, "--x--"]).encode(), content_type=kind)
    with pytest.raises(RequestEntityTooLarge):
        _ = ours.form


@pytest.mark.parametrize("is_terminated", [True, False])
def test_a_form_that_is_too_long_is_refused(is_terminated: bool) -> None:
    ours, _ = both(method="POST", data={"a": "x" * 1000}, environ_base={"wsgi.input_terminated": True})
    if is_terminated:
        del ours.environ["CONTENT_LENGTH"]
    with pytest.raises(RequestEntityTooLarge):
        _ = ours.form


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("", {}),
        ("a=1&a=1", None),
        ("a=1&b=2&a=", {"a": "1", "b": "2"}),
        ("a=&b=2", {"b": "2"}),
        (f"a={'x' * 20}", {"a": "x" * 20}),
        (f"a={'x' * 21}", None),
        (f"{'n' * 100}=1", {"n" * 100: "1"}),
        (f"{'n' * 101}=1", None),
    ],
)
def test_a_parameter_has_one_value_of_bounded_length(written: str, found: dict[str, str] | None) -> None:
    """RFC 6749 §3.1."""
    given = without_empty(both(query_string=written)[0].args)
    if found is None:
        with pytest.raises(ValueError, match="a parameter is"):
            single_valued(given, 20)
    else:
        assert single_valued(given, 20) == found
